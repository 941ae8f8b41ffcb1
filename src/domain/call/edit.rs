//! Edited parameters: a person changes what a plan would send, before it is confirmed. What was edited is JSON, as AWS names it; what
//! comes of it is a call again, so that nothing can be sent that has not the call's own shape.

use std::collections::BTreeMap;

use serde_json::Value;

use super::MutatingCall;

/// New values by JSON pointer (RFC 6901) into the parameters, such as `/Metadata/DBInstanceClass`; `None` takes a member away.
pub type Edits = BTreeMap<String, Option<String>>;

/// Members by which AWS, or a look at AWS, knows a call again: they are derived, never typed.
const DERIVED: [&str; 6] =
    ["IdempotencyToken", "ClientToken", "ClientRequestToken", "ChangeSetName", "OperationalData", "Comment"];

impl MutatingCall {
    /// The parameters that a person may edit: JSON pointer and value, in AWS's order.
    pub fn editable(&self) -> Vec<(String, String)> {
        fn walk(value: &Value, at: &str, out: &mut Vec<(String, String)>) {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            match value {
                Value::Object(members) => {
                    members.iter().for_each(|(key, value)| walk(value, &format!("{at}/{}", escaped(key)), out))
                }
                Value::Array(items) => items.iter().enumerate().for_each(|(n, value)| walk(value, &format!("{at}/{n}"), out)),
                Value::String(text) => out.push((at.to_owned(), text.clone())),
                other => out.push((at.to_owned(), other.to_string())),
            }
        }
        let mut out = Vec::new();
        walk(&self.parameters(), "", &mut out);
        out.retain(|(pointer, _)| !is_derived(pointer));
        out
    }

    /// The pointer that a person means: all of it, or its last names, whatever their case; a new name under a member that holds others.
    ///
    /// # Errors
    /// A sentence: there is none, or more than one.
    pub fn pointer_of(&self, typed: &str) -> Result<String, String> {
        let wanted = format!("/{}", typed.trim().trim_start_matches('/').replace([' ', '.'], "/")).to_lowercase();
        let all = self.editable();
        if let Some((exact, _)) = all.iter().find(|(pointer, _)| pointer.to_lowercase() == wanted) {
            return Ok(exact.clone());
        }
        let ends: Vec<&String> =
            all.iter().map(|(pointer, _)| pointer).filter(|it| it.to_lowercase().ends_with(&wanted)).collect();
        match ends.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let typed = format!("/{}", typed.trim().trim_start_matches('/').replace([' ', '.'], "/"));
                let parent = typed.rsplit_once('/').map_or("", |(parent, _)| parent);
                let holds = self.parameters().pointer(parent).is_some_and(|value| value.is_object() && !parent.is_empty());
                if holds && !is_derived(&typed) { Ok(typed) } else { Err(format!("the call has no parameter {}", &typed[1..])) }
            }
            several => {
                let names: Vec<&str> = several.iter().map(|pointer| &pointer[1..]).collect();
                Err(format!("which one: {}?", names.join(", ")))
            }
        }
    }

    /// The signal and the comment that an answer to a running step was prepared from.
    pub fn answers(&self) -> (&str, &str) {
        match self {
            Self::SendAutomationSignal(sent) => {
                let comment = sent.payload.get("Comment").and_then(|texts| texts.first()).map_or("", String::as_str);
                (&sent.signal_type, comment)
            }
            Self::ExecuteChangeSet(_) => ("Approve", ""),
            Self::ApprovePlanExecutionStep(sent) if sent.approval == "approve" => ("Approve", &sent.comment),
            Self::ApprovePlanExecutionStep(sent) => ("Reject", &sent.comment),
            // Only what is paused is updated, by an approval: it goes on.
            Self::UpdatePlanExecution(sent) => ("Approve", &sent.comment),
            Self::CancelPlanExecution(sent) => ("Reject", &sent.comment),
            _ => ("Reject", ""),
        }
    }

    /// The call with edited parameters.
    ///
    /// # Errors
    /// A sentence: what was edited is not there, is derived, or the call cannot have that value.
    pub fn edited(&self, edits: &Edits) -> Result<Self, String> {
        let mut whole = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (pointer, new) in edits {
            if is_derived(pointer) {
                return Err(format!("{} is derived from the attempt and cannot be edited", &pointer[1..]));
            }
            let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
            let name = name.replace("~1", "/").replace("~0", "~");
            let holder = whole.pointer_mut(&format!("/Parameters{parent}"));
            let gone = || format!("there is no {} in the call (any more)", pointer.trim_start_matches('/'));
            match (holder.ok_or_else(gone)?, new) {
                (Value::Object(members), None) => drop(members.shift_remove(&name)),
                (Value::Object(members), Some(text)) => {
                    let value = typed_as(members.get(&name), text).map_err(|want| format!("{name} is {want}, not {text:?}"))?;
                    members.insert(name, value);
                }
                (Value::Array(items), new) => {
                    let at = name.parse::<usize>().ok().filter(|at| *at < items.len()).ok_or_else(gone)?;
                    match new {
                        None => drop(items.remove(at)),
                        Some(text) => {
                            items[at] =
                                typed_as(Some(&items[at]), text).map_err(|want| format!("{name} is {want}, not {text:?}"))?;
                        }
                    }
                }
                _ => return Err(gone()),
            }
        }
        // A member that was not there is a text, unless the call can only have a number or a flag there.
        let mut as_values = whole.clone();
        for (pointer, text) in edits.iter().filter_map(|(pointer, new)| Some((pointer, new.as_ref()?))) {
            let was = self.parameters().pointer(pointer).is_some();
            let value =
                serde_json::from_str::<Value>(text).ok().filter(|value| !was && (value.is_boolean() || value.is_number()));
            if let (Some(value), Some(place)) = (value, as_values.pointer_mut(&format!("/Parameters{pointer}"))) {
                *place = value;
            }
        }
        let told = |error: serde_json::Error| format!("{} cannot have that: {error}", self.operation());
        serde_json::from_value(whole).or_else(|error| serde_json::from_value(as_values).map_err(|_| told(error)))
    }
}

fn is_derived(pointer: &str) -> bool {
    let first = pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    DERIVED.contains(&first)
}

/// A text as the kind of value that stands there now; a new member is a text.
fn typed_as(now: Option<&Value>, text: &str) -> Result<Value, &'static str> {
    match now {
        Some(Value::Number(_)) => text.trim().parse::<i64>().map(Value::from).map_err(|_| "a number"),
        Some(Value::Bool(_)) => text.trim().parse::<bool>().map(Value::from).map_err(|_| "true or false"),
        _ => Ok(Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PlanExecutionUpdate, PlanStepApproval, RestoreJobStart};

    fn call() -> MutatingCall {
        MutatingCall::StartRestoreJob(RestoreJobStart {
            recovery_point_arn: "arn:aws:backup:eu-central-1:444455556666:recovery-point:1".into(),
            metadata: BTreeMap::from([("targetTableName".into(), "orders".into()), ("kmsMasterKeyArn".into(), "k".into())]),
            iam_role_arn: "arn:aws:iam::444455556666:role/restore".into(),
            resource_type: "DynamoDB".into(),
            idempotency_token: "t".into(),
            copy_source_tags_to_restored_resource: false,
        })
    }

    #[test]
    fn a_parameter_is_found_by_its_last_name_and_a_new_one_by_its_holder() {
        let call = call();
        assert_eq!(call.pointer_of("targettablename").unwrap(), "/Metadata/targetTableName");
        assert_eq!(call.pointer_of("Metadata.encryptionType").unwrap(), "/Metadata/encryptionType");
        assert!(call.pointer_of("IdempotencyToken").unwrap_err().contains("no parameter"));
        assert!(call.editable().iter().all(|(pointer, _)| pointer != "/IdempotencyToken"));
    }

    #[test]
    fn an_edited_call_has_the_new_values_and_keeps_its_shape() {
        let edits = Edits::from([
            ("/Metadata/targetTableName".into(), Some("orders-2".into())),
            ("/Metadata/kmsMasterKeyArn".into(), None),
            ("/CopySourceTagsToRestoredResource".into(), Some("true".into())),
        ]);
        let MutatingCall::StartRestoreJob(start) = call().edited(&edits).unwrap() else { unreachable!() };
        assert_eq!(start.metadata, BTreeMap::from([("targetTableName".to_owned(), "orders-2".to_owned())]));
        assert!(start.copy_source_tags_to_restored_resource);
        for (pointer, new, why) in [
            ("/CopySourceTagsToRestoredResource", Some("perhaps"), "cannot have that"),
            ("/IamRoleArn", None, "cannot have that"),
            ("/IdempotencyToken", Some("mine"), "derived"),
            ("/Elsewhere/x", Some("y"), "no Elsewhere/x"),
        ] {
            let edits = Edits::from([(pointer.to_owned(), new.map(str::to_owned))]);
            let told = call().edited(&edits).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn what_an_answer_was_prepared_from_is_read_out_of_its_call() {
        let approval = |approval: &str| {
            MutatingCall::ApprovePlanExecutionStep(PlanStepApproval {
                plan_arn: "p".into(),
                execution_id: "e".into(),
                step_name: "Ask".into(),
                approval: approval.into(),
                comment: "both see it".into(),
            })
        };
        assert_eq!(approval("approve").answers(), ("Approve", "both see it"));
        assert_eq!(approval("decline").answers(), ("Reject", "both see it"));
        let (plan_arn, execution_id, comment) = ("p".to_owned(), "e".to_owned(), "go on".to_owned());
        let resume = PlanExecutionUpdate { plan_arn, execution_id, action: "resume".into(), comment };
        assert_eq!(MutatingCall::UpdatePlanExecution(resume).answers(), ("Approve", "go on"));
    }
}

//! Documents: those of the scenario, and those that callers make.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::automation::PAGING;
use super::execution::{Document, StepSpec};
use super::owned;
use crate::sim::call::{Answer, Call, Caller, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::world::World;

/// How long a step takes of a runbook that a caller made.
const STEP: TimeDelta = TimeDelta::seconds(5);

/// The text of a document that a caller made.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    content: String,
    kind: String,
    format: String,
    created: DateTime<Utc>,
}

/// Answers one call about documents.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let name = members::required(&call.input, "Name");
    match call.operation.as_str() {
        "CreateDocument" => create(world, call),
        "DeleteDocument" => {
            find(world, call, name)?;
            let ssm = &mut world.site_mut(&call.caller).ssm;
            ssm.documents.remove(name);
            ssm.texts.remove(name);
            Ok(json!({}))
        }
        "DescribeDocument" => Ok(json!({"Document": described(world, call, name)?})),
        "GetDocument" => {
            let (document, text) = find(world, call, name)?;
            Ok(Members::new()
                .set("Name", name)
                .time("CreatedDate", text.created)
                .set("DocumentVersion", document.version.as_str())
                .set("Status", "Active")
                .set("Content", text.content)
                .set("DocumentType", text.kind)
                .set("DocumentFormat", text.format)
                .done())
        }
        _ => list(world, call),
    }
}

/// A document with its text; that of a scenario's runbook is made up from its steps.
fn find(world: &World, call: &Call, name: &str) -> Result<(Arc<Document>, Text), Refusal> {
    let ssm = world.site(&call.caller).map(|site| &site.ssm);
    let name = name.rsplit('/').next().unwrap_or(name);
    let document = known(world, &call.caller, name);
    let document =
        document.ok_or_else(|| Refusal::new("InvalidDocument", format!("Document with name {name} does not exist.")))?;
    if let Some(wanted) = members::text(&call.input, "DocumentVersion")
        && ![document.version.as_str(), "$LATEST", "$DEFAULT"].contains(&wanted)
    {
        let message = format!("Document {name} has no version {wanted}.");
        return Err(Refusal::new("InvalidDocumentVersion", message));
    }
    let made_up = || Text {
        content: if document.content.is_null() { content(&document) } else { document.content.to_string() },
        kind: "Automation".to_owned(),
        format: "JSON".to_owned(),
        created: world.scenario.starts_at,
    };
    let text = ssm.and_then(|ssm| ssm.texts.get(name)).cloned().unwrap_or_else(made_up);
    Ok((document, text))
}

fn content(document: &Document) -> String {
    let required = document.required.iter().map(|name| (name.clone(), json!({"type": "String"})));
    let optional = document.optional.iter().map(|name| (name.clone(), json!({"type": "String", "default": ""})));
    let parameters: Map<String, Value> = required.chain(optional).collect();
    let steps = document.steps.iter().map(|step| json!({"name": step.name, "action": step.action, "inputs": {}}));
    json!({"schemaVersion": "0.3", "parameters": parameters, "mainSteps": steps.collect::<Vec<_>>()}).to_string()
}

fn described(world: &World, call: &Call, name: &str) -> Answer {
    let (document, text) = find(world, call, name)?;
    let parsed: Value = serde_json::from_str(&text.content).unwrap_or_default();
    let parameter = |(name, of): (&String, &Value)| {
        Members::new()
            .set("Name", name.as_str())
            .set("Type", if members::text(of, "type") == Some("StringList") { "StringList" } else { "String" })
            .maybe("Description", members::text(of, "description"))
            .maybe("DefaultValue", of.get("default").map(crate::sim::estate::plain))
            .done()
    };
    let parameters: Vec<_> = parsed.get("parameters").and_then(Value::as_object).into_iter().flatten().map(parameter).collect();
    let hash: String = Sha256::digest(text.content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Members::new()
        .set("Hash", hash)
        .set("HashType", "Sha256")
        .set("Name", document.name.as_str())
        .set("Owner", owner(call, &document))
        .time("CreatedDate", text.created)
        .set("Status", "Active")
        .set("DocumentVersion", document.version.as_str())
        .maybe("Description", members::text(&parsed, "description"))
        .set("Parameters", parameters)
        .set("PlatformTypes", json!(["Linux", "MacOS", "Windows"]))
        .set("DocumentType", text.kind)
        .maybe("SchemaVersion", members::text(&parsed, "schemaVersion"))
        .set("LatestVersion", document.version.as_str())
        .set("DefaultVersion", document.version.as_str())
        .set("DocumentFormat", text.format)
        .set("Tags", json!([]))
        .done())
}

fn create(world: &mut World, call: &Call) -> Answer {
    let input = &call.input;
    let (name, content) = (members::required(input, "Name"), members::required(input, "Content"));
    let kind = members::text(input, "DocumentType").unwrap_or("Command");
    let format = members::text(input, "DocumentFormat").unwrap_or("JSON");
    let created = world.now();
    let parsed = serde_json::from_str::<Value>(content).ok().filter(Value::is_object);
    if format == "JSON" && parsed.is_none() {
        return Err(Refusal::new("InvalidDocumentContent", "The content of the document is not valid JSON."));
    }
    let ssm = &mut world.site_mut(&call.caller).ssm;
    if ssm.documents.contains_key(name) {
        return Err(Refusal::new("DocumentAlreadyExists", "The specified document already exists."));
    }
    let document = read(name, parsed.unwrap_or_default());
    let text = Text { content: content.to_owned(), kind: kind.to_owned(), format: format.to_owned(), created };
    ssm.documents.insert(name.to_owned(), Arc::new(document));
    ssm.texts.insert(name.to_owned(), text);
    world.effect(call, name);
    Ok(json!({"DocumentDescription": described(world, call, name)?}))
}

/// A document, from its content.
pub fn read(name: &str, parsed: Value) -> Document {
    let (optional, required): (Vec<_>, Vec<_>) = parsed
        .get("parameters")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .partition(|(_, parameter)| parameter.get("default").is_some());
    let names = |of: Vec<(&String, &Value)>| of.into_iter().map(|(name, _)| name.clone()).collect();
    let step = |step: &Value| StepSpec {
        name: members::required(step, "name").to_owned(),
        action: members::required(step, "action").to_owned(),
        takes: super::actions::takes(step, STEP),
        content: step.clone(),
        ..StepSpec::default()
    };
    Document {
        name: name.to_owned(),
        version: "1".to_owned(),
        required: names(required),
        optional: names(optional),
        steps: members::list(&parsed, "mainSteps").iter().map(step).collect(),
        content: parsed,
    }
}

/// The document of that name, or of that ARN: the account's, else AWS's own.
pub fn known(world: &World, caller: &Caller, name: &str) -> Option<Arc<Document>> {
    let plain = name.rsplit('/').next().unwrap_or(name);
    let own = world.site(caller).and_then(|site| site.ssm.documents.get(plain)).cloned();
    own.or_else(|| owned::document(plain))
}

/// Whose a document is: AWS's own have no text that a caller or a scenario brought.
fn owner(call: &Call, document: &Document) -> String {
    let of_aws = owned::NAMES.contains(&document.name.as_str()) && !document.content.is_null();
    if of_aws { "Amazon".to_owned() } else { call.caller.account.clone() }
}

fn list(world: &World, call: &Call) -> Answer {
    let input = &call.input;
    let cursor = PAGING.open::<String>(call)?;
    let from = cursor.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let mut all: BTreeMap<String, Arc<Document>> =
        owned::NAMES.iter().filter_map(|name| Some(((*name).to_owned(), owned::document(name)?))).collect();
    all.extend(world.site(&call.caller).into_iter().flat_map(|site| site.ssm.documents.clone()));
    let rows = all.range((from, Bound::Unbounded));
    let rows = rows.filter_map(|(name, document)| Some((name, document, find(world, call, name).ok()?.1)));
    let wanted = |name: &str, document: &Document, text: &Text| {
        let of_aws = owner(call, document) == "Amazon";
        let one = |key: &str, values: &[&str]| match key {
            "Name" => values.iter().any(|value| name.starts_with(value)),
            "Owner" => values.iter().any(|owner| match *owner {
                "Amazon" => of_aws,
                "Self" | "Private" => !of_aws,
                "All" => true,
                _ => false,
            }),
            "DocumentType" => values.contains(&text.kind.as_str()),
            _ => true,
        };
        let old = |filter: &Value| one(members::required(filter, "key"), &[members::required(filter, "value")]);
        members::list(input, "DocumentFilterList").iter().all(old)
            && members::list(input, "Filters").iter().all(|of| one(members::required(of, "Key"), &members::texts(of, "Values")))
    };
    let rows = rows.filter(|(name, document, text)| wanted(name, document, text));
    let (page, token) = cursor.take(rows.map(|(name, document, text)| {
        let told = Members::new()
            .set("Name", name.as_str())
            .time("CreatedDate", text.created)
            .set("Owner", owner(call, document))
            .set("PlatformTypes", json!(["Linux", "MacOS", "Windows"]))
            .set("DocumentVersion", document.version.as_str())
            .set("DocumentType", text.kind)
            .set("DocumentFormat", text.format)
            .set("Tags", json!([]));
        (name.clone(), told.done())
    }));
    Ok(Members::new().set("DocumentIdentifiers", page).maybe("NextToken", token).done())
}

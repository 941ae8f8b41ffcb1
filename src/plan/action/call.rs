//! `lambda.invoke`, `stepfunctions.execute`, `sns.publish`: others' code and others' people, called with what the plan knows.

use crate::document::Table;
use crate::plan::steps::Context;
use crate::plan::{JsonTemplate, Template};

/// The parameters of `lambda.invoke`.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionInvoke {
    /// Name or ARN.
    pub function: Template,
    /// A version or an alias.
    pub qualifier: Option<String>,
    /// Is its result waited for?
    pub waits: bool,
    /// What it is given, JSON.
    pub payload: JsonTemplate,
}

/// The parameters of `stepfunctions.execute`.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMachineExecute {
    /// The ARN of a standard workflow.
    pub state_machine: Template,
    /// What it is given, JSON.
    pub input: JsonTemplate,
    /// Is a retry after a failure a new execution, or does the failed one go on from the state that failed?
    pub starts_over: bool,
}

/// The parameters of `sns.publish`.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicPublish {
    /// The topic's ARN.
    pub topic: Template,
    /// One line for mails.
    pub subject: Template,
    /// The message.
    pub message: Template,
}

/// JSON that may be left out: then it is an empty object.
fn json(with: &Table<'_>, key: &str, context: &Context<'_>) -> Option<JsonTemplate> {
    if with.has(key) { context.required_json(with, key) } else { Some(JsonTemplate::Plain(serde_json::json!({}))) }
}

impl FunctionInvoke {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let function = context.required_template(with, "function");
        let qualifier = with.text("qualifier");
        let waits = match with.has("type") {
            true => with.choice("type", &[("RequestResponse", true), ("Event", false)]),
            false => Some(true),
        };
        let payload = json(with, "payload", context);
        Some(Self { function: function?, qualifier, waits: waits?, payload: payload? })
    }
}

impl StateMachineExecute {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let state_machine = context.required_template(with, "state_machine");
        if let Some(text) = state_machine.as_ref().and_then(|arn| context.known_value(arn))
            && !(text.starts_with("arn:") && text.contains(":stateMachine:"))
        {
            let hint = Some("arn:aws:states:REGION:ACCOUNT:stateMachine:NAME".to_owned());
            with.fault("state_machine", format!("expected the ARN of a state machine, found {text:?}"), hint);
        }
        let input = json(with, "input", context);
        let starts_over = match with.has("retry") {
            true => with.choice("retry", &[("redrive", false), ("start-over", true)]),
            false => Some(false),
        };
        Some(Self { state_machine: state_machine?, input: input?, starts_over: starts_over? })
    }
}

impl TopicPublish {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let topic = context.required_template(with, "topic");
        if let Some(text) = topic.as_ref().and_then(|arn| context.known_value(arn))
            && !(text.starts_with("arn:") && text.contains(":sns:"))
        {
            let hint = Some("arn:aws:sns:REGION:ACCOUNT:NAME".to_owned());
            with.fault("topic", format!("expected the ARN of a topic, found {text:?}"), hint);
        }
        let subject = match with.has("subject") {
            true => context.template(with, "subject"),
            false => Some(Template::literal(context.title)),
        };
        let message = context.required_template(with, "message");
        Some(Self { topic: topic?, subject: subject?, message: message? })
    }
}

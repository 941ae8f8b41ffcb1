//! `sns.publish`: a message to a topic, once.

use crate::domain::{Change, Finding, MutatingCall, Problem, TopicMessage};
use crate::plan::TopicPublish;

use super::super::prepare::{Asking, Draft};
use super::{End, Following, Found, Look};

/// The longest subject (SNS API reference, Publish), in characters.
const SUBJECT: usize = 100;

pub(super) fn prepare(asking: &Asking<'_>, publish: &TopicPublish) -> Result<Draft, Problem> {
    let topic_arn = asking.text(&publish.topic)?;
    let message = asking.text(&publish.message)?;
    // SNS takes one line of printable ASCII.
    let plain = |c: char| if c.is_ascii() && !c.is_ascii_control() { c } else { ' ' };
    let subject: String = asking.text(&publish.subject)?.chars().map(plain).take(SUBJECT).collect();
    let mut findings = asking.may_have_been_done();
    if message.is_empty() {
        findings.push(Finding::blocks("the message is empty"));
    }
    let change = |what: &str, text: &str| Change { what: what.into(), before: None, after: Some(text.into()), why: None };
    let changes = vec![change("subject", &subject), change("message", &message)];
    let name = topic_arn.rsplit(':').next().unwrap_or_default();
    let summary = format!("tell everybody who subscribes to {name}");
    let call = Some(MutatingCall::Publish(TopicMessage { topic_arn, subject, message }));
    Ok(Draft { summary, call, changes, findings, ..Draft::default() })
}

pub(super) fn look(following: &Following<'_>) -> Look {
    Look::Done(Box::new(End::default().with("message_id", following.handle)))
}

pub(super) fn reconcile(message: &TopicMessage) -> Found {
    Found::NoRecord(format!(
        "SNS keeps no record of messages: ask somebody who subscribes to {}. If it came, skip the step and say so; if it did not, confirm \
         it anew",
        message.topic_arn
    ))
}

//! Cloud Control: requests that create, change and delete one resource each, by its type, and that are followed by their tokens.

mod operations;
mod patch;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

pub use operations::{NOTE, OPERATIONS, answer};

use crate::sim::call::{Caller, Refusal};
use crate::sim::estate::SiteKey;
use crate::sim::members::Members;
use crate::sim::service::types::{self, Desk, handler_code};
use crate::sim::world::{Happening, World};

/// How often a running request looks again, in seconds.
const LOOKS: i64 = 5;

/// Cloud Control's state in one account and Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CloudControl {
    /// By RequestToken.
    pub requests: BTreeMap<String, Request>,
    /// RequestTokens in the order of the requests.
    pub order: Vec<String>,
    /// ClientTokens: what each asked for, and the RequestToken.
    pub tokens: BTreeMap<String, (String, String)>,
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    token: String,
    kind: &'static str,
    operation: &'static str,
    identifier: Option<String>,
    status: &'static str,
    message: Option<String>,
    code: Option<&'static str>,
    model: Option<Value>,
    since: DateTime<Utc>,
    at: DateTime<Utc>,
}

impl Request {
    /// AWS's ProgressEvent.
    pub fn told(&self) -> Value {
        Members::new()
            .set("TypeName", self.kind)
            .maybe("Identifier", self.identifier.clone())
            .set("RequestToken", self.token.as_str())
            .set("Operation", self.operation)
            .set("OperationStatus", self.status)
            .time("EventTime", self.at)
            .maybe("ResourceModel", self.model.as_ref().map(Value::to_string))
            .maybe("StatusMessage", self.message.clone())
            .maybe("ErrorCode", self.code)
            .done()
    }

    fn is_over(&self) -> bool {
        matches!(self.status, "SUCCESS" | "FAILED" | "CANCEL_COMPLETE")
    }

    fn end(&mut self, now: DateTime<Utc>, ended: Result<(), Refusal>) {
        self.at = now;
        match ended {
            Ok(()) => self.status = "SUCCESS",
            Err(refusal) => {
                self.status = "FAILED";
                self.code = Some(handler_code(&refusal.code));
                self.message = Some(refusal.message);
            }
        }
    }
}

/// A request goes on: what it began is looked at.
pub fn advance(world: &mut World, site: &SiteKey, token: &str) {
    let found = world.estate.sites.get(site).and_then(|found| found.cloudcontrol.requests.get(token));
    let Some(mut request) = found.filter(|request| !request.is_over()).cloned() else { return };
    let (account, region) = site.clone();
    let arn = format!("arn:aws:iam::{account}:role/cloudcontrol");
    let now = world.now();
    let least = world.takes(LOOKS);
    let mut desk = Desk { world, caller: Caller { account, region, arn, user_id: "cloudcontrol".to_owned() } };
    let (Some(of), Some(id)) = (types::find(request.kind), request.identifier.clone()) else { return };
    let done = if now < request.since + least {
        Ok(false)
    } else if request.operation == "DELETE" {
        Ok((of.gone)(&mut desk, &id))
    } else {
        (of.done)(&mut desk, &id)
    };
    match done {
        Ok(false) => {
            let wait = if desk.world.scenario.bare { 1 } else { LOOKS };
            desk.world.schedule(now + TimeDelta::seconds(wait), Happening::Request(site.clone(), token.to_owned()));
        }
        Ok(true) => {
            request.model = if request.operation == "DELETE" { None } else { of.look(&mut desk, &id).ok() };
            request.end(now, Ok(()));
        }
        Err(refusal) => request.end(now, Err(refusal)),
    }
    if let Some(found) = desk.world.estate.sites.get_mut(site) {
        found.cloudcontrol.requests.insert(token.to_owned(), request);
    }
}

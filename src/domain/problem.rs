//! What went wrong with a call to AWS, in the few kinds that decide what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Region;

/// The kinds of failure that are told apart because the sensible next thing differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// Too many requests: wait and try again.
    Throttled,
    /// Not allowed: other credentials or permissions are needed.
    Denied,
    /// The credentials have expired or cannot be had.
    Expired,
    /// What was asked for does not exist.
    Missing,
    /// AWS refused the parameters, or the state does not allow the call.
    Invalid,
    /// No connection, or AWS answered that it is unavailable: nothing was changed by this call.
    Unreachable,
    /// The answer was lost: the call may have taken effect. Look before repeating it.
    Unknown,
    /// The endpoint does not offer this operation or this account has no right to the service, such as Health without a support plan.
    Unavailable,
    /// The confirmed call no longer matches what is there.
    Drift,
    /// The step took longer than its limit.
    TimedOut,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Throttled,
        Self::Denied,
        Self::Expired,
        Self::Missing,
        Self::Invalid,
        Self::Unreachable,
        Self::Unknown,
        Self::Unavailable,
        Self::Drift,
        Self::TimedOut,
    ];

    /// What a person may do about it.
    pub fn next(self) -> &'static str {
        match self {
            Self::Throttled => "wait a moment, then retry",
            Self::Denied => "check the role's permissions, then retry",
            Self::Expired => "renew the credentials (for example `aws sso login`), then retry",
            Self::Missing => "check that it exists in this account and Region, or choose another",
            Self::Invalid => "read AWS's message, correct the plan's parameters or choose another recovery point",
            Self::Unreachable => "check the network and the Region's state, then retry",
            Self::Unknown => "look at what AWS did before anything else: reconcile",
            Self::Unavailable => "go on without it: this source cannot tell",
            Self::Drift => "look at what changed and confirm anew",
            Self::TimedOut => "look at what AWS is doing, then wait longer or retry",
        }
    }

    /// One word for the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Expired => "credentials expired",
            Self::Missing => "missing",
            Self::Invalid => "refused",
            Self::Unreachable => "unreachable",
            Self::Unknown => "answer lost",
            Self::Unavailable => "not available",
            Self::Drift => "changed since confirmed",
            Self::TimedOut => "timed out",
        }
    }
}

/// One failure, with all that a person or a support case needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What decides the next thing to do.
    pub kind: ProblemKind,
    /// The service and operation that failed, such as `Backup StartRestoreJob`; the check's own name where there was no call.
    pub operation: String,
    /// The Region that was asked.
    pub region: Option<Region>,
    /// AWS's error code.
    pub code: Option<String>,
    /// AWS's message, or our own.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<String>,
}

impl Problem {
    /// A failure that did not come from AWS.
    pub fn new(kind: ProblemKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, operation: operation.into(), region: None, code: None, message: message.into(), request_id: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(region) = &self.region {
            write!(f, " in {region}")?;
        }
        write!(f, ": {}", self.kind.word())?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " [request {id}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

//! The seam between the wire and the services of the simulated AWS: one call, protocol-free.
//!
//! The wire turns bytes into a [`Call`] and an answer back into bytes; services know nothing of protocols, the wire nothing of
//! what an operation does. Values are JSON with the member names of AWS's service models; a timestamp is an RFC 3339 string in
//! UTC with milliseconds, a blob a base64 string, and a member that is not set is absent, never null.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Who calls, as AWS tells callers apart: by the access key of the signature and by the Region of its credential scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// The Region of the signing scope; us-east-1 for global services.
    pub region: String,
    /// The principal's ARN, as GetCallerIdentity answers it.
    pub arn: String,
    /// The principal's unique id, as GetCallerIdentity answers it.
    pub user_id: String,
}

/// One call, decoded and valid against the service model.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The name that the service signs with: `backup`, `monitoring`, `health`, `ssm`, `route53`, `sts`.
    pub service: &'static str,
    /// AWS's name of the operation: `StartRestoreJob`.
    pub operation: String,
    /// The input, an object.
    pub input: Value,
    /// The world's time at which the call takes effect.
    pub at: DateTime<Utc>,
}

/// An error as AWS answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// AWS's error code: `ResourceNotFoundException`, `InvalidParameterValueException`, `NoSuchHostedZone`.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// The HTTP status. The wire takes the model's status for a modelled error; this is the one for the others.
    pub status: u16,
    /// Further members of the error's shape, such as `Arn` or `Context`. Boxed, as most refusals have none.
    pub members: Box<Map<String, Value>>,
}

impl Refusal {
    /// A client's fault: status 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400, members: Box::default() }
    }

    /// The same refusal with another HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same refusal with one more member.
    #[must_use]
    pub fn with(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(member.into(), value.into());
        self
    }
}

/// What stands between a caller and an operation at this moment: the fault that a scenario injected.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Weather {
    /// Nothing.
    #[default]
    Fair,
    /// The answer comes this much later, in milliseconds of the world's clock.
    Slow(u64),
    /// Refused before any effect.
    Refused(Refusal),
    /// No answer ever: the connection is held open until the client gives up.
    Silent,
    /// The connection is reset before any effect.
    Reset,
    /// The call takes effect and the connection is reset instead of an answer.
    AnswerLost,
}

/// What a call comes to: an answer's members, or a refusal.
pub type Answer = Result<Value, Refusal>;

/// What the wire needs of the world. The world implements it; a test of the wire may bring its own.
pub trait Services: Send {
    /// The principal that holds `access_key`, in `region`. An unknown key belongs to the default account, 123456789012, as most
    /// stand-ins for AWS do it; a key that has expired or that the world has revoked is refused.
    ///
    /// # Errors
    /// The refusal that AWS would send for that key: `ExpiredToken`, `InvalidClientTokenId`.
    fn caller(&mut self, access_key: &str, region: &str, at: DateTime<Utc>) -> Result<Caller, Refusal>;

    /// The fault that meets this call now; drawing it may use up one of a limited number.
    fn weather(&mut self, caller: &Caller, service: &str, operation: &str, at: DateTime<Utc>) -> Weather;

    /// Until when a call that has nothing to tell yet is to wait for something: long polling. `None`: it is answered at once.
    fn waits(&mut self, _call: &Call) -> Option<DateTime<Utc>> {
        None
    }

    /// Carries out one call.
    fn answer(&mut self, call: Call) -> Answer;

    /// The id for the next answer, from the world's seed.
    fn request_id(&mut self) -> String;
}

//! Injects: what happens in an exercise, when, and what it changes; and the faults that stand between callers and operations.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::{Caller, Refusal, Weather};
use super::made::Made;
use super::members::glob;
use super::seed::{self, Ids};

/// One thing that happens in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inject {
    /// What a facilitator sees in the list of what is coming.
    pub title: String,
    /// When it happens.
    pub when: When,
    /// If this holds when its time comes, nothing happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Condition>,
    /// What it changes, in this order.
    pub changes: Vec<Change>,
}

impl Inject {
    /// One that happens when somebody says so.
    pub fn by_hand(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), when: When::ByHand, unless: None, changes }
    }
}

/// When an inject happens. It happens once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum When {
    /// This long after the scenario's start.
    At(TimeDelta),
    /// This long after the condition first holds.
    After(Condition, TimeDelta),
    /// When a facilitator says so.
    ByHand,
}

/// What can be true of a world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// A restored copy of the resource with this ARN exists.
    Restored(Arc<str>),
    /// The shop's visitors are answered by this site, and well.
    ServedBy(String),
    /// The alarm is in the state: site, name, state value.
    Alarm(String, String, String),
    /// The document has run to Success: its name.
    Ran(String),
    /// The exercise has told that its players did this: what, and with which step.
    Told(Act, Option<String>),
    /// All of them.
    All(Vec<Condition>),
}

/// What the world is told of its players: it knows nothing of plans and consoles, only what others say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The exercise began.
    Begun,
    /// Something was found to be wrong.
    Detected,
    /// The failover was declared.
    Declared,
    /// It was decided to wait.
    Waited,
    /// A step was confirmed.
    Started,
    /// A step ended well.
    Ended,
    /// A step failed.
    Failed,
    /// A step was skipped.
    Skipped,
    /// The incident was closed.
    Closed,
}

/// A question to the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What a good answer holds; for the facilitator alone.
    pub good: String,
}

/// One change to the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// The metric goes to a value (`None`: no more data) over some time.
    Metric {
        /// The scenario's name of the metric.
        name: String,
        /// Where it goes.
        to: Option<f64>,
        /// How long it takes to get there.
        over: TimeDelta,
    },
    /// An AWS Health event is published or updated: members of Event, `description`, `entities`, `accounts`.
    Health(Value),
    /// A fault begins.
    Fault(Fault),
    /// The faults with this name end.
    Calm(String),
    /// A health check's checkers find the endpoint well or not: id, well.
    HealthCheck(String, bool),
    /// A site's shop goes down or comes back: site, down, how long a visitor waits for an answer.
    Shop(String, bool, TimeDelta),
    /// The next restore of this resource, or of any if `*`, fails with this message: glob on the source's ARN, message.
    FailRestore(String, String),
    /// The next resource that a stack or a request of Cloud Control makes, changes or deletes fails with this message: glob on its
    /// type, its logical id, `stack/logical id`, or these with ` deletion` or ` rollback` after them; message.
    FailResource(String, String),
    /// A recovery point changes its status: ARN, status.
    PointStatus(String, String),
    /// The newest points of a resource are gone: the site's name, the resource's ARN, how many.
    PointsGone(String, String, u32),
    /// Another point of a resource is there, of the data of this moment: the site's name, the resource's ARN, the moment.
    PointCome(String, String, DateTime<Utc>),
    /// The newest points of a resource were scanned for malware: the site's name, the resource's ARN, how many, was something found.
    Scanned(String, String, u32, bool),
    /// Somebody calls an operation.
    Call(Made),
    /// A question is asked of the room; nothing else changes.
    Ask(Question),
}

/// A fault between callers and operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// By which name it can be ended; may be shared.
    pub name: String,
    /// A glob on the signing name.
    pub service: String,
    /// A glob on the signing Region.
    pub region: String,
    /// A glob on the operation.
    pub operation: String,
    /// A glob on the account.
    pub account: String,
    /// What it does.
    pub kind: FaultKind,
    /// How long it lasts; for ever if `None`.
    pub lasts: Option<TimeDelta>,
    /// How many calls it meets; any number if `None`.
    pub calls: Option<u32>,
    /// How likely it meets a call, 0.0 to 1.0.
    pub chance: f64,
}

impl Fault {
    /// What it does and whom it meets, in one line.
    pub fn told(&self) -> String {
        let kind = match &self.kind {
            FaultKind::Slow(first, last, _) => format!("slow, {first} to {last} ms"),
            FaultKind::Throttle => "throttle".to_owned(),
            FaultKind::Broken(status) => format!("broken with {status}"),
            FaultKind::Silent => "silent".to_owned(),
            FaultKind::Reset => "reset".to_owned(),
            FaultKind::AnswerLost => "answer-lost".to_owned(),
            FaultKind::Denied => "denied".to_owned(),
            FaultKind::Expired => "expired".to_owned(),
        };
        let whom = [("", &self.service), ("", &self.region), ("", &self.operation), ("account ", &self.account)];
        let whom: Vec<String> =
            whom.iter().filter(|(_, glob)| *glob != "*").map(|(what, glob)| format!("{what}{glob}")).collect();
        let whom = if whom.is_empty() { "everything".to_owned() } else { whom.join(", ") };
        let name = if self.name.is_empty() { "without a name" } else { &self.name };
        format!("{name}: {kind}: {whom}")
    }
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The answer is late: milliseconds at first, at last, and how long it takes to get from one to the other.
    Slow(u64, u64, TimeDelta),
    /// Refused with the service's own throttling error.
    Throttle,
    /// Refused as a fault of the service, with this HTTP status.
    Broken(u16),
    /// No answer.
    Silent,
    /// The connection is reset before any effect.
    Reset,
    /// The connection is reset after the effect.
    AnswerLost,
    /// Refused for want of permission.
    Denied,
    /// Refused because the credentials have expired.
    Expired,
}

/// The faults in force.
#[derive(Debug, Clone)]
pub struct Sky {
    faults: Vec<Active>,
    dice: Ids,
}

#[derive(Debug, Clone)]
struct Active {
    fault: Fault,
    since: DateTime<Utc>,
    left: Option<u32>,
}

impl Sky {
    /// No faults.
    pub fn new(seed: u64) -> Self {
        Self { faults: Vec::new(), dice: Ids::new(seed, "faults") }
    }

    /// Lets `fault` begin.
    pub fn begin(&mut self, fault: Fault, now: DateTime<Utc>) {
        self.faults.push(Active { left: fault.calls, fault, since: now });
    }

    /// Ends the faults with this name.
    pub fn end(&mut self, name: &str) {
        self.faults.retain(|active| active.fault.name != name);
    }

    /// The faults that are in force, in the order in which they began.
    pub fn in_force(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(move |active| active.lasts(now) && active.left != Some(0)).map(|active| &active.fault)
    }

    /// What meets this call: the first fault, in the order in which they began, whose dice say so. Second: was anything drawn or
    /// used up, so that the sky is no longer what it was?
    pub fn meet(&mut self, caller: &Caller, service: &str, operation: &str, now: DateTime<Utc>) -> (Weather, bool) {
        self.faults.retain(|active| active.lasts(now) && active.left != Some(0));
        let mut changed = false;
        for active in &mut self.faults {
            if !active.concerns(caller, service, operation) {
                continue;
            }
            if active.fault.chance < 1.0 {
                changed = true;
                if seed::unit(self.dice.bits()) >= active.fault.chance {
                    continue;
                }
            }
            if let Some(left) = &mut active.left {
                changed = true;
                *left -= 1;
            }
            return (active.weather(caller, service, operation, now), changed);
        }
        (Weather::Fair, changed)
    }
}

impl Active {
    fn lasts(&self, now: DateTime<Utc>) -> bool {
        self.fault.lasts.is_none_or(|lasts| now < self.since + lasts)
    }

    fn concerns(&self, caller: &Caller, service: &str, operation: &str) -> bool {
        let fault = &self.fault;
        // The control plane of Route 53 is in us-east-1, whatever Region a client signs for.
        let region = if service == "route53" { "us-east-1" } else { &caller.region };
        any(&fault.service, service)
            && any(&fault.region, region)
            && any(&fault.operation, operation)
            && any(&fault.account, &caller.account)
    }

    fn weather(&self, caller: &Caller, service: &str, operation: &str, now: DateTime<Utc>) -> Weather {
        match &self.fault.kind {
            FaultKind::Slow(first, last, over) => Weather::Slow(ramp(*first, *last, *over, now - self.since)),
            FaultKind::Throttle => Weather::Refused(throttled(service)),
            FaultKind::Broken(status) => Weather::Refused(broken(service, *status)),
            FaultKind::Silent => Weather::Silent,
            FaultKind::Reset => Weather::Reset,
            FaultKind::AnswerLost => Weather::AnswerLost,
            FaultKind::Denied => Weather::Refused(denied(caller, service, operation)),
            FaultKind::Expired => Weather::Refused(expired(service)),
        }
    }
}

/// Does one of the globs between bars fit, and none of those with a `!` before them?
fn any(globs: &str, text: &str) -> bool {
    let globs = || globs.split('|').map(str::trim);
    let mut wanted = globs().filter(|one| !one.starts_with('!')).peekable();
    let fits = wanted.peek().is_none() || wanted.any(|one| glob(one, text));
    fits && !globs().filter_map(|one| one.strip_prefix('!')).any(|one| glob(one.trim(), text))
}

/// Faults that have a name of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// A Region answers nothing.
    Region,
    /// Nothing can be made, changed or begun; what runs goes on, and can be read.
    ControlPlane,
    /// us-east-1 answers nothing, and with it the control planes of Route 53 and other global services; names are still answered.
    UsEast1,
}

/// The first words of operations that belong to control planes; and those of data planes that begin so: what is in tables, buckets,
/// queues and buses, metrics, executions, and routing controls.
const CHANGING: &str = "Create*|Update*|Put*|Delete*|Modify*|Change*|Start*|Stop*|Run*|Restore*|Attach*|Associate*|Tag*|Untag*|\
                        Copy*|Terminate*|Reboot*|Register*|Enable*|Disable*|\
                        !PutItem|!UpdateItem|!DeleteItem|!PutObject*|!DeleteObject*|!CopyObject|!CreateMultipartUpload|!DeleteMessage*|\
                        !PutEvents|!PutMetricData|!StartExecution|!StartSyncExecution|!StopExecution|!StartPlanExecution|\
                        !UpdateRoutingControlState*";

impl Preset {
    /// The presets by name.
    pub const NAMES: [(&'static str, Self); 3] =
        [("region", Self::Region), ("control-plane", Self::ControlPlane), ("us-east-1", Self::UsEast1)];

    /// Makes a fault that meets everybody the one that it stands for.
    pub fn apply(self, fault: Fault) -> Fault {
        match self {
            Self::Region => Fault { kind: FaultKind::Silent, ..fault },
            Self::ControlPlane => Fault { kind: FaultKind::Broken(503), operation: CHANGING.to_owned(), ..fault },
            Self::UsEast1 => Fault { kind: FaultKind::Silent, region: "us-east-1".to_owned(), ..fault },
        }
    }
}

fn ramp(first: u64, last: u64, over: TimeDelta, elapsed: TimeDelta) -> u64 {
    let (over, elapsed) = (over.num_milliseconds().max(0), elapsed.num_milliseconds().max(0));
    if over == 0 || elapsed >= over {
        return last;
    }
    let (first, last) = (i128::from(first), i128::from(last));
    u64::try_from(first + (last - first) * i128::from(elapsed) / i128::from(over)).unwrap_or(0)
}

/// Each service has its own name for too many calls, and some their own status for it.
///
/// Source: the error lists of the API references, and for SDK-wide codes the retry rules of botocore (`_retry.json`).
fn throttled(service: &str) -> Refusal {
    match service {
        "ec2" => Refusal::new("RequestLimitExceeded", "Request limit exceeded.").status(503),
        "s3" => Refusal::new("SlowDown", "Please reduce your request rate.").status(503),
        "sqs" => Refusal::new("RequestThrottled", "Rate exceeded").status(403),
        "sns" => Refusal::new("Throttled", "Rate exceeded").status(429),
        "lambda" => Refusal::new("TooManyRequestsException", "Rate Exceeded.").status(429),
        "elasticfilesystem" => Refusal::new("ThrottlingException", "Rate exceeded").status(429),
        "route53" | "sts" | "monitoring" | "rds" | "cloudformation" => Refusal::new("Throttling", "Rate exceeded"),
        _ => Refusal::new("ThrottlingException", "Rate exceeded"),
    }
}

fn broken(service: &str, status: u16) -> Refusal {
    let code = match (service, status) {
        ("backup", _) => "ServiceUnavailableException",
        ("ssm" | "elasticfilesystem" | "dynamodb", _) => "InternalServerError",
        ("monitoring", 500) => "InternalServiceFault",
        ("ec2" | "s3", 500) => "InternalError",
        ("ec2", 503) => "Unavailable",
        (_, 503) => "ServiceUnavailable",
        _ => "InternalFailure",
    };
    Refusal::new(code, "The request processing has failed because of an unknown error, exception or failure.").status(status)
}

/// The refusal of a caller without permission, in IAM's words.
pub fn denied(caller: &Caller, service: &str, operation: &str) -> Refusal {
    let action = if service == "monitoring" { "cloudwatch" } else { service };
    let message = format!("User: {} is not authorized to perform: {action}:{operation}", caller.arn);
    let (code, status) = match service {
        "ec2" => ("UnauthorizedOperation", 403),
        "sns" => ("AuthorizationError", 403),
        "monitoring" => ("AccessDenied", 400),
        "sts" | "route53" | "s3" | "rds" | "cloudformation" | "sqs" => ("AccessDenied", 403),
        "backup" | "lambda" | "elasticfilesystem" | "arc-region-switch" | "route53-recovery-control-config" => {
            ("AccessDeniedException", 403)
        }
        _ => ("AccessDeniedException", 400),
    };
    Refusal::new(code, message).status(status)
}

/// The refusal of credentials whose time is over, as `service` words it.
pub fn expired(service: &str) -> Refusal {
    let code = match service {
        "ec2" => "RequestExpired",
        "sts" | "monitoring" | "route53" | "rds" | "cloudformation" | "sns" | "s3" => "ExpiredToken",
        _ => "ExpiredTokenException",
    };
    let status = if matches!(service, "ec2" | "s3" | "dynamodb" | "ssm" | "health" | "events" | "states") { 400 } else { 403 };
    Refusal::new(code, "The security token included in the request is expired").status(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller { account: "111122223333".into(), region: "eu-west-1".into(), arn: "arn".into(), user_id: "u".into() }
    }

    fn fault(kind: FaultKind) -> Fault {
        let any = || "*".to_owned();
        Fault {
            name: "f".into(),
            service: "backup".into(),
            region: "eu-*".into(),
            operation: any(),
            account: any(),
            kind,
            lasts: None,
            calls: None,
            chance: 1.0,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        "2026-03-14T03:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_fault_lasts_its_window_and_meets_only_whom_it_concerns() {
        let mut sky = Sky::new(1);
        sky.begin(Fault { lasts: Some(TimeDelta::seconds(60)), ..fault(FaultKind::Silent) }, at(0));
        assert_eq!(sky.meet(&caller(), "ssm", "GetOpsItem", at(1)).0, Weather::Fair);
        assert_eq!(sky.meet(&caller(), "backup", "ListBackupVaults", at(59)).0, Weather::Silent);
        assert_eq!(sky.meet(&caller(), "backup", "ListBackupVaults", at(60)).0, Weather::Fair);
    }

    #[test]
    fn a_fault_for_two_calls_meets_two_calls() {
        let mut sky = Sky::new(1);
        sky.begin(Fault { calls: Some(2), ..fault(FaultKind::AnswerLost) }, at(0));
        let met = (0..4).filter(|_| sky.meet(&caller(), "backup", "StartRestoreJob", at(1)).0 == Weather::AnswerLost).count();
        assert_eq!(met, 2);
    }

    #[test]
    fn slowness_grows_over_its_ramp() {
        let mut sky = Sky::new(1);
        sky.begin(fault(FaultKind::Slow(200, 4000, TimeDelta::seconds(100))), at(0));
        for (second, millis) in [(0, 200), (50, 2100), (100, 4000), (1000, 4000)] {
            assert_eq!(sky.meet(&caller(), "backup", "X", at(second)).0, Weather::Slow(millis));
        }
    }

    #[test]
    fn a_chance_is_the_same_under_the_same_seed() {
        let draw = |seed| {
            let mut sky = Sky::new(seed);
            sky.begin(Fault { chance: 0.3, ..fault(FaultKind::Throttle) }, at(0));
            (0..200).map(|_| sky.meet(&caller(), "backup", "X", at(0)).0 != Weather::Fair).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        let met = draw(3).into_iter().filter(|met| *met).count();
        assert!((30..90).contains(&met), "{met} of 200");
    }

    #[test]
    fn a_control_plane_that_is_gone_can_be_read_and_changes_nothing() {
        let mut sky = Sky::new(1);
        sky.begin(Preset::ControlPlane.apply(fault(FaultKind::Silent)), at(0));
        for (operation, lives) in
            [("ListBackupVaults", true), ("DescribeRestoreJob", true), ("StartRestoreJob", false), ("CreateBackupVault", false)]
        {
            assert_eq!(sky.meet(&caller(), "backup", operation, at(1)).0 == Weather::Fair, lives, "{operation}");
        }
        let mut sky = Sky::new(1);
        sky.begin(Preset::UsEast1.apply(Fault { service: "*".into(), ..fault(FaultKind::Throttle) }), at(0));
        let global = Caller { region: "us-east-1".into(), ..caller() };
        assert_eq!(sky.meet(&global, "route53", "ListHostedZones", at(1)).0, Weather::Silent);
        assert_eq!(sky.meet(&caller(), "backup", "ListBackupVaults", at(1)).0, Weather::Fair);
    }

    #[test]
    fn each_service_throttles_in_its_own_words() {
        assert_eq!(throttled("route53").code, "Throttling");
        assert_eq!(throttled("ssm").code, "ThrottlingException");
    }
}

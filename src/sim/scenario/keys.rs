//! The keys of a scenario file, each with its kind: the one table that the reader goes by, and that the JSON schema is made from.

use crate::sim::service::health;

/// Kinds of values.
#[derive(Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// Strings.
    Texts,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// A time with its offset.
    Time,
    /// A span of time.
    Span,
    /// One of these texts.
    One(&'static [&'static str]),
    /// AWS's own members, whatever they are.
    Any,
    /// A table.
    Table(Keys),
    /// A list of tables.
    Tables(Keys),
    /// A list of tables with these members of AWS's beside the keys.
    Members(Keys, &'static [&'static [&'static str]]),
}

use Kind::{Any, Flag, Members, Number, One, Span, Table, Tables, Text, Texts, Time, Whole};

/// The keys of a table, each with its kind.
pub type Keys = &'static [(&'static str, Kind)];

/// The outermost table.
pub const ROOT: Keys = &[
    ("name", Text),
    ("title", Text),
    ("brief", Text),
    ("goals", Texts),
    ("estate", Text),
    ("plan", Text),
    ("starts_at", Time),
    ("speed", Number),
    ("seed", Whole),
    ("propagation", Span),
    ("account", Tables(&[("id", Text), ("name", Text), ("support_plan", Flag)])),
    ("principal", Tables(&[("access_key", Text), ("account", Text), ("arn", Text), ("user_id", Text)])),
    ("role", Tables(&[("arn", Text), ("trusts", Texts), ("max_session", Span)])),
    ("site", Tables(SITE)),
    (
        "zone",
        Tables(&[("account", Text), ("id", Text), ("name", Text), ("generated", Whole), ("record", Members(&[], &[RECORD]))]),
    ),
    ("health_check", Members(&[("account", Text), ("id", Text), ("watches", Text), ("well", Flag)], &[CHECK])),
    ("cluster", Tables(CLUSTER)),
    ("expect", Tables(&[("restore", Text), ("takes", Span)])),
    ("shop", Table(&[("host", Text), ("front", Tables(FRONT))])),
    ("inject", Tables(INJECT)),
    ("score", Table(&[("objectives", Flag), ("signals", Texts), ("expect", Tables(CRITERION)), ("wrong", Tables(CRITERION))])),
];

const CLUSTER: Keys = &[
    ("account", Text),
    ("arn", Text),
    ("name", Text),
    ("control", Tables(&[("arn", Text), ("name", Text), ("on", Flag)])),
    ("rule", Members(&[("arn", Text)], &[RULE])),
];

const SITE: Keys = &[
    ("name", Text),
    ("account", Text),
    ("region", Text),
    ("metric", Members(&[("name", Text), ("base", Number), ("noise", Number)], &[METRIC])),
    ("alarm", Members(&[], &[ALARM])),
    (
        "vault",
        Tables(&[
            ("name", Text),
            ("key", Text),
            ("type", One(&["BACKUP_VAULT", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"])),
            ("locked", Flag),
        ]),
    ),
    ("point", Tables(POINT)),
    (
        "document",
        Tables(&[("name", Text), ("version", Text), ("required", Texts), ("optional", Texts), ("step", Tables(RUNBOOK))]),
    ),
    (
        "network",
        Table(&[
            ("subnet", Tables(&[("id", Text), ("zone", Text)])),
            ("security_groups", Texts),
            ("db_subnet_groups", Texts),
            ("keys", Texts),
        ]),
    ),
    ("resource", Tables(&[("arn", Text), ("type", Text), ("zone", Text), ("members", Any)])),
    ("call", Tables(SET_UP)),
    ("scale", Table(&[("points", Whole), ("alarms", Whole)])),
];

const STATUS: &[&str] = &["COMPLETED", "PARTIAL", "DELETING", "EXPIRED", "AVAILABLE", "STOPPED", "CREATING"];

const POINT: Keys = &[
    ("vault", Text),
    ("resource", Text),
    ("type", Text),
    ("name", Text),
    ("role", Text),
    ("key", Text),
    ("copied_from", Text),
    ("created_by", Any),
    ("age", Span),
    ("every", Span),
    ("count", Whole),
    ("bytes", Whole),
    ("took", Span),
    ("status", One(STATUS)),
    ("metadata", Any),
    ("delete_after_days", Whole),
    ("cold_after_days", Whole),
    ("continuous", Flag),
    ("scan", Any),
];

const RUNBOOK: Keys = &[("name", Text), ("action", Text), ("takes", Span), ("does", One(&["attach-volume"])), ("outputs", Any)];

const FRONT: Keys = &[
    ("site", Text),
    ("address", Text),
    ("host", Text),
    ("needs", Tables(&[("restored", Text), ("attached_to", Text), ("sentence", Text)])),
];

/// An inject.
pub(super) const INJECT: Keys = &[
    ("title", Text),
    ("at", Span),
    ("when", Table(CONDITION)),
    ("after", Span),
    ("by_hand", Flag),
    ("unless", Table(CONDITION)),
    ("metric", Tables(&[("name", Text), ("to", Number), ("missing", Flag), ("over", Span)])),
    ("shop", Tables(&[("site", Text), ("down", Flag), ("wait", Span)])),
    ("health", Members(&[], &[health::MEMBERS, HEALTH])),
    ("calm", Texts),
    ("fault", Tables(FAULT)),
    ("health_check", Tables(&[("id", Text), ("well", Flag)])),
    ("fail_restore", Tables(&[("of", Text), ("message", Text)])),
    ("fail_resource", Tables(&[("of", Text), ("message", Text)])),
    ("point", Tables(&[("arn", Text), ("status", One(STATUS))])),
    ("gone", Tables(&[("site", Text), ("resource", Text), ("newest", Whole)])),
    ("come", Tables(&[("site", Text), ("resource", Text), ("of", Time)])),
    ("scanned", Tables(&[("site", Text), ("resource", Text), ("newest", Whole), ("malware", Flag)])),
    ("call", Tables(CALL)),
    ("ask", Tables(&[("text", Text), ("good", Text)])),
];

/// The first and the last number that a call is made with.
const NUMBERS: Keys = &[("first", Whole), ("last", Whole)];

const CALL: Keys = &[("site", Text), ("service", Text), ("operation", Text), ("input", Any), ("numbers", Table(NUMBERS))];

const SET_UP: Keys =
    &[("service", Text), ("operation", Text), ("input", Any), ("numbers", Table(NUMBERS)), ("ago", Span), ("every", Span)];

const CONDITION: Keys = &[
    ("restored", Text),
    ("served_by", Text),
    ("ran", Text),
    ("alarm", Text),
    ("site", Text),
    ("state", One(&["OK", "ALARM", "INSUFFICIENT_DATA"])),
    ("detected", Flag),
    ("waited", Flag),
    ("declared", Flag),
    ("closed", Flag),
    ("started", Text),
    ("ended", Text),
    ("failed", Text),
    ("skipped", Text),
];

const FAULT: Keys = &[
    ("name", Text),
    ("kind", One(KINDS)),
    ("preset", One(PRESETS)),
    ("service", Text),
    ("region", Text),
    ("operation", Text),
    ("account", Text),
    ("lasts", Span),
    ("calls", Whole),
    ("chance", Number),
    ("from", Span),
    ("to", Span),
    ("over", Span),
    ("status", Whole),
];

const CRITERION: Keys = &[
    ("title", Text),
    ("why", Text),
    ("did", One(DEEDS)),
    ("step", Text),
    ("mentions", Texts),
    ("from", Span),
    ("until", Span),
    ("data_from", Time),
    ("data_until", Time),
    ("points", Whole),
];

/// What faults do, by name.
pub const KINDS: &[&str] = &["slow", "throttle", "broken", "silent", "reset", "answer-lost", "denied", "expired"];

/// Faults that have a name of their own.
const PRESETS: &[&str] = &["region", "control-plane", "us-east-1"];

/// What players can be judged by.
const DEEDS: &[&str] = &["detected", "declared", "waited", "started", "ended", "skipped", "noted", "closed"];

/// AWS's members of a metric.
const METRIC: &[&str] = &["Namespace", "MetricName", "Dimensions", "Unit"];

/// What an inject says of a Health event beside AWS's members of it.
const HEALTH: &[&str] = &["arn", "description", "accounts", "entities"];

/// AWS's members of an alarm.
const ALARM: &[&str] = &[
    "AlarmName",
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "AlarmActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "AlarmRule",
    "ActionsSuppressor",
    "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressedBy",
    "ActionsSuppressedReason",
];

/// AWS's members of a record set.
const RECORD: &[&str] = &[
    "Name",
    "Type",
    "SetIdentifier",
    "Weight",
    "Region",
    "Failover",
    "MultiValueAnswer",
    "TTL",
    "ResourceRecords",
    "AliasTarget",
    "HealthCheckId",
];

/// AWS's members of a health check's configuration.
const CHECK: &[&str] = &[
    "Type",
    "IPAddress",
    "Port",
    "ResourcePath",
    "FullyQualifiedDomainName",
    "SearchString",
    "RequestInterval",
    "FailureThreshold",
    "MeasureLatency",
    "Inverted",
    "Disabled",
    "EnableSNI",
    "RoutingControlArn",
];

/// AWS's members of a safety rule.
const RULE: &[&str] = &["AssertionRule", "GatingRule"];

//! `dynamodb.restore_to_point_in_time`, `rds.restore_to_point_in_time`: from continuous backups to a moment.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::document::Table;
use crate::plan::steps::Context;
use crate::plan::{JsonTemplate, Template};

/// To which moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointInTime {
    /// The latest that AWS has: right where all is lost but nothing is corrupt.
    Latest,
    /// This one.
    At(DateTime<Utc>),
    /// This long before the impact began, as the incident has it: right where data was corrupted.
    BeforeImpact(Duration),
}

impl PointInTime {
    /// `"latest"` if it is not given; `"2026-03-14T02:55:00Z"`; `"impact"`, `"impact - 2m"`.
    pub(in crate::plan) fn read(with: &Table<'_>, key: &str) -> Option<Self> {
        if !with.has(key) {
            return Some(Self::Latest);
        }
        let text = with.text(key)?;
        let before = |rest: &str| match rest.trim().strip_prefix('-') {
            Some(margin) => crate::document::duration(margin.trim()),
            None => rest.trim().is_empty().then_some(Duration::ZERO),
        };
        let read = match text.strip_prefix("impact") {
            Some(rest) => before(rest).map(Self::BeforeImpact),
            None if text == "latest" => Some(Self::Latest),
            None => text.parse().ok().map(Self::At),
        };
        if read.is_none() {
            let message = format!("{text:?} is no moment: expected \"latest\", a UTC time, \"impact\" or \"impact - 2m\"");
            with.fault(key, message, None);
        }
        read
    }
}

/// The parameters of `dynamodb.restore_to_point_in_time`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRestoreTo {
    /// The ARN of the table that was.
    pub source: Template,
    /// The new table's name.
    pub target: Template,
    /// To which moment.
    pub to: PointInTime,
    /// `PROVISIONED` or `PAY_PER_REQUEST`, if it is not to be as it was.
    pub billing_mode: Option<String>,
}

impl TableRestoreTo {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let source = context.required_template(with, "source");
        if let Some(arn) = source.as_ref().and_then(|source| context.known_value(source))
            && !(arn.starts_with("arn:") && arn.contains(":table/"))
        {
            with.fault("source", format!("{arn:?} is not the ARN of a table"), None);
        }
        let target = context.required_template(with, "target");
        let to = PointInTime::read(with, "to");
        let billing_mode = with.one_of("billing_mode", &["PROVISIONED", "PAY_PER_REQUEST"]).map(str::to_owned);
        Some(Self { source: source?, target: target?, to: to?, billing_mode })
    }
}

/// What kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// An RDS DB instance.
    Instance,
    /// An Aurora DB cluster, which comes back without any instance.
    Cluster,
}

impl DatabaseKind {
    /// CloudFormation's name of the type.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Instance => "AWS::RDS::DBInstance",
            Self::Cluster => "AWS::RDS::DBCluster",
        }
    }
}

/// The parameters of `rds.restore_to_point_in_time`.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseRestore {
    /// Instance or cluster.
    pub kind: DatabaseKind,
    /// The identifier of the database that was, in the step's Region; for an instance also the ARN of automated backups that are
    /// replicated to it.
    pub source: Template,
    /// The new identifier.
    pub target: Template,
    /// To which moment.
    pub to: PointInTime,
    /// Further properties of `AWS::RDS::DBInstance` or `AWS::RDS::DBCluster`.
    pub properties: Option<JsonTemplate>,
}

impl DatabaseRestore {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let kinds = [("instance", DatabaseKind::Instance), ("cluster", DatabaseKind::Cluster)];
        let kind = with.required("kind", |table, key| table.choice(key, &kinds));
        let source = context.required_template(with, "source");
        let target = context.required_template(with, "target");
        let to = PointInTime::read(with, "to");
        let properties = if with.has("properties") { Some(context.required_json(with, "properties")?) } else { None };
        if properties.as_ref().is_some_and(|properties| !matches!(properties, JsonTemplate::Object(_))) {
            with.fault("properties", "`properties` is a table of the type's properties", None);
        }
        Some(Self { kind: kind?, source: source?, target: target?, to: to?, properties })
    }
}

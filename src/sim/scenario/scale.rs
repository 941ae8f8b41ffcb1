//! Large estates: so many recovery points, alarms and record sets as somebody asks for, each a function of the seed and its number.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Scenario, SiteSpec, VaultSpec, ZoneSpec};
use crate::sim::estate::DEFAULT_ACCOUNT;
use crate::sim::seed::Ids;
use crate::sim::service::backup::Backup;
use crate::sim::service::backup::points::{Lineage, Point, Status, Vault};
use crate::sim::service::cloudwatch::alarms::{Alarm, CloudWatch};
use crate::sim::service::cloudwatch::metrics::{self, Metric};

/// The vault that generated points are in, and the first label of a generated zone.
const NAME: &str = "scale";
/// The Region of an estate that is nothing but large.
const REGION: &str = "us-east-1";
/// How many points a resource has.
const POINTS_EACH: u32 = 500;
/// One alarm in so many is a composite of the ones before it, one is in ALARM, one has no data.
const COMPOSITE_EACH: u32 = 1000;
const FAILING_EACH: u32 = 100;
const SILENT_EACH: u32 = 250;

/// What is generated in a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scale {
    /// Recovery points, in a vault `scale`.
    pub points: u32,
    /// Alarms, each on a metric of its own.
    pub alarms: u32,
}

impl Scenario {
    /// A world that is nothing but large: a site in us-east-1 of the default account, and a zone of so many record sets.
    pub fn scaled(starts_at: DateTime<Utc>, site: Scale, records: u32) -> Self {
        let spec = SiteSpec {
            name: NAME.to_owned(),
            account: DEFAULT_ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            metrics: Vec::new(),
            alarms: Vec::new(),
            vaults: Vec::<VaultSpec>::new(),
            points: Vec::new(),
            documents: Vec::new(),
            network: Default::default(),
            calls: Vec::new(),
            scale: site,
        };
        let zone = ZoneSpec {
            account: DEFAULT_ACCOUNT.to_owned(),
            id: "Z0SCALE0000000".to_owned(),
            name: "scale.example.com.".to_owned(),
            records: Vec::new(),
            generated: records,
        };
        Self {
            // The name is what the record of such a world is held against.
            name: format!("{NAME}:{},{},{records}", site.points, site.alarms),
            title: "A large estate".to_owned(),
            sites: vec![spec],
            zones: vec![zone],
            ..Self::empty(starts_at)
        }
    }
}

/// The record sets of a zone: its own, and those that are generated.
pub fn records(zone: &ZoneSpec) -> Vec<Value> {
    let generated = (0..zone.generated).map(|number| {
        let address = format!("10.{}.{}.{}", number / 65536 % 256, number / 256 % 256, number % 256);
        json!({
            "Name": format!("host-{number:06}.{}", zone.name), "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}],
        })
    });
    zone.records.iter().cloned().chain(generated).collect()
}

/// Puts the generated alarms, and the metrics that they follow.
pub fn add_alarms(spec: &SiteSpec, now: DateTime<Utc>, cloudwatch: &mut CloudWatch) {
    for number in 0..spec.scale.alarms {
        let input = alarm(metric(number, cloudwatch), number);
        if let Ok(alarm) = Alarm::from_members(&input, now) {
            cloudwatch.alarms.insert(&alarm_name(number), alarm);
        }
    }
}

/// Makes the metric of this alarm, and gives its dimensions; `None` for a composite alarm.
fn metric(number: u32, cloudwatch: &mut CloudWatch) -> Option<Value> {
    if number % COMPOSITE_EACH == COMPOSITE_EACH - 1 {
        return None;
    }
    let dimensions = json!([{"Name": "InstanceId", "Value": format!("i-0{number:016x}")}]);
    let base = match number {
        number if number % FAILING_EACH == FAILING_EACH / 2 => Some(97.0),
        number if number % SILENT_EACH == SILENT_EACH / 2 + 1 => None,
        number => Some(20.0 + f64::from(number % 40)),
    };
    let key = metrics::key("AWS/EC2", "CPUUtilization", members(&dimensions));
    let metric = Metric::new(String::new(), key, base, 0.02, Some("Percent".to_owned()));
    cloudwatch.metrics.insert(metric.key.clone(), metric);
    Some(dimensions)
}

fn members(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// The name of the alarm with this number.
fn alarm_name(number: u32) -> String {
    let service = number / COMPOSITE_EACH;
    if number % COMPOSITE_EACH == COMPOSITE_EACH - 1 {
        return format!("service-{service:04}-degraded");
    }
    format!("service-{service:04}-cpu-{:03}", number % COMPOSITE_EACH)
}

fn alarm(dimensions: Option<Value>, number: u32) -> Value {
    let name = alarm_name(number);
    let Some(dimensions) = dimensions else {
        let first = number + 1 - COMPOSITE_EACH;
        let children: Vec<_> = (first..first + 10).map(|child| format!("ALARM(\"{}\")", alarm_name(child))).collect();
        return json!({"AlarmName": name, "AlarmRule": children.join(" OR ")});
    };
    json!({
        "AlarmName": name, "Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": dimensions,
        "Statistic": "Average", "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 90.0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "missing",
    })
}

const KINDS: [&str; 6] = ["DynamoDB", "EBS", "EC2", "EFS", "RDS", "S3"];

/// The ARN of a generated resource.
fn resource(kind: &str, spec: &SiteSpec, number: u32) -> String {
    let SiteSpec { region, account, .. } = spec;
    match kind {
        "DynamoDB" => format!("arn:aws:dynamodb:{region}:{account}:table/scale-{number:06}"),
        "EBS" => format!("arn:aws:ec2:{region}:{account}:volume/vol-0{number:016x}"),
        "EC2" => format!("arn:aws:ec2:{region}:{account}:instance/i-0{number:016x}"),
        "EFS" => format!("arn:aws:elasticfilesystem:{region}:{account}:file-system/fs-0{number:016x}"),
        "RDS" => format!("arn:aws:rds:{region}:{account}:db:scale-{number:06}"),
        _ => format!("arn:aws:s3:::scale-{number:06}"),
    }
}

/// Puts the generated recovery points: hourly ones of as many resources as are needed, in all the kinds.
pub fn add_points(scenario: &Scenario, spec: &SiteSpec, backup: &mut Backup, ids: &mut Ids) {
    let points = spec.scale.points;
    if points == 0 {
        return;
    }
    let SiteSpec { region, account, .. } = spec;
    let key_arn = format!("arn:aws:kms:{region}:{account}:key/5ca1e000-0000-4000-8000-000000000000");
    let vault = Vault {
        name: Arc::from(NAME),
        arn: format!("arn:aws:backup:{region}:{account}:backup-vault:{NAME}"),
        vault_type: "BACKUP_VAULT".to_owned(),
        created: scenario.starts_at - TimeDelta::days(400),
        key_arn: key_arn.clone(),
        locked: false,
        lock: Default::default(),
    };
    backup.vaults.entry(NAME.to_owned()).or_insert(vault);
    let mut lineages = (0..points.div_ceil(POINTS_EACH)).map(|number| {
        let kind = KINDS[number as usize % KINDS.len()];
        let resource: Arc<str> = Arc::from(resource(kind, spec, number));
        Arc::new(Lineage {
            account: account.clone(),
            region: region.clone(),
            vault: NAME.to_owned(),
            name: resource.rsplit([':', '/']).next().unwrap_or_default().to_owned(),
            resource,
            kind: kind.to_owned(),
            metadata: BTreeMap::new(),
            role: format!("arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"),
            key_arn: Some(key_arn.clone()),
            took: TimeDelta::minutes(4),
            delete_after_days: Some(35),
            ..Lineage::default()
        })
    });
    let mut lineage = lineages.next();
    let rows = (0..points).filter_map(|number| {
        let (resource, nth) = (number / POINTS_EACH, number % POINTS_EACH);
        if nth == 0 && number > 0 {
            lineage = lineages.next();
        }
        let age = TimeDelta::hours(i64::from(nth)) + TimeDelta::seconds(i64::from(resource) % 3600);
        let (id, bytes) = ((ids.bits(), ids.bits()), 1_073_741_824 + i64::from(resource % 977) * 104_857_600);
        Some(Point { lineage: lineage.clone()?, created: scenario.starts_at - age, id, bytes, status: Status::Completed })
    });
    backup.add_all(rows);
}

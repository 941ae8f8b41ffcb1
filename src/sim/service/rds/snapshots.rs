//! Snapshots of instances and clusters: those of callers, and those that recovery points are.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::filters::Asked;
use super::told::{self, port, version};
use super::{arn, clusters, given_tags, instances, page, tag_list};
use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members::{self, Members, stamp};
use crate::sim::network::{Life, Resource};
use crate::sim::service::backup::points::Status;
use crate::sim::world::World;

/// How long a snapshot takes, in seconds.
const TAKES: i64 = 120;

/// The words for snapshots of instances and of clusters.
struct Words {
    kind: &'static str,
    of: &'static str,
    id: &'static str,
    of_id: &'static str,
    arn: &'static str,
    answer: &'static str,
    list: &'static str,
    missing: &'static str,
    there: &'static str,
}

const INSTANCE: Words = Words {
    kind: "DBSnapshot",
    of: "RDS",
    id: "DBSnapshotIdentifier",
    of_id: "DBInstanceIdentifier",
    arn: "snapshot",
    answer: "DBSnapshot",
    list: "DBSnapshots",
    missing: "DBSnapshotNotFoundFault",
    there: "DBSnapshotAlreadyExistsFault",
};

const CLUSTER: Words = Words {
    kind: "DBClusterSnapshot",
    of: "Aurora",
    id: "DBClusterSnapshotIdentifier",
    of_id: "DBClusterIdentifier",
    arn: "cluster-snapshot",
    answer: "DBClusterSnapshot",
    list: "DBClusterSnapshots",
    missing: "DBClusterSnapshotNotFoundFault",
    there: "DBClusterSnapshotAlreadyExistsFault",
};

fn words(call: &Call) -> Words {
    if call.operation.contains("Cluster") { CLUSTER } else { INSTANCE }
}

/// The recovery points here that are such snapshots, as resources.
fn recovery_points(world: &World, call: &Call, words: &Words) -> Vec<(String, Resource)> {
    const GIB: i64 = 1 << 30;
    let Some(site) = world.site(&call.caller) else { return Vec::new() };
    let points = site.backup.of_kind(words.of);
    let points = points.filter(|point| matches!(point.status, Status::Completed | Status::Available));
    let told = points.map(|point| {
        let arn = point.arn();
        let name = arn.splitn(7, ':').nth(6).unwrap_or_default().to_owned();
        let known = |key: &str| {
            point.lineage.metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone())
        };
        let members = Members::new()
            .set(words.of_id, point.lineage.resource.rsplit(':').next().unwrap_or_default())
            .set("SnapshotType", "awsbackup")
            .set("AllocatedStorage", ((point.bytes + GIB - 1) / GIB).max(1))
            .maybe("Engine", known("Engine"))
            .maybe("EngineVersion", known("EngineVersion"))
            .maybe("DBInstanceClass", known("DBInstanceClass"))
            .maybe("KmsKeyId", point.lineage.key_arn.clone())
            .set("StorageEncrypted", point.lineage.key_arn.is_some())
            .done();
        let mut resource = Resource::new(words.kind, &name, members);
        resource.life = Life::begin(point.created, &[]);
        resource.source = Some(point.lineage.resource.clone());
        resource.data_of = Some(point.created);
        (arn, resource)
    });
    told.collect()
}

fn told(words: &Words, arn: &str, resource: &Resource, now: DateTime<Utc>) -> Value {
    let engine = resource.text("Engine").unwrap_or(if words.of == "RDS" { "mysql" } else { "aurora-postgresql" });
    let state = resource.life.at(now, "available");
    let cluster = words.of == "Aurora";
    let encrypted = resource.members.get("StorageEncrypted").cloned().unwrap_or(false.into());
    Members::new()
        .set(words.id, resource.name.as_str())
        .copy(&Value::Object(resource.members.clone()), &[words.of_id, "KmsKeyId"])
        .set(if cluster { "DBClusterSnapshotArn" } else { "DBSnapshotArn" }, arn)
        .time("SnapshotCreateTime", resource.life.made)
        .set("Engine", engine)
        .set("EngineVersion", resource.text("EngineVersion").unwrap_or_else(|| version(engine)))
        .set("MasterUsername", resource.text("MasterUsername").unwrap_or("admin"))
        .set("AllocatedStorage", resource.members.get("AllocatedStorage").cloned().unwrap_or(20.into()))
        .set("SnapshotType", resource.text("SnapshotType").unwrap_or("manual"))
        .set("Status", state)
        .set("PercentProgress", if state == "available" { 100 } else { 0 })
        .set("Port", port(engine))
        .set(if cluster { "StorageEncrypted" } else { "Encrypted" }, encrypted)
        .maybe("SnapshotDatabaseTime", resource.data_of.filter(|_| !cluster).map(stamp))
        .set("TagList", tag_list(resource))
        .done()
}

fn all(world: &World, call: &Call, words: &Words) -> Vec<(String, Resource)> {
    let network = world.network(&call.caller);
    let own = network.of(words.kind).map(|(arn, resource)| (arn.clone(), resource.clone()));
    own.chain(recovery_points(world, call, words)).collect()
}

pub(super) fn describe(world: &World, call: &Call) -> Answer {
    let words = words(call);
    let text = |member| members::text(&call.input, member);
    let (id, of, kind) = (text(words.id), text(words.of_id).map(str::to_lowercase), text("SnapshotType"));
    let cluster = words.of == "Aurora";
    let own = if cluster { ["db-cluster-id", "db-cluster-snapshot-id"] } else { ["db-instance-id", "db-snapshot-id"] };
    let known = [own[0], own[1], "dbi-resource-id", "engine", "snapshot-type"];
    let asked = Asked::of(call, &known[..], words.id, own[1])?;
    let rows = all(world, call, &words).into_iter().filter(|(arn, resource)| {
        let name = resource.text(words.of_id).unwrap_or_default();
        let source = format!(
            "arn:aws:rds:{}:{}:{}:{name}",
            call.caller.region,
            call.caller.account,
            if cluster { "cluster" } else { "db" }
        );
        let kept = resource.text("SnapshotType").unwrap_or("manual");
        of.as_ref().is_none_or(|of| name == of || source == *of)
            && kind.is_none_or(|kind| kept == kind)
            && asked.passed_by(|filter| match filter {
                "db-cluster-id" | "db-instance-id" => vec![name, source.as_str()],
                "db-cluster-snapshot-id" | "db-snapshot-id" => vec![resource.name.as_str(), arn.as_str()],
                "snapshot-type" => vec![kept],
                "dbi-resource-id" => vec![resource.text("DbiResourceId").unwrap_or_default()],
                _ => vec![resource.text("Engine").unwrap_or(if cluster { "aurora-postgresql" } else { "mysql" })],
            })
    });
    let rows: Vec<_> = rows.map(|(arn, resource)| (resource.name.clone(), told(&words, &arn, &resource, world.now()))).collect();
    match id.filter(|_| rows.is_empty() && of.is_none()) {
        Some(id) => Err(Refusal::new(words.missing, format!("{} {id} not found.", words.kind))),
        None => page(call, words.list, rows),
    }
}

/// The snapshot that a restore names, by id or ARN.
pub(super) fn source(world: &World, call: &Call, id: &str, kind: &str) -> Result<Resource, Refusal> {
    let words = if kind == CLUSTER.kind { CLUSTER } else { INSTANCE };
    let found = all(world, call, &words).into_iter().find(|(arn, resource)| arn == id || resource.name.eq_ignore_ascii_case(id));
    let found = found.map(|(_, resource)| resource);
    found.ok_or_else(|| Refusal::new(words.missing, format!("{kind} {id} not found.")))
}

/// CopyDBSnapshot and CopyDBClusterSnapshot: from here, or by its ARN from another Region of the account.
pub(super) fn copy(world: &mut World, call: &Call) -> Answer {
    let words = words(call);
    let (input, now, takes) = (&call.input, world.now(), world.takes(TAKES));
    let (from, to) = (format!("Source{}", words.id), format!("Target{}", words.id));
    let id = told::name(input, &to)?;
    let named = members::required(input, &from);
    let region = named.split(':').nth(3).filter(|_| named.starts_with("arn:")).unwrap_or(&call.caller.region);
    let mut there = call.clone();
    region.clone_into(&mut there.caller.region);
    let source = source(world, &there, named, words.kind)?;
    if all(world, call, &words).iter().any(|(_, known)| known.name == id) {
        let message = format!("Cannot create the snapshot because one with the identifier {id} already exists.");
        return Err(Refusal::new(words.there, message));
    }
    let mut made = source.clone();
    made.name.clone_from(&id);
    made.members.insert("SnapshotType".to_owned(), "manual".into());
    if let Some(key) = members::text(input, "KmsKeyId") {
        made.members.insert("KmsKeyId".to_owned(), key.into());
        made.members.insert("StorageEncrypted".to_owned(), true.into());
    }
    made.life = Life::begin(now, &[(now, "creating"), (now + takes, "available")]);
    let given = given_tags(input);
    if !given.is_empty() || members::flag(input, "CopyTags") != Some(true) {
        made.tags = given;
    }
    let arn = arn(call, words.arn, &id);
    let told = told(&words, &arn, &made, now);
    world.site_mut(&call.caller).network.resources.insert(arn, made);
    world.effect(call, &id);
    Ok(json!({ words.answer: told }))
}

/// Makes a snapshot of an instance or a cluster.
pub(super) fn keep(world: &mut World, call: &Call, id: &str, of: &Resource) -> Result<Value, Refusal> {
    let words = if of.kind == "Aurora" { CLUSTER } else { INSTANCE };
    let (now, takes, id) = (world.now(), world.takes(TAKES), id.to_lowercase());
    if all(world, call, &words).iter().any(|(_, known)| known.name == id) {
        return Err(Refusal::new(
            words.there,
            format!("Cannot create the snapshot because one with the identifier {id} already exists."),
        ));
    }
    let mut made = of.clone();
    made.kind = words.kind.to_owned();
    made.name.clone_from(&id);
    made.members.insert(words.of_id.to_owned(), of.name.clone().into());
    made.life = Life::begin(now, &[(now, "creating"), (now + takes, "available")]);
    made.tags = given_tags(&call.input);
    made.source = Some(arn(call, if of.kind == "Aurora" { "cluster" } else { "db" }, &of.name).into());
    made.data_of = Some(now);
    let arn = arn(call, words.arn, &id);
    let mut told = told(&words, &arn, &made, now);
    told["Status"] = "creating".into();
    world.site_mut(&call.caller).network.resources.insert(arn, made);
    Ok(told)
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let words = words(call);
    let (of, now) = (members::required(&call.input, words.of_id), world.now());
    let network = world.network(&call.caller);
    let found = network.find(words.of, &of.to_lowercase()).filter(|found| !found.life.over(now)).cloned();
    drop(network);
    let missing = || if words.of == "Aurora" { clusters::missing(of) } else { instances::missing(of) };
    let id = members::required(&call.input, words.id);
    let told = keep(world, call, id, &found.ok_or_else(missing)?)?;
    world.effect(call, id);
    Ok(json!({ words.answer: told }))
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let words = words(call);
    let (id, now) = (members::required(&call.input, words.id), world.now());
    let arn = arn(call, words.arn, &id.to_lowercase());
    let network = &mut world.site_mut(&call.caller).network;
    let gone = network.resources.remove(&arn);
    let gone = gone.ok_or_else(|| Refusal::new(words.missing, format!("{} {id} not found.", words.kind)))?;
    let mut told = told(&words, &arn, &gone, now);
    told["Status"] = "deleted".into();
    world.effect(call, id);
    Ok(json!({ words.answer: told }))
}

//! Databases, tables and buckets. Tables and buckets stand in the network only, where their services are not simulated.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, not_found};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members::{self, Members};
use crate::sim::network::{Life, Resource};

pub(super) const TYPES: &[Type] = &[
    Type {
        name: "AWS::RDS::DBInstance",
        key: &["DBInstanceIdentifier"],
        named: Some("DBInstanceIdentifier"),
        fixed: &[
            "DBInstanceIdentifier",
            "DBClusterIdentifier",
            "DBSnapshotIdentifier",
            "DBSubnetGroupName",
            "Engine",
            "KmsKeyId",
            "MasterUsername",
            "RestoreTime",
            "SourceDBInstanceIdentifier",
            "StorageEncrypted",
            "UseLatestRestorableTime",
        ],
        create: create_instance,
        read: |desk, id| {
            let mut found = instance(desk, id)?;
            let endpoint = found["Endpoint"].clone();
            if endpoint["Port"].is_i64() {
                found["Endpoint"]["Port"] = endpoint["Port"].to_string().into();
            }
            let known = &[
                "DBInstanceIdentifier",
                "DBInstanceArn",
                "DbiResourceId",
                "DBInstanceStatus",
                "InstanceCreateTime",
                "Endpoint",
                "Engine",
                "EngineVersion",
                "DBInstanceClass",
                "AvailabilityZone",
                "LatestRestorableTime",
                "DBClusterIdentifier",
                "BackupRetentionPeriod",
                "DeletionProtection",
                "KmsKeyId",
                "MasterUsername",
                "MultiAZ",
                "PubliclyAccessible",
                "StorageEncrypted",
            ];
            let flat = found["Endpoint"].clone();
            Ok(Members::new()
                .copy(&found, known)
                .maybe("Endpoint.Address", members::text(&flat, "Address"))
                .maybe("Endpoint.Port", members::text(&flat, "Port"))
                .done())
        },
        update: Some(|desk, id, _, after| {
            desk.ask_with(
                "rds",
                "ModifyDBInstance",
                after,
                groups(after, json!({"DBInstanceIdentifier": id, "ApplyImmediately": true})),
            )
            .map(drop)
        }),
        delete: |desk, id| {
            desk.ask("rds", "DeleteDBInstance", &json!({"DBInstanceIdentifier": id, "SkipFinalSnapshot": true})).map(drop)
        },
        list: |desk| names(desk, "DescribeDBInstances", "DBInstances", "DBInstanceIdentifier"),
        done: |desk, id| Ok(instance(desk, id)?["DBInstanceStatus"] == "available"),
        gone: |desk, id| instance(desk, id).is_err(),
        ..PLAIN
    },
    Type {
        name: "AWS::RDS::DBCluster",
        key: &["DBClusterIdentifier"],
        named: Some("DBClusterIdentifier"),
        fixed: &[
            "DBClusterIdentifier",
            "DBSubnetGroupName",
            "Engine",
            "EngineMode",
            "KmsKeyId",
            "MasterUsername",
            "RestoreToTime",
            "RestoreType",
            "SnapshotIdentifier",
            "SourceDBClusterIdentifier",
            "StorageEncrypted",
            "UseLatestRestorableTime",
        ],
        create: create_cluster,
        read: |desk, id| {
            let found = cluster(desk, id)?;
            let known = &[
                "DBClusterIdentifier",
                "DBClusterArn",
                "Engine",
                "EngineVersion",
                "Status",
                "Port",
                "BackupRetentionPeriod",
                "DeletionProtection",
                "KmsKeyId",
                "MasterUsername",
                "StorageEncrypted",
            ];
            Ok(Members::new()
                .copy(&found, known)
                .set("DBClusterResourceId", found["DbClusterResourceId"].clone())
                .set("Endpoint", json!({"Address": found["Endpoint"], "Port": found["Port"].to_string()}))
                .set("ReadEndpoint", json!({"Address": found["ReaderEndpoint"]}))
                .done())
        },
        update: Some(|desk, id, _, after| {
            desk.ask_with(
                "rds",
                "ModifyDBCluster",
                after,
                groups(after, json!({"DBClusterIdentifier": id, "ApplyImmediately": true})),
            )
            .map(drop)
        }),
        delete: |desk, id| {
            desk.ask("rds", "DeleteDBCluster", &json!({"DBClusterIdentifier": id, "SkipFinalSnapshot": true})).map(drop)
        },
        list: |desk| names(desk, "DescribeDBClusters", "DBClusters", "DBClusterIdentifier"),
        done: |desk, id| Ok(cluster(desk, id)?["Status"] == "available"),
        gone: |desk, id| cluster(desk, id).is_err(),
        ..PLAIN
    },
    Type {
        name: "AWS::RDS::DBSubnetGroup",
        key: &["DBSubnetGroupName"],
        named: Some("DBSubnetGroupName"),
        required: &["DBSubnetGroupDescription", "SubnetIds"],
        create: |desk, properties| {
            let made = desk.ask("rds", "CreateDBSubnetGroup", properties)?;
            Ok(members::required(&made["DBSubnetGroup"], "DBSubnetGroupName").to_owned())
        },
        read: |desk, name| {
            desk.ask("rds", "DescribeDBSubnetGroups", &json!({"DBSubnetGroupName": name}))?;
            Ok(json!({"DBSubnetGroupName": name}))
        },
        delete: |desk, name| desk.ask("rds", "DeleteDBSubnetGroup", &json!({"DBSubnetGroupName": name})).map(drop),
        list: |desk| names(desk, "DescribeDBSubnetGroups", "DBSubnetGroups", "DBSubnetGroupName"),
        ..PLAIN
    },
    Type {
        name: "AWS::RDS::DBParameterGroup",
        key: &["DBParameterGroupName"],
        named: Some("DBParameterGroupName"),
        required: &["Description", "Family"],
        create: |desk, properties| {
            let more = json!({"DBParameterGroupFamily": properties["Family"]});
            let made = desk.ask_with("rds", "CreateDBParameterGroup", properties, more)?;
            Ok(members::required(&made["DBParameterGroup"], "DBParameterGroupName").to_owned())
        },
        read: |desk, name| {
            desk.ask("rds", "DescribeDBParameterGroups", &json!({"DBParameterGroupName": name}))?;
            Ok(json!({"DBParameterGroupName": name}))
        },
        update: Some(|_, _, _, _| Ok(())),
        delete: |desk, name| desk.ask("rds", "DeleteDBParameterGroup", &json!({"DBParameterGroupName": name})).map(drop),
        ..PLAIN
    },
    Type {
        name: "AWS::DynamoDB::Table",
        key: &["TableName"],
        named: Some("TableName"),
        required: &["KeySchema"],
        fixed: &["TableName", "KeySchema"],
        create: create_table,
        read: read_table,
        update: Some(update_table),
        delete: |desk, name| {
            if desk.knows("dynamodb", "DeleteTable") {
                return desk.ask("dynamodb", "DeleteTable", &json!({"TableName": name})).map(drop);
            }
            let arn = desk.arn("dynamodb", &format!("table/{name}"));
            take_down(desk, &arn)
        },
        list: |desk| {
            if desk.knows("dynamodb", "ListTables") {
                let token = ("ExclusiveStartTableName", "LastEvaluatedTableName");
                let rows = desk.all("dynamodb", "ListTables", json!({}), "TableNames", token)?;
                return Ok(rows.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect());
            }
            Ok(standing(desk, "DynamoDB"))
        },
        done: |desk, name| match desk.knows("dynamodb", "DescribeTable") {
            true => Ok(table(desk, name)?["TableStatus"] == "ACTIVE"),
            false => Ok(true),
        },
        gone: |desk, name| !desk.knows("dynamodb", "DescribeTable") || table(desk, name).is_err(),
    },
    Type {
        name: "AWS::S3::Bucket",
        key: &["BucketName"],
        named: Some("BucketName"),
        fixed: &["BucketName"],
        create: create_bucket,
        read: read_bucket,
        update: Some(|desk, name, _, after| versioning(desk, name, after)),
        delete: |desk, name| {
            if desk.knows("s3", "DeleteBucket") {
                return desk.ask("s3", "DeleteBucket", &json!({"Bucket": name})).map(drop);
            }
            take_down(desk, &format!("arn:aws:s3:::{name}"))
        },
        list: |desk| {
            if desk.knows("s3", "ListBuckets") {
                let told = desk.ask("s3", "ListBuckets", &json!({}))?;
                return Ok(members::list(&told, "Buckets").iter().map(|row| members::required(row, "Name").to_owned()).collect());
            }
            Ok(standing(desk, "S3"))
        },
        ..PLAIN
    },
];

fn instance(desk: &mut Desk<'_>, id: &str) -> Answer {
    let told = desk.ask("rds", "DescribeDBInstances", &json!({"DBInstanceIdentifier": id}))?;
    members::list(&told, "DBInstances").first().cloned().ok_or_else(|| not_found(id))
}

fn cluster(desk: &mut Desk<'_>, id: &str) -> Answer {
    let told = desk.ask("rds", "DescribeDBClusters", &json!({"DBClusterIdentifier": id}))?;
    members::list(&told, "DBClusters").first().cloned().ok_or_else(|| not_found(id))
}

fn names(desk: &mut Desk<'_>, operation: &str, list: &str, name: &str) -> Result<Vec<String>, Refusal> {
    let rows = desk.all("rds", operation, json!({}), list, ("Marker", "Marker"))?;
    Ok(rows.iter().map(|row| members::required(row, name).to_owned()).collect())
}

/// What CloudFormation calls otherwise than RDS: security groups, and a port that is a text.
fn groups(properties: &Value, more: Value) -> Value {
    let mut more = more.as_object().cloned().unwrap_or_default();
    if let Some(groups) = properties.get("VPCSecurityGroups") {
        more.insert("VpcSecurityGroupIds".to_owned(), groups.clone());
    }
    Value::Object(more)
}

fn create_instance(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let more = groups(properties, json!({}));
    let text = |member| members::text(properties, member);
    let made = if let Some(source) = text("SourceDBInstanceIdentifier")
        .filter(|_| properties.get("RestoreTime").is_some() || properties.get("UseLatestRestorableTime").is_some())
    {
        let mut more = more;
        more["SourceDBInstanceIdentifier"] = source.rsplit(':').next().unwrap_or(source).into();
        more["TargetDBInstanceIdentifier"] = properties["DBInstanceIdentifier"].clone();
        desk.ask_with("rds", "RestoreDBInstanceToPointInTime", properties, more)?
    } else if text("DBSnapshotIdentifier").is_some_and(|id| !id.is_empty()) {
        desk.ask_with("rds", "RestoreDBInstanceFromDBSnapshot", properties, more)?
    } else {
        if text("Engine").is_none() {
            return Err(Refusal::new("InvalidRequest", "Property Engine cannot be empty."));
        }
        desk.ask_with("rds", "CreateDBInstance", properties, more)?
    };
    Ok(members::required(&made["DBInstance"], "DBInstanceIdentifier").to_owned())
}

fn create_cluster(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let more = groups(properties, json!({}));
    let text = |member| members::text(properties, member);
    let made = if text("SourceDBClusterIdentifier").is_some() {
        desk.ask_with("rds", "RestoreDBClusterToPointInTime", properties, more)?
    } else if text("SnapshotIdentifier").is_some_and(|id| !id.is_empty()) {
        desk.ask_with("rds", "RestoreDBClusterFromSnapshot", properties, more)?
    } else {
        desk.ask_with("rds", "CreateDBCluster", properties, more)?
    };
    Ok(members::required(&made["DBCluster"], "DBClusterIdentifier").to_owned())
}

/// Puts a resource into the network whose service is not simulated.
fn stand(desk: &mut Desk<'_>, kind: &str, name: &str, arn: String) -> Result<(), Refusal> {
    let now: DateTime<Utc> = desk.world.now();
    let resources = &mut desk.world.site_mut(&desk.caller).network.resources;
    if resources.contains_key(&arn) {
        return Err(Refusal::new("AlreadyExists", format!("{name} already exists")));
    }
    let made = Resource { life: Life::begin(now, &[]), ..Resource::new(kind, name, json!({})) };
    resources.insert(arn, made);
    Ok(())
}

fn take_down(desk: &mut Desk<'_>, arn: &str) -> Result<(), Refusal> {
    let gone = desk.world.site_mut(&desk.caller).network.resources.remove(arn);
    gone.map(drop).ok_or_else(|| not_found(arn))
}

fn standing(desk: &mut Desk<'_>, kind: &str) -> Vec<String> {
    let network = desk.world.network(&desk.caller);
    network.of(kind).map(|(_, resource)| resource.name.clone()).collect()
}

fn table(desk: &mut Desk<'_>, name: &str) -> Answer {
    Ok(desk.ask("dynamodb", "DescribeTable", &json!({"TableName": name}))?["Table"].clone())
}

fn create_table(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let name = members::required(properties, "TableName").to_owned();
    if !desk.knows("dynamodb", "CreateTable") {
        let arn = desk.arn("dynamodb", &format!("table/{name}"));
        stand(desk, "DynamoDB", &name, arn)?;
        return Ok(name);
    }
    let mut more = json!({});
    if let Some(stream) = properties.get("StreamSpecification") {
        more["StreamSpecification"] = stream.clone();
        more["StreamSpecification"]["StreamEnabled"] = true.into();
    }
    if let Some(sse) = properties.get("SSESpecification") {
        more["SSESpecification"] =
            json!({"Enabled": sse["SSEEnabled"], "SSEType": sse["SSEType"], "KMSMasterKeyId": sse["KMSMasterKeyId"]});
    }
    desk.ask_with("dynamodb", "CreateTable", properties, more)?;
    recovery(desk, &name, properties)?;
    Ok(name)
}

/// Point-in-time recovery, as the template has it.
fn recovery(desk: &mut Desk<'_>, name: &str, properties: &Value) -> Result<(), Refusal> {
    match properties.get("PointInTimeRecoverySpecification") {
        Some(recovery) if desk.knows("dynamodb", "UpdateContinuousBackups") => {
            let input = json!({"TableName": name, "PointInTimeRecoverySpecification": recovery});
            desk.ask("dynamodb", "UpdateContinuousBackups", &input).map(drop)
        }
        _ => Ok(()),
    }
}

fn read_table(desk: &mut Desk<'_>, name: &str) -> Answer {
    let arn = desk.arn("dynamodb", &format!("table/{name}"));
    if desk.knows("dynamodb", "DescribeTable") {
        let found = table(desk, name)?;
        return Ok(Members::new()
            .set("TableName", name)
            .set("Arn", found["TableArn"].clone())
            .maybe("StreamArn", members::text(&found, "LatestStreamArn"))
            .done());
    }
    let network = desk.world.network(&desk.caller);
    network.resources.get(&arn).ok_or_else(|| not_found(name))?;
    Ok(json!({"TableName": name, "Arn": arn}))
}

fn update_table(desk: &mut Desk<'_>, name: &str, before: &Value, after: &Value) -> Result<(), Refusal> {
    let own = ["BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled"];
    if desk.knows("dynamodb", "UpdateTable") && own.iter().any(|member| before.get(member) != after.get(member)) {
        let input = Members::new().copy(after, &own).set("TableName", name).done();
        desk.ask("dynamodb", "UpdateTable", &input)?;
    }
    recovery(desk, name, after)
}

fn create_bucket(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let name = members::required(properties, "BucketName").to_owned();
    if !desk.knows("s3", "CreateBucket") {
        stand(desk, "S3", &name, format!("arn:aws:s3:::{name}"))?;
        return Ok(name);
    }
    let region = desk.caller.region.clone();
    let mut input = json!({"Bucket": name});
    if region != "us-east-1" {
        input["CreateBucketConfiguration"] = json!({"LocationConstraint": region});
    }
    desk.ask("s3", "CreateBucket", &input)?;
    versioning(desk, &name, properties)?;
    Ok(name)
}

fn versioning(desk: &mut Desk<'_>, name: &str, properties: &Value) -> Result<(), Refusal> {
    match properties.get("VersioningConfiguration") {
        Some(versioning) if desk.knows("s3", "PutBucketVersioning") => {
            desk.ask("s3", "PutBucketVersioning", &json!({"Bucket": name, "VersioningConfiguration": versioning})).map(drop)
        }
        _ => Ok(()),
    }
}

fn read_bucket(desk: &mut Desk<'_>, name: &str) -> Answer {
    let arn = format!("arn:aws:s3:::{name}");
    let there = if desk.knows("s3", "HeadBucket") {
        desk.ask("s3", "HeadBucket", &json!({"Bucket": name})).is_ok()
    } else {
        desk.world.network(&desk.caller).resources.contains_key(&arn)
    };
    if !there {
        return Err(not_found(name));
    }
    let region = &desk.caller.region;
    Ok(json!({
        "BucketName": name, "Arn": arn, "DomainName": format!("{name}.s3.amazonaws.com"),
        "RegionalDomainName": format!("{name}.s3.{region}.amazonaws.com"),
        "WebsiteURL": format!("http://{name}.s3-website-{region}.amazonaws.com"),
    }))
}

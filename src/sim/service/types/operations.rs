//! Systems Manager, CloudWatch and AWS Backup.

use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, tag_map};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members;

pub(super) const TYPES: &[Type] = &[
    Type {
        name: "AWS::SSM::Parameter",
        key: &["Name"],
        named: Some("Name"),
        required: &["Type", "Value"],
        fixed: &["Name"],
        create: |desk, properties| {
            desk.ask_with("ssm", "PutParameter", properties, json!({"Tags": null, "Overwrite": false}))?;
            Ok(members::required(properties, "Name").to_owned())
        },
        read: |desk, name| {
            let told = desk.ask("ssm", "GetParameter", &json!({"Name": name}))?;
            let of = &told["Parameter"];
            Ok(json!({"Name": name, "Type": of["Type"], "Value": of["Value"]}))
        },
        update: Some(|desk, name, _, after| {
            desk.ask_with("ssm", "PutParameter", after, json!({"Name": name, "Tags": null, "Overwrite": true})).map(drop)
        }),
        delete: |desk, name| desk.ask("ssm", "DeleteParameter", &json!({"Name": name})).map(drop),
        list: |desk| {
            let rows = desk.all("ssm", "DescribeParameters", json!({}), "Parameters", ("NextToken", "NextToken"))?;
            Ok(rows.iter().map(|row| members::required(row, "Name").to_owned()).collect())
        },
        ..PLAIN
    },
    Type {
        name: "AWS::SSM::Document",
        key: &["Name"],
        named: Some("Name"),
        required: &["Content"],
        create: |desk, properties| {
            let format =
                if properties["Content"].is_object() { Some("JSON") } else { members::text(properties, "DocumentFormat") };
            let kind = members::text(properties, "DocumentType").unwrap_or("Command");
            let more = json!({"DocumentType": kind, "DocumentFormat": format, "Tags": null, "Attachments": null});
            desk.ask_with("ssm", "CreateDocument", properties, more)?;
            Ok(members::required(properties, "Name").to_owned())
        },
        read: |desk, name| {
            let told = desk.ask("ssm", "DescribeDocument", &json!({"Name": name}))?;
            Ok(json!({"Name": name, "DocumentType": told["Document"]["DocumentType"]}))
        },
        delete: |desk, name| desk.ask("ssm", "DeleteDocument", &json!({"Name": name})).map(drop),
        ..PLAIN
    },
    Type {
        name: "AWS::CloudWatch::Alarm",
        key: &["AlarmName"],
        named: Some("AlarmName"),
        required: &["ComparisonOperator", "EvaluationPeriods"],
        fixed: &["AlarmName"],
        create: |desk, properties| alarm(desk, "PutMetricAlarm", properties),
        read: |desk, name| read_alarm(desk, name, "MetricAlarm"),
        update: Some(|desk, name, _, after| {
            let mut whole = after.clone();
            whole["AlarmName"] = name.into();
            alarm(desk, "PutMetricAlarm", &whole).map(drop)
        }),
        delete: |desk, name| desk.ask("monitoring", "DeleteAlarms", &json!({"AlarmNames": [name]})).map(drop),
        list: |desk| alarms(desk, "MetricAlarm"),
        ..PLAIN
    },
    Type {
        name: "AWS::CloudWatch::CompositeAlarm",
        key: &["AlarmName"],
        named: Some("AlarmName"),
        required: &["AlarmRule"],
        fixed: &["AlarmName"],
        create: |desk, properties| alarm(desk, "PutCompositeAlarm", properties),
        read: |desk, name| read_alarm(desk, name, "CompositeAlarm"),
        update: Some(|desk, name, _, after| {
            let mut whole = after.clone();
            whole["AlarmName"] = name.into();
            alarm(desk, "PutCompositeAlarm", &whole).map(drop)
        }),
        delete: |desk, name| desk.ask("monitoring", "DeleteAlarms", &json!({"AlarmNames": [name]})).map(drop),
        list: |desk| alarms(desk, "CompositeAlarm"),
        ..PLAIN
    },
    Type {
        name: "AWS::Backup::BackupVault",
        key: &["BackupVaultName"],
        named: Some("BackupVaultName"),
        required: &["BackupVaultName"],
        fixed: &["BackupVaultName", "EncryptionKeyArn"],
        create: |desk, properties| {
            desk.ask("backup", "CreateBackupVault", properties)?;
            Ok(members::required(properties, "BackupVaultName").to_owned())
        },
        read: |desk, name| {
            let told = desk.ask("backup", "DescribeBackupVault", &json!({"BackupVaultName": name}))?;
            Ok(json!({"BackupVaultName": name, "BackupVaultArn": told["BackupVaultArn"]}))
        },
        update: Some(|desk, name, _, after| {
            let told = desk.ask("backup", "DescribeBackupVault", &json!({"BackupVaultName": name}))?;
            let tags = after.get("BackupVaultTags").cloned().or_else(|| tag_map(after)).unwrap_or_else(|| json!({}));
            desk.ask("backup", "TagResource", &json!({"ResourceArn": told["BackupVaultArn"], "Tags": tags})).map(drop)
        }),
        delete: |desk, name| desk.ask("backup", "DeleteBackupVault", &json!({"BackupVaultName": name})).map(drop),
        list: |desk| {
            let rows = desk.all("backup", "ListBackupVaults", json!({}), "BackupVaultList", ("NextToken", "NextToken"))?;
            Ok(rows.iter().map(|row| members::required(row, "BackupVaultName").to_owned()).collect())
        },
        ..PLAIN
    },
];

fn alarm(desk: &mut Desk<'_>, operation: &str, properties: &Value) -> Result<String, Refusal> {
    desk.ask("monitoring", operation, properties)?;
    Ok(members::required(properties, "AlarmName").to_owned())
}

fn read_alarm(desk: &mut Desk<'_>, name: &str, kind: &str) -> Answer {
    let input = json!({"AlarmNames": [name], "AlarmTypes": [kind]});
    let told = desk.ask("monitoring", "DescribeAlarms", &input)?;
    let found = members::list(&told, &format!("{kind}s")).first().cloned().ok_or_else(|| super::not_found(name))?;
    Ok(json!({"AlarmName": name, "Arn": found["AlarmArn"]}))
}

fn alarms(desk: &mut Desk<'_>, kind: &str) -> Result<Vec<String>, Refusal> {
    let input = json!({"AlarmTypes": [kind]});
    let rows = desk.all("monitoring", "DescribeAlarms", input, &format!("{kind}s"), ("NextToken", "NextToken"))?;
    Ok(rows.iter().map(|row| members::required(row, "AlarmName").to_owned()).collect())
}

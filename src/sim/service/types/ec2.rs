//! EC2: instances, volumes, attachments, security groups and networks.

use serde_json::{Value, json};

use super::{Desk, PLAIN, Type, changed, not_found, parts};
use crate::sim::call::{Answer, Refusal};
use crate::sim::members::{self, Members};

pub(super) const TYPES: &[Type] = &[
    Type {
        name: "AWS::EC2::Instance",
        key: &["InstanceId"],
        fixed: &["AvailabilityZone", "ImageId", "KeyName", "NetworkInterfaces", "PrivateIpAddress", "SubnetId", "UserData"],
        create: run,
        read: read_instance,
        update: Some(|desk, id, _, after| tag(desk, id, after)),
        delete: |desk, id| desk.ask("ec2", "TerminateInstances", &json!({"InstanceIds": [id]})).map(drop),
        list: |desk| ids(desk, "DescribeInstances", "Reservations", "InstanceId"),
        done: |desk, id| Ok(instance(desk, id)?["State"]["Name"] == "running"),
        gone: |desk, id| instance(desk, id).map_or(true, |found| found["State"]["Name"] == "terminated"),
        ..PLAIN
    },
    Type {
        name: "AWS::EC2::Volume",
        key: &["VolumeId"],
        fixed: &["AvailabilityZone", "SnapshotId", "KmsKeyId", "Encrypted"],
        create: |desk, properties| {
            let made = desk.ask_with("ec2", "CreateVolume", properties, specified("volume", properties))?;
            Ok(members::required(&made, "VolumeId").to_owned())
        },
        read: read_volume,
        update: Some(|desk, id, _, after| tag(desk, id, after)),
        delete: |desk, id| desk.ask("ec2", "DeleteVolume", &json!({"VolumeId": id})).map(drop),
        list: |desk| ids(desk, "DescribeVolumes", "Volumes", "VolumeId"),
        done: |desk, id| Ok(volume(desk, id)?["State"] != "creating"),
        ..PLAIN
    },
    Type {
        name: "AWS::EC2::VolumeAttachment",
        key: &["VolumeId", "InstanceId"],
        required: &["VolumeId", "InstanceId"],
        create: |desk, properties| {
            let device = members::text(properties, "Device").unwrap_or("/dev/sdf").to_owned();
            desk.ask_with("ec2", "AttachVolume", properties, json!({"Device": device}))?;
            let text = |key| members::required(properties, key);
            Ok(format!("{}|{}", text("VolumeId"), text("InstanceId")))
        },
        read: |desk, id| {
            let found = attachment(desk, id)?;
            Ok(json!({"VolumeId": found["VolumeId"], "InstanceId": found["InstanceId"], "Device": found["Device"]}))
        },
        delete: |desk, id| {
            let (volume, instance) = parts(id);
            desk.ask("ec2", "DetachVolume", &json!({"VolumeId": volume, "InstanceId": instance})).map(drop)
        },
        list: |desk| {
            let rows = desk.all("ec2", "DescribeVolumes", json!({}), "Volumes", ("NextToken", "NextToken"))?;
            let attachments = rows.iter().flat_map(|row| members::list(row, "Attachments"));
            let id = |of: &Value| format!("{}|{}", members::required(of, "VolumeId"), members::required(of, "InstanceId"));
            Ok(attachments.map(id).collect())
        },
        done: |desk, id| Ok(attachment(desk, id)?["State"] == "attached"),
        ..PLAIN
    },
    Type {
        name: "AWS::EC2::SecurityGroup",
        key: &["GroupId"],
        named: Some("GroupName"),
        required: &["GroupDescription"],
        fixed: &["GroupDescription", "GroupName", "VpcId"],
        create: create_group,
        read: read_group,
        update: Some(update_group),
        delete: |desk, id| desk.ask("ec2", "DeleteSecurityGroup", &json!({"GroupId": id})).map(drop),
        list: |desk| ids(desk, "DescribeSecurityGroups", "SecurityGroups", "GroupId"),
        ..PLAIN
    },
    Type {
        name: "AWS::EC2::VPC",
        key: &["VpcId"],
        fixed: &["CidrBlock"],
        create: |desk, properties| {
            let made = desk.ask_with("ec2", "CreateVpc", properties, specified("vpc", properties))?;
            Ok(made["Vpc"]["VpcId"].as_str().unwrap_or_default().to_owned())
        },
        read: |desk, id| {
            let found = first(desk, "DescribeVpcs", json!({"VpcIds": [id]}), "Vpcs", id)?;
            let filters = json!([{"Name": "vpc-id", "Values": [id]}, {"Name": "group-name", "Values": ["default"]}]);
            let group = first(desk, "DescribeSecurityGroups", json!({"Filters": filters}), "SecurityGroups", id)?;
            Ok(json!({"VpcId": id, "CidrBlock": found["CidrBlock"], "DefaultSecurityGroup": group["GroupId"]}))
        },
        update: Some(|desk, id, _, after| tag(desk, id, after)),
        delete: |desk, id| desk.ask("ec2", "DeleteVpc", &json!({"VpcId": id})).map(drop),
        list: |desk| ids(desk, "DescribeVpcs", "Vpcs", "VpcId"),
        ..PLAIN
    },
    Type {
        name: "AWS::EC2::Subnet",
        key: &["SubnetId"],
        required: &["VpcId"],
        fixed: &["AvailabilityZone", "CidrBlock", "VpcId"],
        create: |desk, properties| {
            let made = desk.ask_with("ec2", "CreateSubnet", properties, specified("subnet", properties))?;
            Ok(made["Subnet"]["SubnetId"].as_str().unwrap_or_default().to_owned())
        },
        read: |desk, id| {
            let found = first(desk, "DescribeSubnets", json!({"SubnetIds": [id]}), "Subnets", id)?;
            Ok(Members::new().copy(&found, &["SubnetId", "VpcId", "CidrBlock", "AvailabilityZone"]).done())
        },
        update: Some(|desk, id, _, after| tag(desk, id, after)),
        delete: |desk, id| desk.ask("ec2", "DeleteSubnet", &json!({"SubnetId": id})).map(drop),
        list: |desk| ids(desk, "DescribeSubnets", "Subnets", "SubnetId"),
        ..PLAIN
    },
];

/// CloudFormation's tags in the form that EC2 takes when something is made.
fn specified(kind: &str, properties: &Value) -> Value {
    match properties.get("Tags") {
        Some(tags) => json!({"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]}),
        None => json!({}),
    }
}

fn tag(desk: &mut Desk<'_>, id: &str, after: &Value) -> Result<(), Refusal> {
    match after.get("Tags") {
        Some(tags) => desk.ask("ec2", "CreateTags", &json!({"Resources": [id], "Tags": tags})).map(drop),
        None => Ok(()),
    }
}

/// The first row of a description.
fn first(desk: &mut Desk<'_>, operation: &str, input: Value, list: &str, id: &str) -> Answer {
    let told = desk.ask("ec2", operation, &input)?;
    members::list(&told, list).first().cloned().ok_or_else(|| not_found(id))
}

fn instance(desk: &mut Desk<'_>, id: &str) -> Answer {
    let reservation = first(desk, "DescribeInstances", json!({"InstanceIds": [id]}), "Reservations", id)?;
    members::list(&reservation, "Instances").first().cloned().ok_or_else(|| not_found(id))
}

fn volume(desk: &mut Desk<'_>, id: &str) -> Answer {
    first(desk, "DescribeVolumes", json!({"VolumeIds": [id]}), "Volumes", id)
}

fn attachment(desk: &mut Desk<'_>, id: &str) -> Answer {
    let (of, instance) = parts(id);
    let found = volume(desk, of)?;
    let attachments = members::list(&found, "Attachments");
    let held = attachments.iter().find(|attachment| members::text(attachment, "InstanceId") == Some(instance));
    held.cloned().ok_or_else(|| not_found(id))
}

/// The ids of all of a kind; instances are in reservations.
fn ids(desk: &mut Desk<'_>, operation: &str, list: &str, id: &str) -> Result<Vec<String>, Refusal> {
    let rows = desk.all("ec2", operation, json!({}), list, ("NextToken", "NextToken"))?;
    let rows = rows
        .iter()
        .flat_map(|row| if list == "Reservations" { members::list(row, "Instances").to_vec() } else { vec![row.clone()] });
    let told = rows.filter(|row| row["State"]["Name"] != "terminated");
    Ok(told.map(|row| members::required(&row, id).to_owned()).collect())
}

fn run(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let zone = members::text(properties, "AvailabilityZone");
    let profile = properties.get("IamInstanceProfile").map(|name| json!({"Name": name}));
    let more = json!({
        "MinCount": 1, "MaxCount": 1, "Monitoring": null,
        "Placement": zone.map(|zone| json!({"AvailabilityZone": zone})), "IamInstanceProfile": profile,
        "TagSpecifications": specified("instance", properties).get("TagSpecifications"),
    });
    let made = desk.ask_with("ec2", "RunInstances", properties, more)?;
    let id = members::list(&made, "Instances").first().map(|instance| members::required(instance, "InstanceId").to_owned());
    let id = id.ok_or_else(|| Refusal::new("InternalFailure", "No instance was made"))?;
    for mounted in members::list(properties, "Volumes").to_vec() {
        desk.ask_with("ec2", "AttachVolume", &mounted, json!({"InstanceId": id}))?;
    }
    Ok(id)
}

fn read_instance(desk: &mut Desk<'_>, id: &str) -> Answer {
    let found = instance(desk, id)?;
    if found["State"]["Name"] == "terminated" {
        return Err(not_found(id));
    }
    Ok(Members::new()
        .copy(&found, &["InstanceId", "ImageId", "InstanceType", "SubnetId", "VpcId", "PrivateIpAddress", "State", "Tags"])
        .set("PrivateIp", found["PrivateIpAddress"].clone())
        .set("PrivateDnsName", found["PrivateDnsName"].clone())
        .set("PublicIp", found["PublicIpAddress"].clone())
        .set("PublicDnsName", found["PublicDnsName"].clone())
        .set("AvailabilityZone", found["Placement"]["AvailabilityZone"].clone())
        .done())
}

fn read_volume(desk: &mut Desk<'_>, id: &str) -> Answer {
    let found = volume(desk, id)?;
    let known = &["VolumeId", "AvailabilityZone", "Size", "VolumeType", "Iops", "Throughput", "Encrypted", "KmsKeyId", "Tags"];
    let snapshot = members::text(&found, "SnapshotId").filter(|id| !id.is_empty()).map(str::to_owned);
    Ok(Members::new().copy(&found, known).maybe("SnapshotId", snapshot).done())
}

/// One rule of a template, as EC2 has it.
fn rule(of: &Value) -> Value {
    let mut rule = Members::new().copy(of, &["IpProtocol", "FromPort", "ToPort"]).done();
    let words = of.get("Description");
    if let Some(block) = of.get("CidrIp") {
        rule["IpRanges"] = json!([{"CidrIp": block}]);
        if let Some(words) = words {
            rule["IpRanges"][0]["Description"] = words.clone();
        }
    }
    if let Some(block) = of.get("CidrIpv6") {
        rule["Ipv6Ranges"] = json!([{"CidrIpv6": block}]);
    }
    if let Some(group) = of.get("SourceSecurityGroupId").or_else(|| of.get("DestinationSecurityGroupId")) {
        rule["UserIdGroupPairs"] = json!([{"GroupId": group}]);
    }
    rule
}

const SIDES: [(&str, &str, &str); 2] = [
    ("SecurityGroupIngress", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"),
    ("SecurityGroupEgress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"),
];

fn create_group(desk: &mut Desk<'_>, properties: &Value) -> Result<String, Refusal> {
    let more = json!({
        "Description": properties["GroupDescription"],
        "TagSpecifications": specified("security-group", properties).get("TagSpecifications"),
    });
    let made = desk.ask_with("ec2", "CreateSecurityGroup", properties, more)?;
    let id = members::required(&made, "GroupId").to_owned();
    update_group(desk, &id, &json!({}), properties)?;
    Ok(id)
}

fn update_group(desk: &mut Desk<'_>, id: &str, before: &Value, after: &Value) -> Result<(), Refusal> {
    for (side, authorize, revoke) in SIDES {
        if !changed(before, after).iter().any(|name| name == side) {
            continue;
        }
        let rules = |of: &Value| -> Vec<Value> { members::list(of, side).iter().map(rule).collect() };
        let mut gone = rules(before);
        if side == "SecurityGroupEgress" && gone.is_empty() {
            // A template's own rules take the place of the one that lets everything out.
            gone.push(json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}));
        }
        let fresh = rules(after);
        let gone: Vec<_> = gone.into_iter().filter(|rule| !fresh.contains(rule)).collect();
        if !gone.is_empty() {
            desk.ask("ec2", revoke, &json!({"GroupId": id, "IpPermissions": gone}))?;
        }
        let known = rules(before);
        let fresh: Vec<_> = fresh.into_iter().filter(|rule| !known.contains(rule)).collect();
        if !fresh.is_empty() {
            desk.ask("ec2", authorize, &json!({"GroupId": id, "IpPermissions": fresh}))?;
        }
    }
    tag(desk, id, after)
}

fn read_group(desk: &mut Desk<'_>, id: &str) -> Answer {
    let found = first(desk, "DescribeSecurityGroups", json!({"GroupIds": [id]}), "SecurityGroups", id)?;
    Ok(json!({"GroupId": id, "Id": id, "GroupName": found["GroupName"], "VpcId": found["VpcId"],
        "GroupDescription": found["Description"]}))
}

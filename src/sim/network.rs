//! The network of a site and the resources in it: the one truth that EC2, RDS, EFS, FSx, AWS Backup, CloudFormation and Cloud
//! Control look at and change.
//!
//! A resource's state is a function of the time, laid down when it is made or changed, so that nothing has to be woken for it. This
//! file must not know of calls or of how a service tells a resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::seed;

/// The network of a site, and what stands in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// KMS keys and aliases, as ARNs.
    pub keys: Vec<String>,
    /// By ARN.
    pub resources: BTreeMap<String, Resource>,
}

/// A resource: an instance, a volume, a subnet, a table, a database, a file system, a bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    /// AWS Backup's ResourceType where it has one (EC2, EBS, DynamoDB, RDS, Aurora, EFS, FSx, S3), else the service's word for it
    /// (VPC, Subnet, SecurityGroup, DBSubnetGroup).
    pub kind: String,
    /// The id or name at the end of the ARN.
    pub name: String,
    /// The Availability Zone, of what has one.
    pub zone: Option<String>,
    /// The resource that this one was restored from.
    pub source: Option<Arc<str>>,
    /// The instance id and device that a volume is attached to.
    pub attached: Option<(String, String)>,
    /// Its states, in the order of their times.
    pub life: Life,
    /// The moment that its data is of, where it was restored.
    pub data_of: Option<DateTime<Utc>>,
    /// What its service tells of it beside state, tags and ids: AWS's members.
    pub members: Map<String, Value>,
    /// Key to value.
    pub tags: BTreeMap<String, String>,
}

/// The states of a resource over time. The empty state: it is gone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    /// When it was made; `None`: long before the start.
    pub made: Option<DateTime<Utc>>,
    states: Vec<(DateTime<Utc>, &'static str)>,
}

impl Life {
    /// Begins at `now` with these states, each with its time.
    pub fn begin(now: DateTime<Utc>, states: &[(DateTime<Utc>, &'static str)]) -> Self {
        Self { made: Some(now), states: states.to_vec() }
    }

    /// Goes on with these states; what was to come of the earlier ones does not.
    pub fn go_on(&mut self, now: DateTime<Utc>, states: &[(DateTime<Utc>, &'static str)]) {
        self.states.retain(|(at, _)| *at <= now);
        self.states.extend_from_slice(states);
    }

    /// The state at `now`; `otherwise` where none was laid down. The empty text: it is gone.
    pub fn at(&self, now: DateTime<Utc>, otherwise: &'static str) -> &'static str {
        self.states.iter().rev().find(|(at, _)| *at <= now).map_or(otherwise, |(_, state)| state)
    }

    /// When the state that holds at `now` began.
    pub fn since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.states.iter().rev().find(|(at, _)| *at <= now).map(|(at, _)| *at)
    }

    /// Is it gone?
    pub fn over(&self, now: DateTime<Utc>) -> bool {
        self.at(now, "-").is_empty()
    }
}

impl Resource {
    /// A resource of this kind and name with these members.
    pub fn new(kind: &str, name: &str, members: Value) -> Self {
        let members = if let Value::Object(members) = members { members } else { Map::new() };
        Self { kind: kind.to_owned(), name: name.to_owned(), members, ..Self::default() }
    }

    /// The text in a member.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }
}

impl Network {
    /// The network of an account that nobody has changed yet: the default VPC with a subnet in each zone and its security group.
    pub fn default_of(account: &str, region: &str) -> Self {
        let mut network = Self::default();
        let place = format!("{account} {region}");
        let vpc = format!("vpc-0{:016x}", seed::hash(0, &place));
        network.add_vpc(account, region, &vpc, "172.31.0.0/16", true);
        for (number, zone) in Self::zones(region).iter().enumerate() {
            let id = format!("subnet-0{:016x}", seed::hash(1, &format!("{place} {zone}")));
            network.add_subnet(account, region, &id, &vpc, zone, &format!("172.31.{}.0/20", number * 16));
        }
        let group = format!("sg-0{:016x}", seed::hash(2, &place));
        network.add_group(account, region, &group, &vpc, "default");
        network
    }

    /// The default VPC, if there is one.
    pub fn default_vpc(&self) -> Option<&Resource> {
        self.of("VPC").map(|(_, vpc)| vpc).find(|vpc| vpc.members.get("IsDefault") == Some(&true.into()))
    }

    /// Is there such a DB subnet group? The default one is made with the first database in the default VPC.
    pub fn has_db_subnets(&self, name: &str) -> bool {
        self.find("DBSubnetGroup", name).is_some() || (name == "default" && self.default_vpc().is_some())
    }

    /// Makes the default DB subnet group, if it is not there and there is a default VPC.
    pub fn make_db_subnets(&mut self, account: &str, region: &str) {
        let vpc = self.default_vpc().map(|vpc| vpc.name.clone());
        if let Some(vpc) = vpc.filter(|_| self.find("DBSubnetGroup", "default").is_none()) {
            let members = json!({"DBSubnetGroupDescription": "default", "VpcId": vpc});
            let group = Resource::new("DBSubnetGroup", "default", members);
            self.resources.insert(format!("arn:aws:rds:{region}:{account}:subgrp:default"), group);
        }
    }

    /// Adds a VPC.
    pub fn add_vpc(&mut self, account: &str, region: &str, id: &str, block: &str, default: bool) {
        let vpc = Resource::new("VPC", id, json!({"CidrBlock": block, "IsDefault": default, "InstanceTenancy": "default"}));
        self.resources.insert(format!("arn:aws:ec2:{region}:{account}:vpc/{id}"), vpc);
    }

    /// Adds a subnet.
    pub fn add_subnet(&mut self, account: &str, region: &str, id: &str, vpc: &str, zone: &str, block: &str) {
        let default = self.find("VPC", vpc).and_then(|vpc| vpc.members.get("IsDefault")).cloned().unwrap_or(false.into());
        let members = json!({"VpcId": vpc, "CidrBlock": block, "DefaultForAz": default, "MapPublicIpOnLaunch": default});
        let subnet = Resource { zone: Some(zone.to_owned()), ..Resource::new("Subnet", id, members) };
        self.resources.insert(format!("arn:aws:ec2:{region}:{account}:subnet/{id}"), subnet);
    }

    /// Adds a security group that lets everything out.
    pub fn add_group(&mut self, account: &str, region: &str, id: &str, vpc: &str, name: &str) {
        let out = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [],
            "UserIdGroupPairs": []}]);
        let inward = if name == "default" {
            json!([{"IpProtocol": "-1", "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [],
                "UserIdGroupPairs": [{"GroupId": id, "UserId": account}]}])
        } else {
            json!([])
        };
        let words = if name == "default" { "default VPC security group" } else { name };
        let members = json!({"GroupName": name, "Description": words, "VpcId": vpc, "IpPermissions": inward,
            "IpPermissionsEgress": out});
        let group = Resource::new("SecurityGroup", id, members);
        self.resources.insert(format!("arn:aws:ec2:{region}:{account}:security-group/{id}"), group);
    }

    /// The Availability Zones of a Region, as this world has them.
    pub fn zones(region: &str) -> [String; 3] {
        ["a", "b", "c"].map(|letter| format!("{region}{letter}"))
    }

    /// The resources of a kind, with their ARNs, in the order of the ARNs.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Resource)> {
        self.resources.iter().filter(move |(_, resource)| resource.kind == kind)
    }

    /// The resource of this kind and name.
    pub fn find(&self, kind: &str, name: &str) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.kind == kind && resource.name == name)
    }

    /// The same, to change it.
    pub fn find_mut(&mut self, kind: &str, name: &str) -> Option<&mut Resource> {
        self.resources.values_mut().find(|resource| resource.kind == kind && resource.name == name)
    }

    /// The copy that was restored from the resource with this ARN.
    pub fn restored(&self, source: &str) -> Option<&Resource> {
        self.resources.values().find(|resource| resource.source.as_deref() == Some(source))
    }

    /// Attaches a volume to an instance.
    ///
    /// # Errors
    /// EC2's refusal, as `Code: sentence` parts.
    pub fn attach(
        &mut self,
        volume: &str,
        instance: &str,
        device: &str,
        now: DateTime<Utc>,
    ) -> Result<(), (&'static str, String)> {
        let to = self.find("EC2", instance).filter(|to| !to.life.over(now));
        let to = to.ok_or_else(|| ("InvalidInstanceID.NotFound", format!("The instance ID '{instance}' does not exist")))?;
        let (zone, state) = (to.zone.clone(), to.life.at(now, "running"));
        if !["running", "stopped", "stopping"].contains(&state) {
            return Err(("IncorrectState", format!("Instance '{instance}' is not 'running'.")));
        }
        let taken =
            self.of("EBS").any(|(_, other)| other.attached.as_ref().is_some_and(|(to, at)| to == instance && at == device));
        let found = self.find_mut("EBS", volume).filter(|found| !found.life.over(now));
        let found = found.ok_or_else(|| ("InvalidVolume.NotFound", format!("The volume '{volume}' does not exist.")))?;
        if found.zone != zone {
            let words = format!("The volume '{volume}' is not in the same availability zone as instance '{instance}'");
            return Err(("InvalidVolume.ZoneMismatch", words));
        }
        if let Some((holder, _)) = &found.attached {
            return Err(("VolumeInUse", format!("{volume} is already attached to an instance: {holder}")));
        }
        if found.life.at(now, "available") != "available" {
            return Err(("IncorrectState", format!("Volume '{volume}' is not in the 'available' state.")));
        }
        if taken {
            let words = format!("Invalid value '{device}' for unixDevice. Attachment point {device} is already in use");
            return Err(("InvalidParameterValue", words));
        }
        found.attached = Some((instance.to_owned(), device.to_owned()));
        found.members.insert("AttachTime".to_owned(), super::members::stamp(now));
        Ok(())
    }
}

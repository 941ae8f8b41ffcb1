//! EC2: instances, volumes, and the network that they stand in. All of it is the site's network and resources; nothing is kept here.

mod attributes;
mod fingerprint;
mod groups;
mod images;
pub mod instances;
mod listing;
mod networks;
mod own_images;
mod tags;
pub mod volumes;
mod zones;

pub use zones::id_of;

use crate::sim::call::{Answer, Call, Refusal};
use crate::sim::members;
use crate::sim::service::coverage::{Operation, changes, reads};
use crate::sim::world::World;

/// What holds for all of the service.
pub const NOTE: &str = "Data planes are not modelled: nothing runs on an instance. In an empty estate every well-formed image id is \
                        taken, in a scenario only images that are there.";

/// What is modelled.
pub const OPERATIONS: &[Operation] = &[
    changes("AttachVolume", ""),
    changes("AuthorizeSecurityGroupEgress", "rules are merged as given, and get no ids"),
    changes("AuthorizeSecurityGroupIngress", "rules are merged as given, and get no ids"),
    changes("CreateImage", "nothing is on the snapshots"),
    changes("CreateKeyPair", "the key material is not a real key"),
    changes("CreateSecurityGroup", ""),
    changes("CreateSnapshot", ""),
    changes("CreateSubnet", "blocks are not held against each other"),
    changes("CreateTags", ""),
    changes("CreateVolume", ""),
    changes("CreateVpc", ""),
    changes("DeleteKeyPair", ""),
    changes("DeleteSecurityGroup", ""),
    changes("DeleteSnapshot", ""),
    changes("DeleteSubnet", ""),
    changes("DeleteTags", ""),
    changes("DeleteVolume", ""),
    changes("DeleteVpc", ""),
    changes("DeregisterImage", ""),
    reads("DescribeAvailabilityZones", "three zones in every Region; of the filters those on names, states and Regions"),
    reads("DescribeImages", "two images of Amazon Linux in every Region, those of callers, and the images of recovery points"),
    reads("DescribeInstanceAttribute", ""),
    reads("DescribeInstanceStatus", ""),
    reads("DescribeInstances", ""),
    reads("DescribeKeyPairs", ""),
    reads("DescribeRegions", "the Regions that are enabled by default"),
    reads("DescribeSecurityGroups", ""),
    reads("DescribeSnapshots", "the snapshots of callers and of recovery points"),
    reads("DescribeSubnets", ""),
    reads("DescribeTags", ""),
    reads("DescribeVolumeStatus", "volumes that were made from snapshots initialise at 50 MiB/s"),
    reads("DescribeVolumes", ""),
    reads("DescribeVpcs", ""),
    changes("DetachVolume", "at once"),
    changes("ImportKeyPair", ""),
    changes("ModifyInstanceAttribute", ""),
    changes("ModifySubnetAttribute", "public addresses at launch only"),
    changes("ModifyVpcAttribute", ""),
    changes("RebootInstances", ""),
    changes("RevokeSecurityGroupEgress", ""),
    changes("RevokeSecurityGroupIngress", ""),
    changes("RunInstances", "launch templates, spot requests and network interfaces beyond the first are passed over"),
    changes("StartInstances", ""),
    changes("StopInstances", ""),
    changes("TerminateInstances", ""),
];

/// Answers one call to EC2.
///
/// # Errors
/// As AWS refuses it.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    if members::flag(&call.input, "DryRun") == Some(true) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(Refusal::new("DryRunOperation", message).status(412));
    }
    match call.operation.as_str() {
        "DescribeAvailabilityZones" => zones::zones(world, call),
        "DescribeRegions" => zones::regions(call),
        "RunInstances" => instances::run(world, call),
        "StartInstances" | "StopInstances" | "TerminateInstances" | "RebootInstances" => instances::turn(world, call),
        "DescribeInstances" => instances::describe(world, call),
        "DescribeInstanceStatus" => instances::status(world, call),
        "DescribeInstanceAttribute" => attributes::describe(world, call),
        "ModifyInstanceAttribute" => attributes::modify(world, call),
        "ModifySubnetAttribute" => attributes::modify_subnet(world, call),
        "DescribeVolumes" => volumes::describe(world, call),
        "DescribeVolumeStatus" => volumes::status(world, call),
        "CreateVolume" => volumes::create(world, call),
        "AttachVolume" => volumes::attach(world, call),
        "DetachVolume" => volumes::detach(world, call),
        "DeleteVolume" => volumes::delete(world, call),
        "DescribeSnapshots" => images::snapshots(world, call),
        "CreateSnapshot" => images::create_snapshot(world, call),
        "DeleteSnapshot" => images::delete_snapshot(world, call),
        "DescribeImages" => images::images(world, call),
        "CreateImage" => own_images::create(world, call),
        "DeregisterImage" => own_images::deregister(world, call),
        "DescribeKeyPairs" => images::key_pairs(world, call),
        "CreateKeyPair" | "ImportKeyPair" => images::add_key_pair(world, call),
        "DeleteKeyPair" => images::delete_key_pair(world, call),
        "DescribeVpcs" => networks::vpcs(world, call),
        "CreateVpc" => networks::create_vpc(world, call),
        "DeleteVpc" => networks::delete(world, call, "VPC", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
        "ModifyVpcAttribute" => networks::modify_vpc(world, call),
        "DescribeSubnets" => networks::subnets(world, call),
        "CreateSubnet" => networks::create_subnet(world, call),
        "DeleteSubnet" => networks::delete(world, call, "Subnet", "SubnetId", "InvalidSubnetID.NotFound", "subnet ID"),
        "DescribeSecurityGroups" => groups::describe(world, call),
        "CreateSecurityGroup" => groups::create(world, call),
        "DeleteSecurityGroup" => groups::delete(world, call),
        "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress" => groups::authorize(world, call),
        "RevokeSecurityGroupIngress" | "RevokeSecurityGroupEgress" => groups::revoke(world, call),
        "CreateTags" | "DeleteTags" => tags::change(world, call),
        "DescribeTags" => tags::describe(world, call),
        _ => Err(super::unknown(call)),
    }
}

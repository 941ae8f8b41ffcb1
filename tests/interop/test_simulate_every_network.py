"""The rest of EC2's, RDS's, EFS's, FSx's, CloudFormation's and Cloud Control's operations, with what each changes read back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from processes import Aws, wait_until
from test_simulate_data import paged
from test_simulate_infrastructure import pages
from test_simulate_messaging import ACCOUNT, REGION, empty, refused

WAIT = {"Delay": 1, "MaxAttempts": 60}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A world whose minute is half a second."""
    with empty(tmp_path_factory.mktemp("every-network"), "--speed", "120") as aws:
        yield aws


def test_networks_groups_and_keys_are_made_changed_and_deleted(aws: Aws):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc], WaiterConfig=WAIT)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
        for number in range(3)
    ]
    ec2.get_waiter("subnet_available").wait(SubnetIds=subnets, WaiterConfig=WAIT)
    ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    assert {row["SubnetId"]: row["MapPublicIpOnLaunch"] for row in ec2.describe_subnets(Filters=inside)["Subnets"]} == {
        subnets[0]: True, subnets[1]: False, subnets[2]: False
    }  # fmt: skip
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rule)
    told = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert told["IpPermissions"][0]["FromPort"] == 443 and len(told["IpPermissionsEgress"]) == 2
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=rule)
    told = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert told["IpPermissions"] == [] and len(told["IpPermissionsEgress"]) == 1
    ec2.create_tags(Resources=[group, vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "a"}])
    tags = paged(ec2, "describe_tags", "Tags", Filters=[{"Name": "resource-id", "Values": [group, vpc]}])
    assert sorted((tag["ResourceId"], tag["Key"]) for tag in tags) == sorted([(group, "a"), (group, "b"), (vpc, "b")])
    assert ec2.create_key_pair(KeyName="made")["KeyMaterial"]
    public = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMaW3tS1pLTcVBRfC6pC9kT8DWl0cVKXk4ZVmKS3dDAF test"
    ec2.import_key_pair(KeyName="brought", PublicKeyMaterial=public)
    assert sorted(key["KeyName"] for key in ec2.describe_key_pairs()["KeyPairs"]) == ["brought", "made"]
    for name in ("brought", "made"):
        ec2.delete_key_pair(KeyName=name)
    refused(lambda: ec2.delete_vpc(VpcId=vpc), "DependencyViolation")
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    refused(lambda: ec2.describe_vpcs(VpcIds=[vpc]), "InvalidVpcID.NotFound")


def test_instances_and_volumes_stop_start_and_part(aws: Aws):
    ec2 = aws.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=3, MaxCount=3)["Instances"]
    ids = [row["InstanceId"] for row in made]
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=WAIT)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=ids, WaiterConfig=WAIT)
    assert {row["InstanceState"]["Name"] for row in paged(ec2, "describe_instance_status", "InstanceStatuses")} == {"running"}
    assert len([row for block in paged(ec2, "describe_instances", "Reservations") for row in block["Instances"]]) == 3
    ec2.reboot_instances(InstanceIds=ids[:1])
    ec2.stop_instances(InstanceIds=ids[:1])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids[:1], WaiterConfig=WAIT)
    ec2.modify_instance_attribute(InstanceId=ids[0], InstanceType={"Value": "t3.large"})
    assert ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="instanceType")["InstanceType"] == {"Value": "t3.large"}
    ec2.start_instances(InstanceIds=ids[:1])
    ec2.get_waiter("instance_running").wait(InstanceIds=ids[:1], WaiterConfig=WAIT)
    own = ec2.create_image(InstanceId=ids[0], Name="golden")["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[own], WaiterConfig=WAIT)
    ec2.deregister_image(ImageId=own)
    refused(lambda: ec2.describe_images(ImageIds=[own]), "InvalidAMIID.NotFound")
    zone = made[0]["Placement"]["AvailabilityZone"]
    volume = ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=WAIT)
    ec2.attach_volume(VolumeId=volume, InstanceId=ids[0], Device="/dev/sdf")
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig=WAIT)
    assert ec2.describe_volume_status(VolumeIds=[volume])["VolumeStatuses"][0]["VolumeStatus"]["Status"] == "ok"
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=WAIT)
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig=WAIT)
    ec2.delete_volume(VolumeId=volume)
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume], WaiterConfig=WAIT)
    ec2.delete_snapshot(SnapshotId=snapshot)
    refused(lambda: ec2.describe_snapshots(SnapshotIds=[snapshot]), "InvalidSnapshot.NotFound")
    assert {row["RegionName"] for row in ec2.describe_regions()["Regions"]} >= {"eu-west-1", "us-east-1"}
    assert len(ec2.describe_availability_zones()["AvailabilityZones"]) == 3
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=WAIT)


def test_databases_are_snapshot_copied_restored_stopped_and_started(aws: Aws):
    rds, ec2 = aws.client("rds"), aws.client("ec2")
    subnets = [row["SubnetId"] for row in ec2.describe_subnets()["Subnets"]]
    for number in range(3):
        rds.create_db_subnet_group(DBSubnetGroupName=f"net-{number}", DBSubnetGroupDescription="d", SubnetIds=subnets[:2])
        rds.create_db_parameter_group(DBParameterGroupName=f"set-{number}", DBParameterGroupFamily="postgres16", Description="d")
    rds.modify_db_subnet_group(DBSubnetGroupName="net-0", SubnetIds=subnets)
    groups = {row["DBSubnetGroupName"]: len(row["Subnets"]) for row in paged(rds, "describe_db_subnet_groups", "DBSubnetGroups")}
    assert groups["net-0"] == len(subnets) and groups["net-1"] == 2
    assert {row["DBParameterGroupName"] for row in paged(rds, "describe_db_parameter_groups", "DBParameterGroups")} >= {"set-0", "set-1"}
    made = rds.create_db_instance(
        DBInstanceIdentifier="one", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20, MasterUsername="admin1",
        MasterUserPassword="not-a-secret", DBSubnetGroupName="net-0",
    )["DBInstance"]  # fmt: skip
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="one", WaiterConfig=WAIT)
    rds.add_tags_to_resource(ResourceName=made["DBInstanceArn"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    rds.remove_tags_from_resource(ResourceName=made["DBInstanceArn"], TagKeys=["a"])
    assert rds.list_tags_for_resource(ResourceName=made["DBInstanceArn"])["TagList"] == [{"Key": "b", "Value": "2"}]
    rds.modify_db_instance(DBInstanceIdentifier="one", DBInstanceClass="db.t3.small", ApplyImmediately=True)
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="one", WaiterConfig=WAIT)
    assert rds.describe_db_instances(DBInstanceIdentifier="one")["DBInstances"][0]["DBInstanceClass"] == "db.t3.small"
    rds.create_db_snapshot(DBInstanceIdentifier="one", DBSnapshotIdentifier="snap")
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="snap", WaiterConfig=WAIT)
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="snap", TargetDBSnapshotIdentifier="snap-copy")
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="snap-copy", WaiterConfig=WAIT)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="two", DBSnapshotIdentifier="snap-copy")
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="two", WaiterConfig=WAIT)
    rds.reboot_db_instance(DBInstanceIdentifier="two")
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="two", WaiterConfig=WAIT)

    def status() -> str:
        return rds.describe_db_instances(DBInstanceIdentifier="two")["DBInstances"][0]["DBInstanceStatus"]

    rds.stop_db_instance(DBInstanceIdentifier="two")
    wait_until("it stopped", lambda: status() == "stopped", 60)
    rds.start_db_instance(DBInstanceIdentifier="two")
    wait_until("it started", lambda: status() == "available", 60)
    assert {row["DBSnapshotIdentifier"] for row in paged(rds, "describe_db_snapshots", "DBSnapshots")} >= {"snap", "snap-copy"}
    for name in ("snap", "snap-copy"):
        rds.delete_db_snapshot(DBSnapshotIdentifier=name)
    for name in ("one", "two"):
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier=name, WaiterConfig=WAIT)
    for number in range(3):
        rds.delete_db_subnet_group(DBSubnetGroupName=f"net-{number}")
        rds.delete_db_parameter_group(DBParameterGroupName=f"set-{number}")
    assert paged(rds, "describe_events", "Events", SourceType="db-instance", Duration=10000)


def test_clusters_are_snapshot_copied_restored_stopped_and_started(aws: Aws):
    rds = aws.client("rds")
    rds.create_db_cluster(DBClusterIdentifier="c", Engine="aurora-postgresql", MasterUsername="admin1", MasterUserPassword="not-a-secret")
    rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier="c", WaiterConfig=WAIT)
    rds.modify_db_cluster(DBClusterIdentifier="c", BackupRetentionPeriod=9, ApplyImmediately=True)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="c", DBClusterSnapshotIdentifier="snap")
    rds.get_waiter("db_cluster_snapshot_available").wait(DBClusterSnapshotIdentifier="snap", WaiterConfig=WAIT)
    rds.copy_db_cluster_snapshot(SourceDBClusterSnapshotIdentifier="snap", TargetDBClusterSnapshotIdentifier="copy")
    rds.get_waiter("db_cluster_snapshot_available").wait(DBClusterSnapshotIdentifier="copy", WaiterConfig=WAIT)
    rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="d", SnapshotIdentifier="copy", Engine="aurora-postgresql")
    rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier="d", WaiterConfig=WAIT)
    clusters = {row["DBClusterIdentifier"]: row for row in paged(rds, "describe_db_clusters", "DBClusters")}
    assert sorted(clusters) == ["c", "d"] and clusters["c"]["BackupRetentionPeriod"] == 9
    assert len(paged(rds, "describe_db_cluster_snapshots", "DBClusterSnapshots")) == 2

    def status() -> str:
        return rds.describe_db_clusters(DBClusterIdentifier="d")["DBClusters"][0]["Status"]

    rds.stop_db_cluster(DBClusterIdentifier="d")
    wait_until("it stopped", lambda: status() == "stopped", 60)
    rds.start_db_cluster(DBClusterIdentifier="d")
    wait_until("it started", lambda: status() == "available", 60)
    for name in ("snap", "copy"):
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    for name in ("c", "d"):
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
        rds.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=name, WaiterConfig=WAIT)


def test_file_systems_keep_what_they_are_told(aws: Aws):
    efs, ec2, fsx = aws.client("efs"), aws.client("ec2"), aws.client("fsx")
    systems = [efs.create_file_system(CreationToken=str(number)) for number in range(3)]
    system = systems[0]["FileSystemId"]
    wait_until(
        "it is there", lambda: efs.describe_file_systems(FileSystemId=system)["FileSystems"][0]["LifeCycleState"] == "available"
    )
    assert len(paged(efs, "describe_file_systems", "FileSystems")) == 3
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    target = efs.create_mount_target(FileSystemId=system, SubnetId=subnet)["MountTargetId"]
    efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[group])
    assert efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"] == [group]
    points = [efs.create_access_point(ClientToken=str(number), FileSystemId=system)["AccessPointId"] for number in range(3)]
    listed = paged(efs, "describe_access_points", "AccessPoints", FileSystemId=system)
    assert sorted(row["AccessPointId"] for row in listed) == sorted(points)
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    efs.put_file_system_policy(FileSystemId=system, Policy=policy)
    assert json.loads(efs.describe_file_system_policy(FileSystemId=system)["Policy"]) == json.loads(policy)
    efs.delete_file_system_policy(FileSystemId=system)
    refused(lambda: efs.describe_file_system_policy(FileSystemId=system), "PolicyNotFound")
    efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"})
    assert efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"] in ("ENABLED", "ENABLING")
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}])
    assert efs.describe_lifecycle_configuration(FileSystemId=system)["LifecyclePolicies"] == [{"TransitionToIA": "AFTER_30_DAYS"}]
    efs.tag_resource(ResourceId=system, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    efs.untag_resource(ResourceId=system, TagKeys=["a"])
    assert efs.list_tags_for_resource(ResourceId=system)["Tags"] == [{"Key": "b", "Value": "2"}]
    for point in points:
        efs.delete_access_point(AccessPointId=point)
    efs.delete_mount_target(MountTargetId=target)
    wait_until("no mount target", lambda: efs.describe_mount_targets(FileSystemId=system)["MountTargets"] == [])
    for row in systems:
        efs.delete_file_system(FileSystemId=row["FileSystemId"])
    made = fsx.create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[subnet])["FileSystem"]
    fsx.tag_resource(ResourceARN=made["ResourceARN"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    fsx.untag_resource(ResourceARN=made["ResourceARN"], TagKeys=["a"])
    assert fsx.list_tags_for_resource(ResourceARN=made["ResourceARN"])["Tags"] == [{"Key": "b", "Value": "2"}]
    fsx.delete_file_system(FileSystemId=made["FileSystemId"])


def test_stacks_share_values_are_protected_cancelled_and_rolled_back(aws: Aws):
    formation, control = aws.client("cloudformation"), aws.client("cloudcontrol")

    def body(name: str, **more) -> str:
        resources = {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **more}}}
        outputs = {"Name": {"Value": {"Fn::GetAtt": ["Q", "QueueName"]}, "Export": {"Name": f"{name}-name"}}}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def status(stack: str) -> str:
        return formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]

    formation.create_stack(StackName="giver", TemplateBody=body("given"), EnableTerminationProtection=True)
    formation.get_waiter("stack_create_complete").wait(StackName="giver", WaiterConfig=WAIT)
    taker = {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "given-name"}}}}}
    for number in range(3):
        formation.create_stack(StackName=f"taker-{number}", TemplateBody=json.dumps(taker))
        formation.get_waiter("stack_create_complete").wait(StackName=f"taker-{number}", WaiterConfig=WAIT)
    imports = pages(formation, "list_imports", "Imports", ExportName="given-name")
    assert sorted(imports) == ["taker-0", "taker-1", "taker-2"]
    assert formation.get_template_summary(TemplateBody=json.dumps(taker))["ResourceTypes"] == ["AWS::SNS::Topic"]
    refused(lambda: formation.delete_stack(StackName="giver"), "ValidationError")
    formation.update_termination_protection(StackName="giver", EnableTerminationProtection=False)
    formation.create_change_set(StackName="giver", ChangeSetName="unused", TemplateBody=body("given", DelaySeconds=3))
    formation.get_waiter("change_set_create_complete").wait(StackName="giver", ChangeSetName="unused", WaiterConfig=WAIT)
    formation.delete_change_set(StackName="giver", ChangeSetName="unused")
    refused(lambda: formation.describe_change_set(StackName="giver", ChangeSetName="unused"), "ChangeSetNotFound")

    made = control.create_resource(TypeName="AWS::SQS::Queue", DesiredState=json.dumps({"QueueName": "direct"}))["ProgressEvent"]
    control.get_waiter("resource_request_success").wait(RequestToken=made["RequestToken"], WaiterConfig=WAIT)
    told = control.get_resource_request_status(RequestToken=made["RequestToken"])["ProgressEvent"]
    assert told["OperationStatus"] == "SUCCESS" and told["Identifier"].endswith("/direct")
    assert len(pages(control, "list_resource_requests", "ResourceRequestStatusSummaries")) == 1
    assert ACCOUNT in made.get("Identifier", told["Identifier"])


def test_an_update_whose_rollback_fails_is_continued(aws: Aws):
    formation, sqs = aws.client("cloudformation"), aws.client("sqs")
    resources = {name: {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"roll-{name}", "DelaySeconds": 1}} for name in "AB"}
    resources["B"]["DependsOn"] = "A"
    formation.create_stack(StackName="roll", TemplateBody=json.dumps({"Resources": resources}))
    formation.get_waiter("stack_create_complete").wait(StackName="roll", WaiterConfig=WAIT)
    # One of its queues is gone when the update comes to it, and still gone when what was changed before is to be set back.
    for name in "AB":
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"roll-{name}")["QueueUrl"])
    for row in resources.values():
        row["Properties"]["DelaySeconds"] = 2
    formation.update_stack(StackName="roll", TemplateBody=json.dumps({"Resources": resources}))

    def status() -> str:
        return formation.describe_stacks(StackName="roll")["Stacks"][0]["StackStatus"]

    wait_until("the rollback's failure", lambda: status() == "UPDATE_ROLLBACK_FAILED", 60)
    failed = [
        row["LogicalResourceId"] for row in pages(formation, "list_stack_resources", "StackResourceSummaries", StackName="roll")
        if row["ResourceStatus"] == "UPDATE_FAILED"
    ]  # fmt: skip
    formation.continue_update_rollback(StackName="roll", ResourcesToSkip=failed)
    wait_until("the rollback's end", lambda: status() == "UPDATE_ROLLBACK_COMPLETE", 60)


DATABASE = {
    "Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20", "MasterUsername": "admin1",
    "MasterUserPassword": "not-a-secret",
}  # fmt: skip


def test_what_takes_its_time_can_be_cancelled_and_what_failed_rolled_back(calm: Aws):
    """In a scenario what is made takes its time; nobody waits for it here."""
    there = calm.assume("444455556666", "eu-north-1")
    formation, control = there.client("cloudformation"), there.client("cloudcontrol")

    def status(stack: str) -> str:
        return formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]

    resources = {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}
    formation.create_stack(StackName="slow", TemplateBody=json.dumps({"Resources": resources}))
    wait_until("the stack", lambda: status("slow") == "CREATE_COMPLETE", 60)
    resources["Q"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    formation.update_stack(StackName="slow", TemplateBody=json.dumps({"Resources": resources}))
    assert status("slow") == "UPDATE_IN_PROGRESS"
    formation.cancel_update_stack(StackName="slow")
    wait_until("its rollback", lambda: status("slow").startswith("UPDATE_ROLLBACK_"), 60)
    state = json.dumps(DATABASE | {"DBInstanceIdentifier": "controlled"})
    begun = control.create_resource(TypeName="AWS::RDS::DBInstance", DesiredState=state)["ProgressEvent"]
    assert begun["OperationStatus"] == "IN_PROGRESS"
    cancelled = control.cancel_resource_request(RequestToken=begun["RequestToken"])["ProgressEvent"]
    assert cancelled["OperationStatus"] in ("CANCEL_IN_PROGRESS", "CANCEL_COMPLETE")
    # A stack whose creation failed and was kept as it is can be rolled back by its owner.
    resources["B"] = {"Type": "AWS::SQS::Queue", "DependsOn": "Q", "Properties": {"QueueName": "b", "DelaySeconds": 9999}}
    formation.create_stack(StackName="broken", TemplateBody=json.dumps({"Resources": resources}), DisableRollback=True)
    wait_until("its failure", lambda: status("broken") == "CREATE_FAILED", 60)
    formation.rollback_stack(StackName="broken")
    wait_until("its rollback", lambda: status("broken") == "ROLLBACK_COMPLETE", 60)

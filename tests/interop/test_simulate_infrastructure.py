"""CloudFormation, EC2, Cloud Control, RDS, EFS and FSx of `lifeboat simulate --estate empty`, as boto3 and the AWS CLI see them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from processes import Aws, wait_until
from test_simulate_messaging import ACCOUNT, REGION, empty, refused

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: A queue, who may hear of it, and an instance
Parameters:
  Delay: {Type: Number, Default: 3, MaxValue: 10}
  Big: {Type: String, Default: 'no', AllowedValues: ['yes', 'no']}
Conditions:
  IsBig: !Equals [!Ref Big, 'yes']
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: !Ref Delay
      VisibilityTimeout: !If [IsBig, 600, !Ref AWS::NoValue]
  News:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Sub '${AWS::StackName}-news'}
  Way:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Work.Arn}
  Spare:
    Type: AWS::SQS::Queue
    Condition: IsBig
Outputs:
  Url: {Value: !Ref Work, Export: {Name: !Sub '${AWS::StackName}-url'}}
  Arn: {Value: !Join [':', ['queue', !Select [5, !Split [':', !GetAtt Work.Arn]]]]}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with empty(tmp_path_factory.mktemp("infrastructure")) as aws:
        yield aws


def pages(client, operation: str, key: str, **input) -> list:
    """Every row of a paginator, by twos where the operation lets its caller say so."""
    rows, paginator = [], client.get_paginator(operation)
    limit = paginator._pagination_cfg.get("limit_key")
    members = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape.members
    by_twos = {"PageSize": max(2, members[limit].metadata.get("min", 0))} if limit else {}
    for page in paginator.paginate(PaginationConfig=by_twos, **input):
        rows += page[key]
    return rows


def test_a_stack_lives_from_its_creation_to_its_deletion(aws: Aws):
    cloudformation, sqs = aws.client("cloudformation"), aws.client("sqs")
    told = cloudformation.validate_template(TemplateBody=TEMPLATE)
    assert {row["ParameterKey"] for row in told["Parameters"]} == {"Delay", "Big"} and "queue" in told["Description"]
    made = cloudformation.create_stack(StackName="shop", TemplateBody=TEMPLATE, Tags=[{"Key": "team", "Value": "shop"}])
    assert made["StackId"].startswith(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/")
    cloudformation.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    stack = cloudformation.describe_stacks(StackName="shop")["Stacks"][0]
    outputs = {output["OutputKey"]: output for output in stack["Outputs"]}
    url = outputs["Url"]["OutputValue"]
    assert outputs["Arn"]["OutputValue"] == "queue:" + url.rsplit("/", 1)[1]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"] == {"DelaySeconds": "3"}
    assert {"ExportingStackId": made["StackId"], "Name": "shop-url", "Value": url} in pages(cloudformation, "list_exports", "Exports")
    parts = cloudformation.describe_stack_resources(StackName="shop")["StackResources"]
    assert {part["LogicalResourceId"]: part["ResourceStatus"] for part in parts} == dict.fromkeys(["Work", "News", "Way"], "CREATE_COMPLETE")
    assert cloudformation.describe_stack_resource(StackName="shop", LogicalResourceId="Work")["StackResourceDetail"]["PhysicalResourceId"] == url
    events = pages(cloudformation, "describe_stack_events", "StackEvents", StackName="shop")
    assert len({event["EventId"] for event in events}) == len(events) > 6
    assert events[0]["ResourceStatus"] == "CREATE_COMPLETE" and events[-1]["ResourceStatusReason"] == "User Initiated"
    assert cloudformation.get_template(StackName="shop")["TemplateBody"].strip() == TEMPLATE.strip()
    message = refused(lambda: cloudformation.update_stack(StackName="shop", UsePreviousTemplate=True), "ValidationError")["Error"]["Message"]
    assert message == "No updates are to be performed."
    refused(lambda: cloudformation.create_stack(StackName="shop", TemplateBody=TEMPLATE), "AlreadyExistsException")
    big = [{"ParameterKey": "Big", "ParameterValue": "yes"}, {"ParameterKey": "Delay", "UsePreviousValue": True}]
    cloudformation.update_stack(StackName="shop", UsePreviousTemplate=True, Parameters=big)
    cloudformation.get_waiter("stack_update_complete").wait(StackName="shop", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {"VisibilityTimeout": "600"}
    assert len(pages(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName="shop")) == 4
    cloudformation.delete_stack(StackName="shop")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=made["StackId"], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    refused(lambda: cloudformation.describe_stacks(StackName="shop"), "ValidationError")
    assert made["StackId"] in {row["StackId"] for row in pages(cloudformation, "list_stacks", "StackSummaries")}


def test_a_change_set_is_reviewed_and_executed(aws: Aws):
    cloudformation = aws.client("cloudformation")
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation.create_change_set(StackName="reviewed", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=body)
    named = {"StackName": "reviewed", "ChangeSetName": "first"}
    cloudformation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    told = cloudformation.describe_change_set(**named)
    assert [change["ResourceChange"]["Action"] for change in told["Changes"]] == ["Add"]
    assert cloudformation.describe_stacks(StackName="reviewed")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert [row["ChangeSetName"] for row in pages(cloudformation, "list_change_sets", "Summaries", StackName="reviewed")] == ["first"]
    cloudformation.execute_change_set(**named)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="reviewed", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    refused(lambda: cloudformation.describe_change_set(StackName="reviewed", ChangeSetName="none"), "ChangeSetNotFound")


def test_instances_volumes_and_networks(aws: Aws):
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    subnets = pages(ec2, "describe_subnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {f"{REGION}{letter}" for letter in "abc"}
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc["VpcId"])["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    refused(lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule]), "InvalidPermission.Duplicate")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ask = {"ImageId": image, "MinCount": 3, "MaxCount": 3, "InstanceType": "t3.small", "SecurityGroupIds": [group]}
    ask |= {"SubnetId": subnets[0]["SubnetId"], "ClientToken": "once"}
    run = ec2.run_instances(**ask)
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    assert ec2.run_instances(**ask)["ReservationId"] == run["ReservationId"]
    refused(lambda: ec2.run_instances(**ask | {"InstanceType": "t3.large"}), "IdempotentParameterMismatch")
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    told = ec2.describe_instances(InstanceIds=ids[:1])["Reservations"][0]["Instances"][0]
    assert told["SecurityGroups"] == [{"GroupId": group, "GroupName": "web"}] and told["SubnetId"] == subnets[0]["SubnetId"]
    zone = told["Placement"]["AvailabilityZone"]
    volume = ec2.create_volume(AvailabilityZone=zone, Size=10, TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "1"}]}])
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    far = ec2.create_volume(AvailabilityZone=next(s["AvailabilityZone"] for s in subnets if s["AvailabilityZone"] != zone), Size=1)
    attach = {"InstanceId": ids[0], "Device": "/dev/sdf"}
    refused(lambda: ec2.attach_volume(VolumeId=far["VolumeId"], **attach), "InvalidVolume.ZoneMismatch")
    refused(lambda: ec2.attach_volume(VolumeId=volume["VolumeId"], DryRun=True, **attach), "DryRunOperation")
    ec2.attach_volume(VolumeId=volume["VolumeId"], **attach)
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume["VolumeId"]], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    tagged = pages(ec2, "describe_tags", "Tags", Filters=[{"Name": "resource-type", "Values": ["volume"]}])
    assert {"Key": "a", "Value": "1", "ResourceId": volume["VolumeId"], "ResourceType": "volume"} in tagged
    everything = pages(ec2, "describe_volumes", "Volumes")
    assert len({row["VolumeId"] for row in everything}) == len(everything) == 5
    snapshot = ec2.create_snapshot(VolumeId=volume["VolumeId"], Description="before")["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    ec2.stop_instances(InstanceIds=ids[1:2])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids[1:2], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    refused(lambda: ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"]), "InvalidInstanceID.NotFound")
    refused(lambda: ec2.describe_instances(Filters=[{"Name": "no-such", "Values": ["x"]}]), "InvalidParameterValue")


def test_cloud_control_creates_reads_changes_and_deletes(aws: Aws):
    control = aws.client("cloudcontrol")
    desired = json.dumps({"AvailabilityZone": f"{REGION}a", "Size": 4, "Tags": [{"Key": "k", "Value": "v"}]})
    begun = control.create_resource(TypeName="AWS::EC2::Volume", DesiredState=desired, ClientToken="t")["ProgressEvent"]
    again = control.create_resource(TypeName="AWS::EC2::Volume", DesiredState=desired, ClientToken="t")["ProgressEvent"]
    assert again["RequestToken"] == begun["RequestToken"]
    waiter = {"Delay": 1, "MaxAttempts": 20}
    control.get_waiter("resource_request_success").wait(RequestToken=begun["RequestToken"], WaiterConfig=waiter)
    volume = begun["Identifier"]
    found = json.loads(control.get_resource(TypeName="AWS::EC2::Volume", Identifier=volume)["ResourceDescription"]["Properties"])
    assert (found["VolumeId"], found["Size"]) == (volume, 4)
    assert volume in {row["Identifier"] for row in pages(control, "list_resources", "ResourceDescriptions", TypeName="AWS::EC2::Volume")}
    patch = json.dumps([{"op": "add", "path": "/Tags/-", "value": {"Key": "more", "Value": "1"}}])
    update = control.update_resource(TypeName="AWS::EC2::Volume", Identifier=volume, PatchDocument=patch)["ProgressEvent"]
    control.get_waiter("resource_request_success").wait(RequestToken=update["RequestToken"], WaiterConfig=waiter)
    tags = aws.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"]
    assert {tag["Key"] for tag in tags} == {"k", "more"}
    gone = control.delete_resource(TypeName="AWS::EC2::Volume", Identifier=volume)["ProgressEvent"]
    control.get_waiter("resource_request_success").wait(RequestToken=gone["RequestToken"], WaiterConfig=waiter)
    refused(lambda: control.get_resource(TypeName="AWS::EC2::Volume", Identifier=volume), "ResourceNotFoundException")
    refused(lambda: control.get_resource(TypeName="AWS::No::Such", Identifier="x"), "TypeNotFoundException")
    assert len(pages(control, "list_resource_requests", "ResourceRequestStatusSummaries")) >= 3


def test_databases_are_made_restored_and_deleted(aws: Aws):
    rds = aws.client("rds")
    make = {"Engine": "postgres", "DBInstanceClass": "db.t3.small", "AllocatedStorage": 20, "MasterUsername": "u", "MasterUserPassword": "secret99"}
    for number in range(3):
        rds.create_db_instance(DBInstanceIdentifier=f"orders-{number}", **make)
    waiter = {"Delay": 1, "MaxAttempts": 20}
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="orders-0", WaiterConfig=waiter)
    assert len(pages(rds, "describe_db_instances", "DBInstances")) == 3
    refused(lambda: rds.create_db_instance(DBInstanceIdentifier="orders-0", **make), "DBInstanceAlreadyExists")
    refused(lambda: rds.describe_db_instances(DBInstanceIdentifier="none"), "DBInstanceNotFound")
    point = {"SourceDBInstanceIdentifier": "orders-0", "TargetDBInstanceIdentifier": "orders-back"}
    refused(lambda: rds.restore_db_instance_to_point_in_time(**point), "InvalidParameterCombination")
    rds.restore_db_instance_to_point_in_time(**point, UseLatestRestorableTime=True)
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="orders-back", WaiterConfig=waiter)
    back = rds.describe_db_instances(DBInstanceIdentifier="orders-back")["DBInstances"][0]
    assert (back["Engine"], back["Endpoint"]["Port"], back["DBSubnetGroup"]["DBSubnetGroupName"]) == ("postgres", 5432, "default")
    rds.create_db_snapshot(DBInstanceIdentifier="orders-0", DBSnapshotIdentifier="kept")
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="kept", WaiterConfig=waiter)
    rds.create_db_cluster(DBClusterIdentifier="ledger", Engine="aurora-postgresql", MasterUsername="u", MasterUserPassword="secret99")
    rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier="ledger-back", SourceDBClusterIdentifier="ledger", UseLatestRestorableTime=True)
    rds.get_waiter("db_cluster_available").wait(DBClusterIdentifier="ledger-back", WaiterConfig=waiter)
    assert rds.describe_db_clusters(DBClusterIdentifier="ledger-back")["DBClusters"][0]["DBClusterMembers"] == []
    rds.delete_db_instance(DBInstanceIdentifier="orders-2", SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier="orders-2", WaiterConfig=waiter)


def test_file_systems_and_their_mount_targets(aws: Aws):
    efs, ec2, fsx = aws.client("efs"), aws.client("ec2"), aws.client("fsx")
    made = efs.create_file_system(CreationToken="t", Encrypted=True, Tags=[{"Key": "Name", "Value": "files"}])
    system = made["FileSystemId"]
    refused(lambda: efs.create_file_system(CreationToken="t"), "FileSystemAlreadyExists")
    for subnet in ec2.describe_subnets()["Subnets"]:
        efs.create_mount_target(FileSystemId=system, SubnetId=subnet["SubnetId"])
    refused(lambda: efs.create_mount_target(FileSystemId=system, SubnetId=subnet["SubnetId"]), "MountTargetConflict")
    targets = pages(efs, "describe_mount_targets", "MountTargets", FileSystemId=system)
    assert len({target["AvailabilityZoneName"] for target in targets}) == 3
    assert efs.describe_file_systems(FileSystemId=system)["FileSystems"][0]["NumberOfMountTargets"] == 3
    refused(lambda: efs.delete_file_system(FileSystemId=system), "FileSystemInUse")
    efs.create_access_point(FileSystemId=system, ClientToken="p")
    assert len(pages(efs, "describe_access_points", "AccessPoints", FileSystemId=system)) == 1
    lustre = fsx.create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[subnet["SubnetId"]])["FileSystem"]
    assert [row["Lifecycle"] for row in pages(fsx, "describe_file_systems", "FileSystems")] == ["AVAILABLE"]
    assert lustre["FileSystemType"] == "LUSTRE" and pages(fsx, "describe_backups", "Backups") == []
    assert pages(fsx, "describe_volumes", "Volumes") == [] and pages(fsx, "describe_storage_virtual_machines", "StorageVirtualMachines") == []


def test_a_stack_makes_recovery_infrastructure(aws: Aws):
    cloudformation = aws.client("cloudformation")
    resources = {
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "web", "SecurityGroupIngress": [
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}]}},
        "Web": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro",
            "AvailabilityZone": f"{REGION}a", "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}]}},
        "Disk": {"Type": "AWS::EC2::Volume", "Properties": {"Size": "8", "AvailabilityZone": {"Fn::GetAtt": ["Web", "AvailabilityZone"]}}},
        "Mount": {"Type": "AWS::EC2::VolumeAttachment", "Properties": {"InstanceId": {"Ref": "Web"}, "VolumeId": {"Ref": "Disk"}, "Device": "/dev/sdh"}},
        "Db": {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "mysql", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": "20",
            "MasterUsername": "u", "MasterUserPassword": "secret99"}},
        "Files": {"Type": "AWS::EFS::FileSystem"},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "shop.example"}},
        "Record": {"Type": "AWS::Route53::RecordSet", "Properties": {"HostedZoneId": {"Ref": "Zone"}, "Name": "www.shop.example", "Type": "A",
            "TTL": "60", "ResourceRecords": [{"Fn::GetAtt": ["Web", "PrivateIp"]}]}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": "60",
            "EvaluationPeriods": "1", "Threshold": "1", "ComparisonOperator": "GreaterThanThreshold"}},
        "Name": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Table"}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["aws.backup"]}}},
    }
    outputs = {"Host": {"Value": {"Fn::GetAtt": ["Db", "Endpoint.Address"]}}, "Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    cloudformation.create_stack(StackName="recovery", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])

    def settled() -> str | None:
        status = cloudformation.describe_stacks(StackName="recovery")["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    status = wait_until("the stack", settled)
    told = cloudformation.describe_stack_events(StackName="recovery")["StackEvents"]
    assert status == "CREATE_COMPLETE", [event for event in told if "FAILED" in event["ResourceStatus"]]
    parts = {part["LogicalResourceId"]: part["PhysicalResourceId"] for part in cloudformation.describe_stack_resources(StackName="recovery")["StackResources"]}
    volume = aws.client("ec2").describe_volumes(VolumeIds=[parts["Disk"]])["Volumes"][0]
    assert volume["Attachments"][0]["InstanceId"] == parts["Web"]
    assert aws.client("ssm").get_parameter(Name=parts["Name"])["Parameter"]["Value"] == parts["Table"]
    cloudformation.delete_stack(StackName="recovery")
    wait_until("its end", lambda: "recovery" not in {row["StackName"] for row in cloudformation.describe_stacks()["Stacks"]})


def test_the_cli_speaks_to_each_service(aws: Aws):
    assert aws.cli("cloudformation", "list-stacks")["StackSummaries"] is not None
    assert len(aws.cli("ec2", "describe-availability-zones")["AvailabilityZones"]) == 3
    assert "DBInstances" in aws.cli("rds", "describe-db-instances")
    assert "FileSystems" in aws.cli("efs", "describe-file-systems")
    assert "FileSystems" in aws.cli("fsx", "describe-file-systems")
    assert "ResourceDescriptions" in aws.cli("cloudcontrol", "list-resources", "--type-name", "AWS::EC2::VPC")

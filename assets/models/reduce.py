#!/usr/bin/env python3
"""Reduces AWS's published service models to what the simulated AWS speaks.

    python3 assets/models/reduce.py [BOTOCORE]

BOTOCORE is a directory that holds the package `botocore` (an unpacked wheel, or the package itself); without it the installed
botocore is read. For each service below the newest service-2.json is cut down to the operations named and the shapes that they
reach, without documentation and examples, and written beside this script, one shape a line. To model one more operation, add
its name here and run this again.
"""

import gzip
import importlib.util
import json
import pathlib
import re
import sys

OPERATIONS = {
    "arc-region-switch": """
        ApprovePlanExecutionStep CancelPlanExecution CreatePlan DeletePlan GetPlan GetPlanEvaluationStatus GetPlanExecution
        GetPlanInRegion ListPlanExecutionEvents ListPlanExecutions ListPlans ListPlansInRegion StartPlanExecution UpdatePlan
        UpdatePlanExecution UpdatePlanExecutionStep
    """,
    "backup": """
        CreateBackupPlan CreateBackupSelection CreateBackupVault CreateLogicallyAirGappedBackupVault DeleteBackupPlan
        DeleteBackupSelection DeleteBackupVault DeleteBackupVaultAccessPolicy DeleteBackupVaultLockConfiguration
        DeleteBackupVaultNotifications DeleteRecoveryPoint DescribeBackupJob DescribeBackupVault DescribeCopyJob
        DescribeProtectedResource DescribeRecoveryPoint DescribeRestoreJob GetBackupPlan GetBackupSelection
        GetBackupVaultAccessPolicy GetBackupVaultNotifications GetRecoveryPointRestoreMetadata
        GetRestoreTestingInferredMetadata ListBackupJobs ListBackupPlans ListBackupSelections ListBackupVaults
        ListCopyJobs ListProtectedResources ListRecoveryPointsByBackupVault ListRecoveryPointsByResource
        ListRestoreJobs ListTags PutBackupVaultAccessPolicy PutBackupVaultLockConfiguration
        PutBackupVaultNotifications StartBackupJob StartCopyJob StartRestoreJob StopBackupJob TagResource
        UntagResource UpdateBackupPlan
    """,
    "cloudcontrol": """
        CancelResourceRequest CreateResource DeleteResource GetResource GetResourceRequestStatus ListResourceRequests
        ListResources UpdateResource
    """,
    "cloudformation": """
        CancelUpdateStack ContinueUpdateRollback CreateChangeSet CreateStack DeleteChangeSet DeleteStack
        DescribeChangeSet DescribeStackEvents DescribeStackResource DescribeStackResources DescribeStacks
        ExecuteChangeSet GetTemplate GetTemplateSummary ListChangeSets ListExports ListImports ListStackResources
        ListStacks RollbackStack UpdateStack UpdateTerminationProtection ValidateTemplate
    """,
    "cloudwatch": """
        DescribeAlarms DescribeAlarmsForMetric DescribeAlarmHistory GetMetricData SetAlarmState PutMetricAlarm PutMetricData
        PutCompositeAlarm DeleteAlarms EnableAlarmActions DisableAlarmActions ListMetrics GetMetricStatistics ListTagsForResource
        TagResource UntagResource PutAnomalyDetector DescribeAnomalyDetectors DeleteAnomalyDetector
    """,
    "dynamodb": """
        CreateTable DeleteTable DescribeTable ListTables UpdateTable PutItem GetItem UpdateItem DeleteItem Query Scan
        BatchGetItem BatchWriteItem TransactWriteItems TransactGetItems DescribeContinuousBackups UpdateContinuousBackups
        RestoreTableToPointInTime DescribeTimeToLive UpdateTimeToLive TagResource UntagResource ListTagsOfResource
        DescribeLimits DescribeEndpoints
    """,
    "ec2": """
        AttachVolume AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateImage CreateKeyPair CreateSecurityGroup
        CreateSnapshot CreateSubnet CreateTags CreateVolume CreateVpc DeleteKeyPair DeleteSecurityGroup DeleteSnapshot
        DeleteSubnet DeleteTags DeleteVolume DeleteVpc DeregisterImage DescribeAvailabilityZones DescribeImages
        DescribeInstanceAttribute DescribeInstanceStatus DescribeInstances DescribeKeyPairs DescribeRegions
        DescribeSecurityGroups DescribeSnapshots DescribeSubnets DescribeTags DescribeVolumeStatus DescribeVolumes
        DescribeVpcs DetachVolume ImportKeyPair ModifyInstanceAttribute ModifySubnetAttribute ModifyVpcAttribute
        RebootInstances RevokeSecurityGroupEgress RevokeSecurityGroupIngress RunInstances StartInstances StopInstances
        TerminateInstances
    """,
    "efs": """
        CreateAccessPoint CreateFileSystem CreateMountTarget DeleteAccessPoint DeleteFileSystem DeleteFileSystemPolicy
        DeleteMountTarget DescribeAccessPoints DescribeBackupPolicy DescribeFileSystemPolicy DescribeFileSystems
        DescribeLifecycleConfiguration DescribeMountTargetSecurityGroups DescribeMountTargets ListTagsForResource
        ModifyMountTargetSecurityGroups PutBackupPolicy PutFileSystemPolicy PutLifecycleConfiguration TagResource
        UntagResource
    """,
    "events": """
        CreateEventBus DeleteEventBus DescribeEventBus ListEventBuses PutRule DeleteRule DescribeRule ListRules EnableRule
        DisableRule PutTargets RemoveTargets ListTargetsByRule ListRuleNamesByTarget PutEvents TestEventPattern TagResource
        UntagResource ListTagsForResource
    """,
    "health": """
        DescribeEvents DescribeEventDetails DescribeAffectedEntities DescribeEventsForOrganization
        DescribeEventDetailsForOrganization DescribeAffectedEntitiesForOrganization DescribeAffectedAccountsForOrganization
        DescribeEventAggregates DescribeEntityAggregates DescribeEntityAggregatesForOrganization DescribeEventTypes
        DescribeHealthServiceStatusForOrganization
    """,
    "lambda": """
        CreateFunction DeleteFunction GetFunction GetFunctionConfiguration Invoke ListFunctions ListTags TagResource
        UntagResource UpdateFunctionCode UpdateFunctionConfiguration
    """,
    "fsx": """
        CreateFileSystem DeleteFileSystem DescribeBackups DescribeFileSystems DescribeStorageVirtualMachines
        DescribeVolumes ListTagsForResource TagResource UntagResource
    """,
    "rds": """
        AddTagsToResource CopyDBClusterSnapshot CopyDBSnapshot CreateDBCluster CreateDBClusterSnapshot
        CreateDBInstance CreateDBParameterGroup CreateDBSnapshot CreateDBSubnetGroup DeleteDBCluster
        DeleteDBClusterSnapshot DeleteDBInstance DeleteDBParameterGroup DeleteDBSnapshot DeleteDBSubnetGroup
        DescribeDBClusterSnapshots DescribeDBClusters DescribeDBInstances DescribeDBParameterGroups
        DescribeDBSnapshots DescribeDBSubnetGroups DescribeEvents ListTagsForResource ModifyDBCluster ModifyDBInstance
        ModifyDBSubnetGroup RebootDBInstance RemoveTagsFromResource RestoreDBClusterFromSnapshot
        RestoreDBClusterToPointInTime RestoreDBInstanceFromDBSnapshot RestoreDBInstanceToPointInTime StartDBCluster
        StartDBInstance StopDBCluster StopDBInstance
    """,
    "route53": """
        ListHostedZones ListHostedZonesByName GetHostedZone ListResourceRecordSets ChangeResourceRecordSets GetChange
        GetHealthCheck GetHealthCheckStatus ListHealthChecks TestDNSAnswer
        CreateHostedZone DeleteHostedZone CreateHealthCheck UpdateHealthCheck DeleteHealthCheck GetHostedZoneCount
        GetHealthCheckCount ChangeTagsForResource ListTagsForResource
    """,
    "route53-recovery-cluster": "GetRoutingControlState ListRoutingControls UpdateRoutingControlState UpdateRoutingControlStates",
    "route53-recovery-control-config": """
        CreateCluster CreateControlPanel CreateRoutingControl CreateSafetyRule DeleteCluster DeleteControlPanel
        DeleteRoutingControl DeleteSafetyRule DescribeCluster DescribeControlPanel DescribeRoutingControl DescribeSafetyRule
        ListAssociatedRoute53HealthChecks ListClusters ListControlPanels ListRoutingControls ListSafetyRules
        UpdateControlPanel UpdateRoutingControl UpdateSafetyRule
    """,
    "s3": """
        DeleteBucketOwnershipControls DeleteBucketReplication GetBucketOwnershipControls GetBucketReplication
        GetObjectLockConfiguration PutBucketOwnershipControls PutBucketReplication PutObjectLockConfiguration
        AbortMultipartUpload CompleteMultipartUpload CopyObject CreateBucket CreateMultipartUpload DeleteBucket DeleteBucketCors
        DeleteBucketEncryption DeleteBucketLifecycle DeleteBucketPolicy DeleteBucketTagging DeleteObject DeleteObjects
        DeleteObjectTagging DeletePublicAccessBlock GetBucketAcl GetBucketCors GetBucketEncryption
        GetBucketLifecycleConfiguration GetBucketLocation GetBucketPolicy GetBucketTagging GetBucketVersioning GetObject
        GetObjectAcl GetObjectAttributes GetObjectTagging GetPublicAccessBlock HeadBucket HeadObject ListBuckets
        ListMultipartUploads ListObjects ListObjectsV2 ListObjectVersions ListParts PutBucketCors PutBucketEncryption
        PutBucketLifecycleConfiguration PutBucketPolicy PutBucketTagging PutBucketVersioning PutObject PutObjectTagging
        PutPublicAccessBlock UploadPart UploadPartCopy
    """,
    "sns": """
        CreateTopic DeleteTopic ListTopics GetTopicAttributes SetTopicAttributes Subscribe ConfirmSubscription Unsubscribe
        ListSubscriptions ListSubscriptionsByTopic GetSubscriptionAttributes SetSubscriptionAttributes Publish PublishBatch
        TagResource UntagResource ListTagsForResource
    """,
    "sqs": """
        CreateQueue DeleteQueue GetQueueUrl ListQueues GetQueueAttributes SetQueueAttributes PurgeQueue SendMessage
        SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch
        ListDeadLetterSourceQueues TagQueue UntagQueue ListQueueTags
    """,
    "ssm": """
        StartAutomationExecution GetAutomationExecution DescribeAutomationStepExecutions DescribeAutomationExecutions
        SendAutomationSignal StopAutomationExecution CreateOpsItem UpdateOpsItem GetOpsItem DescribeOpsItems
        PutParameter GetParameter GetParameters GetParametersByPath DescribeParameters DeleteParameter DeleteParameters
        ListDocuments DescribeDocument GetDocument CreateDocument DeleteDocument
        SendCommand ListCommands ListCommandInvocations GetCommandInvocation CancelCommand
    """,
    "stepfunctions": """
        CreateStateMachine UpdateStateMachine DeleteStateMachine DescribeStateMachine DescribeStateMachineForExecution
        ListStateMachines ValidateStateMachineDefinition StartExecution StopExecution RedriveExecution DescribeExecution
        ListExecutions GetExecutionHistory SendTaskSuccess SendTaskFailure SendTaskHeartbeat ListTagsForResource TagResource
        UntagResource
    """,
    "sts": "GetCallerIdentity AssumeRole GetSessionToken GetAccessKeyInfo",
}

METADATA = (
    "apiVersion awsQueryCompatible endpointPrefix globalEndpoint jsonVersion protocol protocols serviceId signingName "
    "targetPrefix xmlNamespace"
).split()
OPERATION = "http input output errors".split()
# Traits of a shape and of a reference to one (a member, a list's member, a map's key and value).
TRAITS = (
    "document enum error exception fault flattened idempotencyToken location locationName max min pattern payload queryName "
    "required resultWrapper shape streaming timestampFormat type union xmlAttribute xmlNamespace"
).split()


def keep(source, names):
    return {name: source[name] for name in names if name in source}


def reference(source):
    return keep(source, TRAITS)


def shape(source):
    reduced = keep(source, TRAITS)
    if "members" in source:
        reduced["members"] = {name: reference(member) for name, member in source["members"].items()}
    for part in ("member", "key", "value"):
        if part in source:
            reduced[part] = reference(source[part])
    return reduced


def operation(source):
    reduced = keep(source, OPERATION)
    for part in ("input", "output"):
        if part in reduced:
            reduced[part] = reference(reduced[part])
    reduced["errors"] = [error["shape"] for error in source.get("errors", [])]
    return reduced


def reach(name, shapes, into):
    """Adds `name` and every shape that it reaches to `into`."""
    if name in into:
        return
    into[name] = shape(shapes[name])
    for part in [*shapes[name].get("members", {}).values(), *(shapes[name].get(p) for p in ("member", "key", "value"))]:
        if part:
            reach(part["shape"], shapes, into)


def reduce(model, names):
    metadata = keep(model["metadata"], METADATA)
    metadata.setdefault("protocols", [metadata["protocol"]])
    operations = {name: operation(model["operations"][name]) for name in sorted(names)}
    # A REST-XML service names its namespace on inputs that have a body; its answers use the same one.
    for whole in model["operations"].values():
        namespace = whole.get("input", {}).get("xmlNamespace", {}).get("uri")
        if namespace and "xmlNamespace" not in metadata:
            metadata["xmlNamespace"] = namespace
    shapes = {}
    for one in operations.values():
        for part in ("input", "output"):
            if part in one:
                reach(one[part]["shape"], model["shapes"], shapes)
        for error in one["errors"]:
            reach(error, model["shapes"], shapes)
    return metadata, operations, dict(sorted(shapes.items()))


def write(path, metadata, operations, shapes):
    def line(value):
        return json.dumps(value, separators=(",", ":"))

    def block(values):
        return "{\n" + ",\n".join(f"{line(name)}:{line(value)}" for name, value in values.items()) + "\n}"

    path.write_text(f'{{"metadata":{line(metadata)},\n"operations":{block(operations)},\n"shapes":{block(shapes)}}}\n')


def read(directory):
    """The newest version of one service's model."""
    for version in sorted(directory.iterdir(), reverse=True):
        if (version / "service-2.json").exists():
            return json.loads((version / "service-2.json").read_text())
        if (version / "service-2.json.gz").exists():
            return json.loads(gzip.decompress((version / "service-2.json.gz").read_bytes()))
    raise SystemExit(f"no service-2.json under {directory}")


def main():
    if len(sys.argv) > 1:
        package = pathlib.Path(sys.argv[1])
        package = package / "botocore" if (package / "botocore").is_dir() else package
    else:
        found = importlib.util.find_spec("botocore")
        if found is None:
            raise SystemExit("botocore is not installed: name the directory that holds it")
        package = pathlib.Path(found.origin).parent
    version = re.search(r"__version__ = ['\"](.+)['\"]", (package / "__init__.py").read_text()).group(1)
    here = pathlib.Path(__file__).resolve().parent
    for service, names in OPERATIONS.items():
        write(here / f"{service}.json", *reduce(read(package / "data" / service), names.split()))
    (here / "NOTICE").write_text(
        f"The service models in this directory are reduced from those of botocore {version}\n"
        "(https://github.com/boto/botocore), Copyright Amazon.com, Inc. or its affiliates,\n"
        "licensed under the Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0).\n"
        "Changed by reduce.py: operations that are not simulated, documentation and examples are left out.\n"
    )


if __name__ == "__main__":
    main()

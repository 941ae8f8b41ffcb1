"""boto3 and the AWS CLI talk to `lifeboat simulate` as they talk to AWS."""

from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, WaiterError

from processes import Aws, simulated, wait_until

PRIMARY, RECOVERY, OPERATORS = "111122223333", "444455556666", "999900001111"
STARTS_AT = datetime(2026, 3, 14, 3, 0, tzinfo=timezone.utc)
ZONE, WWW = "Z0SHOPEXAMPLE01", "www.shop.example.com."
TABLE = f"arn:aws:dynamodb:eu-west-1:{PRIMARY}:table/orders"
VOLUME = f"arn:aws:ec2:eu-west-1:{PRIMARY}:volume/vol-0c4a7a1090f3e5d21"
RESTORE_ROLE = f"arn:aws:iam::{RECOVERY}:role/lifeboat-restore"
EBS_METADATA = {"availabilityZone": "eu-central-1a", "encrypted": "true"}
GET_ERRORS = (
    "arn:aws:health:eu-west-1::event/S3/AWS_S3_INCREASED_GET_API_ERROR_RATES/"
    "AWS_S3_INCREASED_GET_API_ERROR_RATES_EXAMPLE01"
)


def primary(aws: Aws) -> Aws:
    return aws.assume(PRIMARY, "eu-west-1")


def recovery(aws: Aws) -> Aws:
    return aws.assume(RECOVERY, "eu-central-1")


def points_of(aws: Aws, resource: str) -> list[dict]:
    """The points of a resource in the recovery vault, newest first, whatever their status."""
    pages = aws.client("backup").get_paginator("list_recovery_points_by_backup_vault")
    found = pages.paginate(BackupVaultName="shop-recovery", ByResourceArn=resource).build_full_result()["RecoveryPoints"]
    return sorted(found, key=lambda point: point["CreationDate"], reverse=True)


def restore_volume(aws: Aws, token: str | None = None) -> str:
    newest = points_of(aws, VOLUME)[0]
    asked = {"IdempotencyToken": token} if token else {}
    started = aws.client("backup").start_restore_job(
        RecoveryPointArn=newest["RecoveryPointArn"], Metadata=EBS_METADATA, IamRoleArn=RESTORE_ROLE, ResourceType="EBS", **asked
    )
    return started["RestoreJobId"]


def refused(call, code: str, status: int | None = None) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer
    assert answer["Error"].get("Message"), answer
    assert answer["ResponseMetadata"].get("RequestId"), answer
    if status:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
    return caught.value


# ------------------------------------------------------------------------------------------------------------------------- STS


def test_the_base_credentials_are_the_operators(calm: Aws):
    who = calm.client("sts").get_caller_identity()
    assert (who["Account"], who["Arn"]) == (OPERATORS, f"arn:aws:iam::{OPERATORS}:user/operator")
    assert who["UserId"]
    assert calm.cli("sts", "get-caller-identity")["Account"] == OPERATORS


@pytest.mark.parametrize("account", [PRIMARY, RECOVERY])
def test_an_assumed_role_speaks_for_its_account(calm: Aws, account: str):
    assumed = calm.assume(account, "eu-central-1", session="morgan")
    arn = f"arn:aws:sts::{account}:assumed-role/lifeboat-operator/morgan"
    who = assumed.client("sts").get_caller_identity()
    assert (who["Account"], who["Arn"]) == (account, arn)
    assert who["UserId"].startswith("AROA") and who["UserId"].endswith(":morgan")
    assert assumed.cli("sts", "get-caller-identity")["Arn"] == arn


def test_a_role_that_is_not_there_and_one_that_trusts_others_are_denied(calm: Aws):
    for role in ["nobody", "lifeboat-restore"]:
        arn = f"arn:aws:iam::{RECOVERY}:role/{role}"
        refused(lambda: calm.client("sts").assume_role(RoleArn=arn, RoleSessionName="interop"), "AccessDenied", 403)


# ------------------------------------------------------------------------------------------------------------------ CloudWatch


def test_alarms_of_both_types_are_told_when_both_are_asked_for(calm: Aws):
    cloudwatch = primary(calm).client("cloudwatch")
    only_metric = cloudwatch.describe_alarms()
    assert {"shop-error-rate", "shop-latency-p99", "shop-checkout-orders", "orders-db-cpu"} <= {
        alarm["AlarmName"] for alarm in only_metric["MetricAlarms"]
    }
    assert only_metric["CompositeAlarms"] == []
    both = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    [composite] = both["CompositeAlarms"]
    assert composite["AlarmName"] == "shop-unavailable"
    assert composite["AlarmRule"] == 'ALARM("shop-error-rate") AND ALARM("shop-latency-p99")'
    errors = next(alarm for alarm in both["MetricAlarms"] if alarm["AlarmName"] == "shop-error-rate")
    assert (errors["Threshold"], errors["Period"], errors["EvaluationPeriods"], errors["DatapointsToAlarm"]) == (5.0, 60, 3, 2)
    assert errors["AlarmArn"] == f"arn:aws:cloudwatch:eu-west-1:{PRIMARY}:alarm:shop-error-rate"
    assert errors["Dimensions"] == [{"Name": "Service", "Value": "web"}]
    latency = next(alarm for alarm in both["MetricAlarms"] if alarm["AlarmName"] == "shop-latency-p99")
    assert latency["ExtendedStatistic"] == "p99" and "Statistic" not in latency
    told = primary(calm).cli("cloudwatch", "describe-alarms", "--alarm-types", "MetricAlarm", "CompositeAlarm")
    names = [alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in told[kind]]
    assert sorted(names) == sorted(alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in both[kind])


def test_an_alarm_is_put_set_and_remembered_in_its_history(calm: Aws):
    cloudwatch = recovery(calm).client("cloudwatch")
    name = f"interop-{uuid.uuid4().hex[:8]}"
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="Interop", MetricName="Nothing", Statistic="Average", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold", AlarmDescription="put by a test",
    )  # fmt: skip
    [put] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert put["StateValue"] == "INSUFFICIENT_DATA" and put["AlarmDescription"] == "put by a test"
    reason = {"version": "1.0", "why": "a test"}
    cloudwatch.set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="set by a test", StateReasonData=json.dumps(reason)
    )
    history = cloudwatch.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in history][:2] == ["ConfigurationUpdate", "StateUpdate"]
    assert history[1]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    change = json.loads(history[1]["HistoryData"])
    assert (change["oldState"]["stateValue"], change["newState"]["stateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert change["newState"]["stateReason"] == "set by a test"
    items = recovery(calm).cli("cloudwatch", "describe-alarm-history", "--alarm-name", name)["AlarmHistoryItems"]
    assert len(items) >= 2
    refused(
        lambda: cloudwatch.set_alarm_state(AlarmName="no-such-alarm", StateValue="OK", StateReason="x"), "ResourceNotFound", 404
    )


def test_a_metric_is_read_back_minute_by_minute(calm: Aws):
    cloudwatch = primary(calm).client("cloudwatch")
    stat = {
        "Metric": {"Namespace": "Shop", "MetricName": "ErrorRate", "Dimensions": [{"Name": "Service", "Value": "web"}]},
        "Period": 60, "Stat": "Average",
    }  # fmt: skip
    asked = {
        "MetricDataQueries": [{"Id": "errors", "MetricStat": stat}],
        "StartTime": STARTS_AT - timedelta(minutes=30), "EndTime": STARTS_AT, "ScanBy": "TimestampAscending",
    }  # fmt: skip
    [errors] = cloudwatch.get_metric_data(**asked)["MetricDataResults"]
    assert (errors["Id"], errors["StatusCode"]) == ("errors", "Complete")
    assert errors["Timestamps"] == [STARTS_AT - timedelta(minutes=30 - minute) for minute in range(30)]
    assert all(0 < value < 5 for value in errors["Values"])
    pages = cloudwatch.get_paginator("get_metric_data").paginate(**asked, PaginationConfig={"PageSize": 7})
    told = [row for page in pages for row in page["MetricDataResults"]]
    assert [moment for row in told for moment in row["Timestamps"]] == errors["Timestamps"]


def test_alarms_move_with_their_metrics_and_the_composite_with_its_children(tmp_path: Path):
    # A world of its own, because the Region whose alarms rise here does not answer for long after them.
    with simulated(40, tmp_path) as aws:
        cloudwatch = primary(aws).client("cloudwatch", retries={"total_max_attempts": 5, "mode": "standard"})

        def risen():
            told = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            alarms = {alarm["AlarmName"]: alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in told[kind]}
            return alarms if alarms["shop-unavailable"]["StateValue"] == "ALARM" else None

        alarms = wait_until("the composite alarm", risen, 15)
    states = {name: alarm["StateValue"] for name, alarm in alarms.items()}
    assert states["shop-error-rate"] == states["shop-latency-p99"] == "ALARM" and states["orders-db-cpu"] == "OK"
    errors = alarms["shop-error-rate"]
    assert STARTS_AT + timedelta(minutes=2) < errors["StateTransitionedTimestamp"] <= STARTS_AT + timedelta(minutes=7)
    data = json.loads(errors["StateReasonData"])
    assert data["version"] == "1.0" and data["threshold"] == 5.0 and any(point > 5 for point in data["recentDatapoints"])


# ---------------------------------------------------------------------------------------------------------------------- Health


def test_health_tells_events_details_and_entities_to_the_accounts_they_touch(fast: Aws):
    def events():
        told = recovery(fast).client("health", "us-east-1").describe_events(filter={"services": ["S3"], "regions": ["eu-west-1"]})
        return told["events"] if len(told["events"]) >= 2 else None

    found = {event["arn"]: event for event in wait_until("two Health events", events)}
    event = found[GET_ERRORS]
    assert event["startTime"] == STARTS_AT + timedelta(minutes=2)
    assert event["lastUpdatedTime"] >= STARTS_AT + timedelta(minutes=6)
    assert (event["eventTypeCategory"], event["statusCode"], event["region"]) == ("issue", "open", "eu-west-1")
    health = recovery(fast).client("health", "us-east-1")
    told = health.describe_event_details(eventArns=[GET_ERRORS, GET_ERRORS + "x"])
    assert "GET requests" in told["successfulSet"][0]["eventDescription"]["latestDescription"]
    assert [failed["eventArn"] for failed in told["failedSet"]] == [GET_ERRORS + "x"]
    entities = primary(fast).client("health", "us-east-1").describe_affected_entities(filter={"eventArns": [GET_ERRORS]})
    assert [(e["entityValue"], e["statusCode"]) for e in entities["entities"]] == [("shop-assets-eu-west-1", "IMPAIRED")]
    by_cli = recovery(fast).at("us-east-1").cli("health", "describe-events", "--filter", "services=S3")["events"]
    assert GET_ERRORS in [event["arn"] for event in by_cli]
    pages = list(health.get_paginator("describe_events").paginate(PaginationConfig={"PageSize": 1}))
    arns = [event["arn"] for page in pages for event in page["events"]]
    assert len(arns) == len(set(arns)) >= 2
    outsider = fast.client("health", "us-east-1")
    assert outsider.describe_events()["events"] == []


# ---------------------------------------------------------------------------------------------------------------------- Backup


def test_a_vault_its_points_and_what_a_restore_needs_to_know(calm: Aws):
    backup = recovery(calm).client("backup")
    assert "shop-recovery" in [vault["BackupVaultName"] for vault in backup.list_backup_vaults()["BackupVaultList"]]
    points = points_of(recovery(calm), VOLUME)
    assert {point["Status"] for point in points} == {"COMPLETED", "EXPIRED"}
    newest = points[0]
    assert newest["RecoveryPointArn"].startswith("arn:aws:ec2:eu-central-1::snapshot/snap-")
    assert "copyjob-" in points_of(recovery(calm), TABLE)[0]["RecoveryPointArn"]
    assert newest["SourceBackupVaultArn"] == f"arn:aws:backup:eu-west-1:{PRIMARY}:backup-vault:shop-primary"
    where = {"BackupVaultName": "shop-recovery", "RecoveryPointArn": newest["RecoveryPointArn"]}
    assert backup.describe_recovery_point(**where)["CreationDate"] == newest["CreationDate"]
    metadata = backup.get_recovery_point_restore_metadata(**where)
    assert metadata["RestoreMetadata"]["volumeId"] == "vol-0c4a7a1090f3e5d21"
    by_resource = backup.get_paginator("list_recovery_points_by_resource").paginate(ResourceArn=VOLUME).build_full_result()
    assert {point["RecoveryPointArn"] for point in by_resource["RecoveryPoints"]} == {
        point["RecoveryPointArn"] for point in points
    }
    protected = backup.list_protected_resources()["Results"]
    assert {TABLE, VOLUME} <= {resource["ResourceArn"] for resource in protected}
    told = recovery(calm)
    assert told.cli("backup", "list-backup-vaults")["BackupVaultList"]
    described = told.cli(
        "backup", "describe-recovery-point", "--backup-vault-name", "shop-recovery",
        "--recovery-point-arn", newest["RecoveryPointArn"],
    )  # fmt: skip
    assert described["Status"] == "COMPLETED"
    words = ["list-recovery-points-by-backup-vault", "--backup-vault-name", "shop-recovery", "--max-items", "2"]
    listed = told.cli("backup", *words)
    assert len(listed["RecoveryPoints"]) == 2 and listed["NextToken"]


def test_pages_of_two_lose_nothing_and_double_nothing(calm: Aws):
    backup, cloudwatch = recovery(calm).client("backup"), primary(calm).client("cloudwatch")
    whole = backup.list_recovery_points_by_backup_vault(BackupVaultName="shop-recovery")["RecoveryPoints"]
    assert len(whole) > 20

    def paged(client, operation: str, member: str, key: str, **arguments) -> list[str]:
        pages = client.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 2})
        return [row[key] for page in pages for row in page.get(member, [])]

    wanted = [point["RecoveryPointArn"] for point in whole]
    where = {"BackupVaultName": "shop-recovery"}
    assert paged(backup, "list_recovery_points_by_backup_vault", "RecoveryPoints", "RecoveryPointArn", **where) == wanted
    resources = [row["ResourceArn"] for row in backup.list_protected_resources()["Results"]]
    assert paged(backup, "list_protected_resources", "Results", "ResourceArn") == resources
    alarms = [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]]
    assert paged(cloudwatch, "describe_alarms", "MetricAlarms", "AlarmName") == alarms
    # The client's own way to stop in the middle and go on later.
    found, token = [], None
    for _ in range(len(wanted)):
        pages = backup.get_paginator("list_recovery_points_by_backup_vault")
        part = pages.paginate(**where, PaginationConfig={"MaxItems": 2, "StartingToken": token}).build_full_result()
        found += [point["RecoveryPointArn"] for point in part["RecoveryPoints"]]
        token = part.get("NextToken")
        if not token:
            break
    assert found == wanted


def test_a_token_of_another_list_is_refused(calm: Aws):
    backup = recovery(calm).client("backup")
    token = backup.list_protected_resources(MaxResults=1)["NextToken"]

    def ask(token: str):
        return backup.list_recovery_points_by_backup_vault(BackupVaultName="shop-recovery", NextToken=token)

    refused(lambda: ask(token), "InvalidParameterValueException", 400)
    refused(lambda: ask("made-up"), "InvalidParameterValueException", 400)


def test_a_restore_is_started_once_per_token_and_runs_to_its_end(fast: Aws):
    backup = recovery(fast).client("backup")
    token = str(uuid.uuid4())
    job = restore_volume(recovery(fast), token)
    assert restore_volume(recovery(fast), token) == job
    assert restore_volume(recovery(fast), str(uuid.uuid4())) != job
    seen = []

    def ended():
        told = backup.describe_restore_job(RestoreJobId=job)
        seen.append((told["Status"], float(told["PercentDone"].rstrip("%"))))
        return told if told["Status"] not in ("PENDING", "RUNNING") else None

    done = wait_until("the end of the restore", ended)
    assert done["Status"] == "COMPLETED", done
    assert [percent for _, percent in seen] == sorted(percent for _, percent in seen)
    assert done["CompletionDate"] - done["CreationDate"] == timedelta(minutes=3)
    assert re.fullmatch(rf"arn:aws:ec2:eu-central-1:{RECOVERY}:volume/vol-[0-9a-f]{{17}}", done["CreatedResourceArn"])
    jobs = backup.get_paginator("list_restore_jobs").paginate(PaginationConfig={"PageSize": 1}).build_full_result()["RestoreJobs"]
    assert [row["RestoreJobId"] for row in jobs].count(job) == 1 and len(jobs) == 2
    by_cli = recovery(fast).cli("backup", "list-restore-jobs", "--by-status", "COMPLETED")["RestoreJobs"]
    assert job in [row["RestoreJobId"] for row in by_cli]
    assert backup.list_restore_jobs(ByResourceType="RDS")["RestoreJobs"] == []


def test_a_restore_that_cannot_work_is_refused_or_says_why_it_failed(calm: Aws, fast: Aws):
    backup = recovery(calm).client("backup")
    expired = next(point for point in points_of(recovery(calm), VOLUME) if point["Status"] == "EXPIRED")
    newest = points_of(recovery(calm), VOLUME)[0]["RecoveryPointArn"]
    asked = {"RecoveryPointArn": newest, "Metadata": EBS_METADATA, "IamRoleArn": RESTORE_ROLE, "ResourceType": "EBS"}
    refused(
        lambda: backup.start_restore_job(**asked | {"RecoveryPointArn": expired["RecoveryPointArn"]}), "InvalidRequestException"
    )
    refused(lambda: backup.start_restore_job(**asked | {"Metadata": {}}), "MissingParameterValueException")
    token = {"IdempotencyToken": "used-up"}
    wrong = asked | {"Metadata": {"availabilityZone": "eu-west-1a"}} | token
    refused(lambda: backup.start_restore_job(**wrong), "InvalidParameterValueException")
    refused(lambda: backup.start_restore_job(**asked | token), "InvalidRequestException")
    refused(lambda: backup.start_restore_job(**asked | {"RecoveryPointArn": newest + "0"}), "ResourceNotFoundException")
    refused(lambda: backup.describe_restore_job(RestoreJobId="nothing"), "ResourceNotFoundException")
    # The key of the lost Region: accepted, and the job fails.
    foreign = EBS_METADATA | {"kmsKeyId": f"arn:aws:kms:eu-west-1:{PRIMARY}:key/5b0c8f3e-1d2a-4c6b-9e7f-0a1b2c3d4e5f"}
    client = recovery(fast).client("backup")
    job = client.start_restore_job(**asked | {"Metadata": foreign})["RestoreJobId"]

    def failed():
        told = client.describe_restore_job(RestoreJobId=job)
        return told if told["Status"] not in ("PENDING", "RUNNING") else None

    told = wait_until("the failure", failed)
    assert told["Status"] == "FAILED" and told["StatusMessage"]


# ------------------------------------------------------------------------------------------------------------------------- SSM


def execution(ssm, identity: str) -> dict:
    return ssm.get_automation_execution(AutomationExecutionId=identity)["AutomationExecution"]


def wait_for_execution(ssm, identity: str, *statuses: str) -> dict:
    def reached():
        told = execution(ssm, identity)
        return told if told["AutomationExecutionStatus"] in statuses else None

    return wait_until(f"an execution that is {' or '.join(statuses)}", reached)


def test_a_runbook_waits_for_its_approval_and_goes_on(fast: Aws):
    ssm = recovery(fast).client("ssm")
    token = str(uuid.uuid4())
    started = ssm.start_automation_execution(DocumentName="shop-warm-caches", ClientToken=token)["AutomationExecutionId"]
    again = ssm.start_automation_execution(DocumentName="shop-warm-caches", ClientToken=token)["AutomationExecutionId"]
    assert started == again
    waiting = wait_for_execution(ssm, started, "Waiting", "PendingApproval")
    assert waiting["CurrentAction"] == "aws:approve"
    ssm.send_automation_signal(AutomationExecutionId=started, SignalType="Approve", Payload={"Comment": ["plausible"]})
    done = wait_for_execution(ssm, started, "Success", "Failed")
    assert done["AutomationExecutionStatus"] == "Success" and done["Outputs"]["countCatalog.Products"] == ["48210"]
    pages = ssm.get_paginator("describe_automation_step_executions")
    steps = pages.paginate(AutomationExecutionId=started, PaginationConfig={"PageSize": 2}).build_full_result()["StepExecutions"]
    assert [step["StepName"] for step in steps] == ["countCatalog", "confirmCatalog", "warmCaches"]
    assert {step["StepStatus"] for step in steps} == {"Success"}
    late = {"AutomationExecutionId": started, "SignalType": "Approve"}
    refused(lambda: ssm.send_automation_signal(**late), "InvalidAutomationSignalException")


def test_a_runbook_can_be_rejected_and_stopped(fast: Aws):
    ssm = recovery(fast).client("ssm")
    started = [ssm.start_automation_execution(DocumentName="shop-warm-caches")["AutomationExecutionId"] for _ in range(2)]
    rejected, stopped = started
    wait_for_execution(ssm, rejected, "Waiting", "PendingApproval")
    ssm.send_automation_signal(AutomationExecutionId=rejected, SignalType="Reject", Payload={"Comment": ["the wrong volume"]})
    assert "the wrong volume" in wait_for_execution(ssm, rejected, "Failed", "Rejected")["FailureMessage"]
    ssm.stop_automation_execution(AutomationExecutionId=stopped, Type="Cancel")
    wait_for_execution(ssm, stopped, "Cancelled")
    told = recovery(fast).cli("ssm", "get-automation-execution", "--automation-execution-id", stopped)
    assert told["AutomationExecution"]["AutomationExecutionStatus"] == "Cancelled"


def test_a_runbook_attaches_the_restored_volume(fast: Aws):
    ssm, backup = recovery(fast).client("ssm"), recovery(fast).client("backup")
    job = restore_volume(recovery(fast))
    made = wait_until("the volume", lambda: backup.describe_restore_job(RestoreJobId=job).get("CreatedResourceArn"))
    parameters = {"InstanceId": ["i-0f00ba4deadbeef01"], "VolumeId": [made.rsplit("/")[-1]], "Device": ["/dev/sdf"]}
    started = ssm.start_automation_execution(DocumentName="AWS-AttachEBSVolume", Parameters=parameters)["AutomationExecutionId"]
    done = wait_for_execution(ssm, started, "Success", "Failed")
    assert done["AutomationExecutionStatus"] == "Success", done.get("FailureMessage")
    assert done["ExecutionEndTime"] - done["ExecutionStartTime"] == timedelta(seconds=75)
    missing = {"InstanceId": ["i-0f00ba4deadbeef01"]}
    refused(
        lambda: ssm.start_automation_execution(DocumentName="AWS-AttachEBSVolume", Parameters=missing),
        "InvalidAutomationExecutionParametersException",
    )
    refused(lambda: ssm.start_automation_execution(DocumentName="no-such"), "AutomationDefinitionNotFoundException")
    nowhere = str(uuid.uuid4())
    refused(lambda: execution(ssm, nowhere), "AutomationExecutionNotFoundException")


def test_an_ops_item_is_opened_once_and_followed_to_its_end(calm: Aws):
    ssm = recovery(calm).client("ssm")
    dedup = json.dumps({"dedupString": uuid.uuid4().hex})
    asked = {
        "Title": "Recovery of the shop", "Description": "from a test", "Source": "lifeboat", "Severity": "1",
        "Category": "Recovery", "OperationalData": {"/aws/dedup": {"Value": dedup, "Type": "SearchableString"}},
    }  # fmt: skip
    item = ssm.create_ops_item(**asked)["OpsItemId"]
    twin = refused(lambda: ssm.create_ops_item(**asked), "OpsItemAlreadyExistsException")
    assert item in json.dumps(twin.response, default=str)
    ssm.update_ops_item(OpsItemId=item, Status="Resolved", Description="done")
    told = ssm.get_ops_item(OpsItemId=item)["OpsItem"]
    assert (told["Status"], told["Description"], told["Title"]) == ("Resolved", "done", "Recovery of the shop")
    assert recovery(calm).cli("ssm", "get-ops-item", "--ops-item-id", item)["OpsItem"]["Severity"] == "1"
    assert ssm.create_ops_item(**asked)["OpsItemId"] != item, "a resolved twin is no hindrance"
    refused(lambda: ssm.create_ops_item(**asked | {"Source": "aws.backup"}), "OpsItemInvalidParameterException")
    refused(lambda: ssm.get_ops_item(OpsItemId="oi-000000000000"), "OpsItemNotFoundException")


# -------------------------------------------------------------------------------------------------------------------- Route 53


def weights(records: list[dict]) -> dict[str, int]:
    return {record["SetIdentifier"]: record["Weight"] for record in records if record["Name"] == WWW}


def test_zones_and_records_are_listed_whole_and_in_pages(calm: Aws):
    route53 = recovery(calm).client("route53")
    zones = route53.list_hosted_zones_by_name(DNSName="shop.example.com")["HostedZones"]
    assert zones[0]["Id"] == f"/hostedzone/{ZONE}" and zones[0]["Name"] == "shop.example.com."
    whole = route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    assert weights(whole) == {"eu-west-1": 100, "eu-central-1": 0}
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=ZONE, PaginationConfig={"PageSize": 1})
    assert [record for page in pages for record in page["ResourceRecordSets"]] == whole
    told = recovery(calm).cli("route53", "list-resource-record-sets", "--hosted-zone-id", ZONE, "--max-items", "2")
    assert len(told["ResourceRecordSets"]) == 2 and told["NextToken"]
    by_name = recovery(calm).cli("route53", "list-hosted-zones-by-name", "--dns-name", "shop.example.com")
    assert by_name["HostedZones"][0]["Id"] == f"/hostedzone/{ZONE}"
    assert primary(calm).client("route53").list_hosted_zones_by_name(DNSName="shop.example.com")["HostedZones"] == []
    refused(lambda: route53.list_resource_record_sets(HostedZoneId="Z0NOWHERE"), "NoSuchHostedZone", 404)


def upsert(record: dict, **changed) -> dict:
    return {"Action": "UPSERT", "ResourceRecordSet": record | changed}


def test_a_change_is_pending_then_in_sync_and_can_be_read_back(fast: Aws):
    route53 = recovery(fast).client("route53")
    records = [r for r in route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"] if r["Name"] == WWW]
    moved = {"eu-west-1": 0, "eu-central-1": 100}
    changes = [upsert(record, Weight=moved[record["SetIdentifier"]]) for record in records]
    change = route53.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": changes})["ChangeInfo"]
    assert change["Status"] == "PENDING" and change["Id"].startswith("/change/")
    waiter = route53.get_waiter("resource_record_sets_changed")
    waiter.wait(Id=change["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    told = recovery(fast).cli("route53", "list-resource-record-sets", "--hosted-zone-id", ZONE)["ResourceRecordSets"]
    assert weights(told) == moved
    by_cli = recovery(fast).cli("route53", "get-change", "--id", change["Id"])
    assert by_cli["ChangeInfo"]["Status"] == "INSYNC"
    refused(lambda: route53.get_change(Id="C0NOTHING"), "NoSuchChange", 404)


def test_a_change_in_real_time_stays_pending_for_a_while(calm: Aws):
    route53 = recovery(calm).client("route53")
    record = {"Name": "interop.shop.example.com.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"a test"'}]}
    created = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    change = route53.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=created)["ChangeInfo"]
    with pytest.raises(WaiterError):
        route53.get_waiter("resource_record_sets_changed").wait(
            Id=change["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 2}
        )
    # All or nothing: the second of these two is refused, and the first with it.
    other = record | {"Name": "second.shop.example.com."}
    both = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": r} for r in (other, record)]}
    refused(lambda: route53.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=both), "InvalidChangeBatch", 400)
    names = [r["Name"] for r in route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]]
    assert record["Name"] in names and other["Name"] not in names


def test_a_health_check_is_seen_by_its_checkers(calm: Aws):
    route53 = recovery(calm).client("route53")
    records = route53.list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    checks = [record["HealthCheckId"] for record in records if record["Name"] == WWW]
    assert len(checks) == 2
    for check in checks:
        seen = route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
        assert len(seen) >= 3 and all(row["StatusReport"]["Status"].startswith("Success") for row in seen)
    told = recovery(calm).cli("route53", "get-health-check-status", "--health-check-id", checks[0])
    assert told["HealthCheckObservations"]
    refused(lambda: route53.get_health_check_status(HealthCheckId=str(uuid.uuid4())), "NoSuchHealthCheck", 404)


# ----------------------------------------------------------------------------------------------------- who, where, and refusals


def test_accounts_and_regions_are_told_apart(calm: Aws):
    def vaults(aws: Aws) -> list[str]:
        return [vault["BackupVaultName"] for vault in aws.client("backup").list_backup_vaults()["BackupVaultList"]]

    def alarms(aws: Aws) -> list[str]:
        return [alarm["AlarmName"] for alarm in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]]

    assert vaults(primary(calm)) == ["shop-primary"] and vaults(recovery(calm)) == ["shop-recovery"]
    assert "shop-error-rate" in alarms(primary(calm)) and "shop-error-rate" not in alarms(recovery(calm))
    assert "shop-recovery-canary" in alarms(recovery(calm))
    for wrong in [primary(calm).at("eu-central-1"), recovery(calm).at("eu-west-1"), calm]:
        assert vaults(wrong) == [] and alarms(wrong) == []


def test_a_refused_call_makes_the_aws_cli_fail_with_its_code(calm: Aws):
    ran = recovery(calm).run_cli("backup", "describe-restore-job", "--restore-job-id", "nothing")
    assert ran.returncode != 0 and "ResourceNotFoundException" in ran.stderr


def raw(calm: Aws, path: str = "/", method: str = "POST", body: bytes = b"", **headers: str) -> tuple[int, dict, bytes]:
    headers = {"X-Amz-Date": "20260314T030000Z"} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(calm.url + path, data=body or None, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def scope(service: str, region: str = "eu-central-1") -> str:
    credential = f"AKIAEXERCISEOPERATOR/20260314/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"


def test_an_operation_that_does_not_exist_is_refused_as_its_protocol_does(calm: Aws):
    status, _, body = raw(
        calm, body=b"Action=MakeCoffee&Version=2011-06-15", Authorization=scope("sts"),
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert status == 400 and b"<Code>InvalidAction</Code>" in body and b"<RequestId>" in body
    status, headers, body = raw(
        calm, body=b"{}", Authorization=scope("ssm"), Content_Type="application/x-amz-json-1.1",
        X_Amz_Target="AmazonSSM.MakeCoffee",
    )  # fmt: skip
    assert status == 400 and json.loads(body)["__type"].endswith("UnknownOperationException")
    assert {name.lower() for name in headers} >= {"x-amzn-requestid"}
    status, _, body = raw(calm, "/coffee/", "GET", Authorization=scope("backup"))
    assert status in (403, 404) and body
    # Known to the client, not modelled by the simulated AWS: a refusal with a code, and no crash.
    with pytest.raises(ClientError) as caught:
        recovery(calm).client("ssm").list_associations()
    assert caught.value.response["Error"]["Code"] and caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_call_without_a_signature_is_refused(calm: Aws):
    status, headers, body = raw(
        calm, body=b"{}", Content_Type="application/x-amz-json-1.1", X_Amz_Target="AmazonSSM.GetOpsItem"
    )
    assert status in (400, 403) and b"MissingAuthenticationToken" in body
    assert {name.lower() for name in headers} >= {"x-amzn-requestid"}
    status, _, body = raw(
        calm, body=b"Action=GetCallerIdentity&Version=2011-06-15", Content_Type="application/x-www-form-urlencoded"
    )
    assert status == 403 and b"<Code>MissingAuthenticationToken</Code>" in body


def test_every_answer_has_a_request_id_of_its_own(calm: Aws):
    sts = calm.client("sts")
    ids = [sts.get_caller_identity()["ResponseMetadata"]["RequestId"] for _ in range(5)]
    assert len(set(ids)) == 5


def test_bytes_that_are_no_request_do_not_stop_it(calm: Aws):
    host, port = calm.url.removeprefix("http://").split(":")
    for junk in [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(junk)
    assert calm.client("sts").get_caller_identity()["Account"] == OPERATORS


def test_a_session_ends_when_its_hour_is_over(fast: Aws):
    """An hour of the simulated clock is a minute here; the shortest session is fifteen seconds."""
    role = f"arn:aws:iam::{RECOVERY}:role/lifeboat-operator"
    given = fast.client("sts").assume_role(RoleArn=role, RoleSessionName="short", DurationSeconds=900)["Credentials"]
    short = Aws(fast.url, (given["AccessKeyId"], given["SecretAccessKey"]), given["SessionToken"])

    def expired():
        try:
            short.client("backup").list_backup_vaults()
        except ClientError as error:
            return error.response["Error"]["Code"]
        return None

    assert wait_until("the end of the session", expired, 40, 0.5) == "ExpiredTokenException"


def test_a_silent_region_times_out_and_the_others_go_on(fast: Aws):
    from botocore.exceptions import ReadTimeoutError

    def silent():
        try:
            primary(fast).client("backup", read_timeout=1).list_backup_vaults()
        except ReadTimeoutError:
            return True
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("ThrottlingException", "Throttling"), error
        return False

    wait_until("silence of eu-west-1", silent, 30)
    assert recovery(fast).client("backup").list_backup_vaults()["BackupVaultList"]
    assert fast.at("us-east-1").client("sts").get_caller_identity()["Account"] == OPERATORS

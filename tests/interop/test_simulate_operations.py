"""What callers make by themselves in `lifeboat simulate --estate empty`: alarms on expressions, vaults and copies, zones, checks,
parameters, documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from processes import Aws, wait_until
from test_simulate_messaging import ACCOUNT, REGION, empty, queue, refused


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A world whose minute is a second."""
    with empty(tmp_path_factory.mktemp("operations"), "--speed", "60") as aws:
        yield aws


def test_alarms_on_expressions_move_and_tell_topics_and_rules(aws: Aws):
    cloudwatch, sns, sqs, events = (aws.client(name) for name in ("cloudwatch", "sns", "sqs", "events"))
    url, arn = queue(aws, "alarms")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="alarms", EventPattern=json.dumps({"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}))
    events.put_targets(Rule="alarms", Targets=[{"Id": "1", "Arn": arn}])

    def stat(of: str, name: str) -> dict:
        metric = {"Namespace": "Shop", "MetricName": name}
        return {"Id": of, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}

    queries = [stat("errors", "Errors"), stat("all", "Requests"), {"Id": "rate", "Expression": "100 * errors / all", "Label": "%"}]
    cloudwatch.put_metric_alarm(
        AlarmName="rate", Metrics=queries, EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic], TreatMissingData="ignore", Tags=[{"Key": "team", "Value": "shop"}],
    )  # fmt: skip
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(rate)")
    cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Errors", "Value": 9}, {"MetricName": "Requests", "Value": 100}]
    )
    got: list[dict] = []

    def told() -> bool:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
        got.extend(json.loads(message["Body"]) for message in messages)
        return len(got) >= 3

    wait_until("the alarm's message and both alarms' events", told)
    assert sorted(event["detail"]["alarmName"] for event in got if "detail" in event) == ["any", "rate"]
    [message] = [body for body in got if "NewStateValue" in body]
    assert (message["AlarmName"], message["NewStateValue"], message["Region"]) == ("rate", "ALARM", "EU (Ireland)")
    now = datetime.now(timezone.utc) + timedelta(hours=6)
    [rate] = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now - timedelta(hours=12), EndTime=now)[
        "MetricDataResults"
    ]
    assert (rate["Id"], rate["Label"], rate["Values"]) == ("rate", "%", [9.0])
    listed = [row["MetricName"] for page in cloudwatch.get_paginator("list_metrics").paginate() for row in page["Metrics"]]
    assert sorted(listed) == ["Errors", "Requests"]
    points = cloudwatch.get_metric_statistics(
        Namespace="Shop", MetricName="Errors", StartTime=now - timedelta(hours=12), EndTime=now, Period=3600, Statistics=["Maximum"]
    )["Datapoints"]
    assert [point["Maximum"] for point in points] == [9.0]
    alarm = cloudwatch.describe_alarms(AlarmNames=["rate"])["MetricAlarms"][0]
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "shop"}]
    refused(lambda: cloudwatch.delete_alarms(AlarmNames=["rate", "none"]), "ResourceNotFound")
    cloudwatch.delete_alarms(AlarmNames=["rate", "any"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_vaults_are_made_tagged_and_deleted(aws: Aws):
    backup = aws.client("backup")
    arn = backup.create_backup_vault(BackupVaultName="mine", BackupVaultTags={"a": "1", "b": "2", "c": "3"})["BackupVaultArn"]
    assert arn == f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:mine"
    tags, asked = {}, {"ResourceArn": arn, "MaxResults": 2}
    while True:
        page = backup.list_tags(**asked)
        tags |= page["Tags"]
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert tags == {"a": "1", "b": "2", "c": "3"}
    refused(lambda: backup.create_backup_vault(BackupVaultName="mine"), "AlreadyExistsException")
    assert backup.list_copy_jobs()["CopyJobs"] == []
    refused(lambda: backup.describe_copy_job(CopyJobId="none"), "ResourceNotFoundException")
    backup.delete_backup_vault(BackupVaultName="mine")
    refused(lambda: backup.list_tags(ResourceArn=arn), "ResourceNotFoundException")


def test_a_copy_is_restored_in_the_region_it_was_copied_to(calm: Aws):
    here = calm.assume("444455556666", "eu-central-1")
    backup, far = here.client("backup"), here.at("eu-north-1").client("backup")
    vault = far.create_backup_vault(BackupVaultName="far")["BackupVaultArn"]
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName="shop-recovery")["RecoveryPoints"]
    point = next(point for point in points if point["Status"] == "COMPLETED")
    job = backup.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"], SourceBackupVaultName="shop-recovery", DestinationBackupVaultArn=vault,
        IamRoleArn="arn:aws:iam::444455556666:role/lifeboat-restore",
    )  # fmt: skip
    told = backup.describe_copy_job(CopyJobId=job["CopyJobId"])["CopyJob"]
    assert (told["State"], told["DestinationBackupVaultArn"]) in [("CREATED", vault), ("RUNNING", vault)]
    [listed] = [row for page in backup.get_paginator("list_copy_jobs").paginate() for row in page["CopyJobs"]]
    assert listed["CopyJobId"] == job["CopyJobId"]
    inferred = backup.get_restore_testing_inferred_metadata(
        BackupVaultName="shop-recovery", RecoveryPointArn=point["RecoveryPointArn"]
    )
    assert inferred["InferredMetadata"]
    assert backup.describe_protected_resource(ResourceArn=point["ResourceArn"])["ResourceType"] == point["ResourceType"]


def test_zones_and_checks_are_made_and_waited_for(aws: Aws):
    route53 = aws.client("route53")
    made = route53.create_hosted_zone(Name="example.com", CallerReference="1", HostedZoneConfig={"Comment": "c"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201 and made["Location"].endswith(made["HostedZone"]["Id"])
    assert len(made["DelegationSet"]["NameServers"]) == 4
    route53.get_waiter("resource_record_sets_changed").wait(Id=made["ChangeInfo"]["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    zone = made["HostedZone"]["Id"]
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "example.com", "ResourcePath": "/", "RequestInterval": 10}
    check = route53.create_health_check(CallerReference="1", HealthCheckConfig=config)["HealthCheck"]
    assert check["HealthCheckConfig"] | config == check["HealthCheckConfig"] and check["HealthCheckConfig"]["Port"] == 443
    assert route53.get_health_check_status(HealthCheckId=check["Id"])["HealthCheckObservations"]
    sets = [
        {"Name": "www.example.com", "Type": "A", "TTL": 60, "SetIdentifier": which, "Failover": which, "ResourceRecords": [{"Value": at}]}
        for which, at in [("PRIMARY", "192.0.2.1"), ("SECONDARY", "192.0.2.2")]
    ]
    sets[0]["HealthCheckId"] = check["Id"]
    changes = [{"Action": "CREATE", "ResourceRecordSet": one} for one in sets]
    change = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})["ChangeInfo"]
    route53.get_waiter("resource_record_sets_changed").wait(Id=change["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 20})

    def answer() -> list[str]:
        return route53.test_dns_answer(HostedZoneId=zone, RecordName="www.example.com", RecordType="A")["RecordData"]

    assert answer() == ["192.0.2.1"]
    updated = route53.update_health_check(HealthCheckId=check["Id"], Inverted=True)["HealthCheck"]
    assert updated["HealthCheckVersion"] == 2 and answer() == ["192.0.2.2"]
    route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check["Id"], AddTags=[{"Key": "a", "Value": "1"}])
    tags = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check["Id"])["ResourceTagSet"]["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}]
    refused(lambda: route53.delete_hosted_zone(Id=zone), "HostedZoneNotEmpty")
    assert route53.get_hosted_zone_count()["HostedZoneCount"] == 1


def test_parameters_are_kept_and_paged(aws: Aws):
    ssm = aws.client("ssm")
    for number in range(25):
        ssm.put_parameter(Name=f"/shop/{number:02}", Value=str(number), Type="String")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/shop", PaginationConfig={"PageSize": 2})
    told = [row["Value"] for page in pages for row in page["Parameters"]]
    assert told == [str(number) for number in range(25)]
    assert ssm.get_parameter(Name="/shop/07")["Parameter"]["Value"] == "7"
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/none")
    filters = [{"Key": "Name", "Option": "BeginsWith", "Values": ["/shop/1"]}]
    assert len(ssm.describe_parameters(ParameterFilters=filters)["Parameters"]) == 10


def test_a_runbook_is_made_listed_and_run(aws: Aws):
    ssm = aws.client("ssm")
    content = {"schemaVersion": "0.3", "mainSteps": [{"name": "one", "action": "aws:sleep", "inputs": {"Duration": "PT5S"}}]}
    made = ssm.create_document(Name="mine", Content=json.dumps(content), DocumentType="Automation")["DocumentDescription"]
    assert (made["Name"], made["Status"], made["DocumentFormat"]) == ("mine", "Active", "JSON")
    listed = ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]
    assert [row["Name"] for row in listed] == ["mine"]
    execution = ssm.start_automation_execution(DocumentName="mine")["AutomationExecutionId"]

    def done() -> bool:
        told = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        return told["AutomationExecutionStatus"] == "Success"

    wait_until("the runbook's end", done)
    refused(lambda: ssm.describe_document(Name="none"), "InvalidDocument")


def test_a_session_token_speaks_for_its_holder(aws: Aws):
    given = aws.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    session = Aws(aws.url, (given["AccessKeyId"], given["SecretAccessKey"]), given["SessionToken"], REGION)
    assert session.client("sts").get_caller_identity()["Account"] == ACCOUNT
    assert aws.client("sts").get_access_key_info(AccessKeyId=given["AccessKeyId"])["Account"] == ACCOUNT

"""The rest of AWS Backup's, Route 53's, ARC's, CloudWatch's, Health's, SNS's, SQS's, EventBridge's and Systems Manager's operations, with
what each changes read back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from processes import Aws, wait_until
from test_simulate import GET_ERRORS, PRIMARY, recovery
from test_simulate_data import ROLE, paged
from test_simulate_infrastructure import pages
from test_simulate_messaging import ACCOUNT, REGION, empty, queue, refused
from test_simulate_recovery import ended


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A world whose minute is a second."""
    with empty(tmp_path_factory.mktemp("every-recovery"), "--speed", "60") as aws:
        yield aws


def test_vaults_are_guarded_and_their_points_deleted(aws: Aws):
    backup, ec2 = aws.client("backup"), aws.client("ec2")
    arn = backup.create_backup_vault(BackupVaultName="guarded")["BackupVaultArn"]
    vault = {"BackupVaultName": "guarded"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    backup.put_backup_vault_access_policy(**vault, Policy=policy)
    assert json.loads(backup.get_backup_vault_access_policy(**vault)["Policy"]) == json.loads(policy)
    backup.delete_backup_vault_access_policy(**vault)
    refused(lambda: backup.get_backup_vault_access_policy(**vault), "ResourceNotFoundException")
    topic = aws.client("sns").create_topic(Name="vault")["TopicArn"]
    backup.put_backup_vault_notifications(**vault, SNSTopicArn=topic, BackupVaultEvents=["RESTORE_JOB_COMPLETED"])
    assert backup.get_backup_vault_notifications(**vault)["BackupVaultEvents"] == ["RESTORE_JOB_COMPLETED"]
    backup.delete_backup_vault_notifications(**vault)
    refused(lambda: backup.get_backup_vault_notifications(**vault), "ResourceNotFoundException")
    backup.put_backup_vault_lock_configuration(**vault, MinRetentionDays=1, MaxRetentionDays=9)
    assert backup.describe_backup_vault(**vault)["MaxRetentionDays"] == 9
    backup.delete_backup_vault_lock_configuration(**vault)
    backup.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    backup.untag_resource(ResourceArn=arn, TagKeyList=["a"])
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    ask = {"ResourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}", "IamRoleArn": ROLE}
    done = ended(backup, "describe_backup_job", "State", BackupJobId=backup.start_backup_job(**vault, **ask)["BackupJobId"])
    assert pages(backup, "list_recovery_points_by_resource", "RecoveryPoints", ResourceArn=ask["ResourceArn"])
    assert [row["ResourceArn"] for row in pages(backup, "list_protected_resources", "Results")] == [ask["ResourceArn"]]
    assert backup.describe_protected_resource(ResourceArn=ask["ResourceArn"])["ResourceType"] == "EBS"
    refused(lambda: backup.delete_backup_vault(**vault), "InvalidRequestException")
    point = {"RecoveryPointArn": done["RecoveryPointArn"]}
    assert backup.get_recovery_point_restore_metadata(**vault, **point)["RestoreMetadata"]
    backup.delete_recovery_point(**vault, **point)
    refused(lambda: backup.describe_recovery_point(**vault, **point), "ResourceNotFoundException")
    backup.delete_backup_vault(**vault)


def test_a_backup_job_is_stopped_before_it_is_done(calm: Aws):
    backup = calm.assume(PRIMARY, "eu-west-1").client("backup")
    resource = backup.list_protected_resources()["Results"][0]["ResourceArn"]
    role = f"arn:aws:iam::{PRIMARY}:role/backup"
    job = backup.start_backup_job(BackupVaultName="shop-primary", ResourceArn=resource, IamRoleArn=role)["BackupJobId"]
    backup.stop_backup_job(BackupJobId=job)
    assert ended(backup, "describe_backup_job", "State", BackupJobId=job)["State"] == "ABORTED"
    assert job in [row["BackupJobId"] for row in pages(backup, "list_backup_jobs", "BackupJobs")]


def test_plans_of_backups_are_changed_and_their_selections_listed(aws: Aws):
    backup = aws.client("backup")
    rule = {"RuleName": "rule", "TargetBackupVaultName": "Default"}
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "kept", "Rules": [rule]})
    plan = {"BackupPlanId": made["BackupPlanId"]}
    names = [f"selection-{number}" for number in range(3)]
    for name in names:
        chosen = {"SelectionName": name, "IamRoleArn": ROLE, "Resources": ["*"]}
        one = backup.create_backup_selection(**plan, BackupSelection=chosen)["SelectionId"]
    listed = pages(backup, "list_backup_selections", "BackupSelectionsList", **plan)
    assert sorted(row["SelectionName"] for row in listed) == names
    assert backup.get_backup_selection(**plan, SelectionId=one)["BackupSelection"]["SelectionName"] == names[-1]
    changed = backup.update_backup_plan(**plan, BackupPlan={"BackupPlanName": "kept", "Rules": [rule | {"RuleName": "other"}]})
    assert changed["VersionId"] != made["VersionId"]
    assert backup.get_backup_plan(**plan)["BackupPlan"]["Rules"][0]["RuleName"] == "other"


def test_zones_and_checks_are_listed_counted_and_deleted(aws: Aws):
    route53 = aws.client("route53")
    zones = [route53.create_hosted_zone(Name=f"z{n}.example", CallerReference=f"z{n}")["HostedZone"]["Id"] for n in range(3)]
    config = {"Type": "HTTP", "FullyQualifiedDomainName": "z.example", "Disabled": True}
    checks = [route53.create_health_check(CallerReference=f"c{n}", HealthCheckConfig=config)["HealthCheck"]["Id"] for n in range(3)]
    assert sorted(row["Id"] for row in paged(route53, "list_hosted_zones", "HostedZones")) == sorted(zones)
    assert sorted(row["Id"] for row in paged(route53, "list_health_checks", "HealthChecks")) == sorted(checks)
    assert route53.get_health_check_count()["HealthCheckCount"] == 3
    assert route53.get_health_check(HealthCheckId=checks[0])["HealthCheck"]["HealthCheckConfig"]["Disabled"]
    assert route53.get_hosted_zone(Id=zones[0])["HostedZone"]["ResourceRecordSetCount"] == 2
    for check in checks:
        route53.delete_health_check(HealthCheckId=check)
    for zone in zones:
        route53.delete_hosted_zone(Id=zone)
    refused(lambda: route53.get_hosted_zone(Id=zones[0]), "NoSuchHostedZone")


def test_panels_controls_and_rules_are_described_changed_and_deleted(aws: Aws):
    config, west = aws.client("route53-recovery-control-config", "us-west-2"), aws.client("route53-recovery-cluster", "us-west-2")
    clusters = [config.create_cluster(ClusterName=f"c{number}")["Cluster"]["ClusterArn"] for number in range(2)]
    cluster = clusters[0]
    config.get_waiter("cluster_created").wait(ClusterArn=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    assert config.describe_cluster(ClusterArn=cluster)["Cluster"]["Name"] == "c0"
    assert {row["ClusterArn"] for row in paged(config, "list_clusters", "Clusters")} >= set(clusters)
    panel = config.create_control_panel(ClusterArn=cluster, ControlPanelName="p")["ControlPanel"]["ControlPanelArn"]
    config.get_waiter("control_panel_created").wait(ControlPanelArn=panel, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    config.update_control_panel(ControlPanelArn=panel, ControlPanelName="panel")
    assert config.describe_control_panel(ControlPanelArn=panel)["ControlPanel"]["Name"] == "panel"
    assert panel in [row["ControlPanelArn"] for row in paged(config, "list_control_panels", "ControlPanels", ClusterArn=cluster)]
    names = {"ClusterArn": cluster, "ControlPanelArn": panel}
    controls = [
        config.create_routing_control(**names, RoutingControlName=name)["RoutingControl"]["RoutingControlArn"] for name in "abc"
    ]
    config.get_waiter("routing_control_created").wait(RoutingControlArn=controls[0], WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    config.update_routing_control(RoutingControlArn=controls[0], RoutingControlName="first")
    assert config.describe_routing_control(RoutingControlArn=controls[0])["RoutingControl"]["Name"] == "first"
    swap = [{"RoutingControlArn": arn, "RoutingControlState": "On"} for arn in controls[:2]]
    west.update_routing_control_states(UpdateRoutingControlStateEntries=swap)
    on = {row["RoutingControlArn"]: row["RoutingControlState"] for row in paged(west, "list_routing_controls", "RoutingControls")}
    assert [on[arn] for arn in controls] == ["On", "On", "Off"]
    check = aws.client("route53").create_health_check(
        CallerReference="arc", HealthCheckConfig={"Type": "RECOVERY_CONTROL", "RoutingControlArn": controls[0]}
    )["HealthCheck"]["Id"]
    follows = paged(config, "list_associated_route53_health_checks", "HealthCheckIds", RoutingControlArn=controls[0])
    assert follows == [check]
    rules = []
    for number in range(3):
        shape = {"Inverted": False, "Threshold": 1, "Type": "ATLEAST"}
        rule = {"AssertedControls": controls[:2], "ControlPanelArn": panel, "Name": f"r{number}", "WaitPeriodMs": 0, "RuleConfig": shape}
        rules.append(config.create_safety_rule(AssertionRule=rule)["AssertionRule"]["SafetyRuleArn"])
    assert len(paged(config, "list_safety_rules", "SafetyRules", ControlPanelArn=panel)) == 3
    config.update_safety_rule(AssertionRuleUpdate={"SafetyRuleArn": rules[0], "Name": "renamed", "WaitPeriodMs": 1000})
    assert config.describe_safety_rule(SafetyRuleArn=rules[0])["AssertionRule"]["Name"] == "renamed"
    for rule in rules:
        config.delete_safety_rule(SafetyRuleArn=rule)
    for control in controls:
        config.delete_routing_control(RoutingControlArn=control)
    config.get_waiter("routing_control_deleted").wait(RoutingControlArn=controls[0], WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    config.delete_control_panel(ControlPanelArn=panel)
    config.get_waiter("control_panel_deleted").wait(ControlPanelArn=panel, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    for cluster in clusters:
        config.delete_cluster(ClusterArn=cluster)
    config.get_waiter("cluster_deleted").wait(ClusterArn=cluster, WaiterConfig={"Delay": 1, "MaxAttempts": 5})


def test_a_plan_of_region_switch_is_approved_changed_skipped_and_cancelled(aws: Aws):
    switch = aws.client("arc-region-switch", "us-west-2")
    approval = {"executionApprovalConfig": {"approvalRole": ROLE}}
    function = {"customActionLambdaConfig": {
        "retryIntervalMinutes": 1.0, "regionToRun": "activatingRegion",
        "lambdas": [{"arn": f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:none"}],
    }}  # fmt: skip
    steps = [
        {"name": "approve", "executionBlockType": "ManualApproval", "executionBlockConfiguration": approval},
        {"name": "call", "executionBlockType": "CustomActionLambda", "executionBlockConfiguration": function},
    ]
    flows = [{"workflowTargetAction": "activate", "steps": steps}]
    asked = {"regions": ["eu-west-1", "us-west-2"], "recoveryApproach": "activePassive", "primaryRegion": "eu-west-1"}
    asked |= {"executionRole": ROLE, "workflows": flows}
    plans = [switch.create_plan(name=f"plan-{number}", **asked)["plan"]["arn"] for number in range(3)]
    assert sorted(row["arn"] for row in paged(switch, "list_plans", "plans")) == sorted(plans)
    plan = plans[0]
    changed = switch.update_plan(arn=plan, executionRole=ROLE, workflows=flows, description="changed")["plan"]
    assert switch.get_plan(arn=plan)["plan"]["description"] == changed["description"] == "changed"
    start = {"planArn": plan, "targetRegion": "us-west-2", "action": "activate", "mode": "ungraceful"}
    one = {"planArn": plan, "executionId": switch.start_plan_execution(**start)["executionId"]}

    def state(wanted: str) -> dict:
        def look() -> dict | None:
            told = switch.get_plan_execution(**one)
            return told if told["executionState"] == wanted else None

        return wait_until(wanted, look)

    state("pendingManualApproval")
    switch.approve_plan_execution_step(**one, stepName="approve", approval="approve")
    state("pausedByFailedStep")
    switch.update_plan_execution_step(**one, stepName="call", actionToTake="skip", comment="not needed")
    assert [row["status"] for row in state("completedWithExceptions")["stepStates"]] == ["completed", "skipped"]
    one["executionId"] = switch.start_plan_execution(**start)["executionId"]
    switch.update_plan_execution(**one, action="switchToGraceful", comment="no hurry")
    assert switch.get_plan_execution(**one)["mode"] == "graceful"
    switch.cancel_plan_execution(**one)
    wait_until("its end", lambda: switch.get_plan_execution(**one)["executionState"] == "canceled")
    assert len(paged(switch, "list_plan_executions", "items", planArn=plan)) == 2
    for plan in plans:
        switch.delete_plan(arn=plan)
    refused(lambda: switch.get_plan(arn=plan), "ResourceNotFoundException")


def test_alarms_are_found_by_their_metric_tagged_and_kept_from_acting(aws: Aws):
    cloudwatch = aws.client("cloudwatch")
    metric = {"Namespace": "Every", "MetricName": "m"}
    for number in range(3):
        cloudwatch.put_metric_alarm(
            AlarmName=f"every-{number}", **metric, Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
    names = [f"every-{number}" for number in range(3)]
    assert [row["AlarmName"] for row in cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"]] == names
    assert len(paged(cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix="every-")) == 3
    cloudwatch.disable_alarm_actions(AlarmNames=names[:1])
    assert not cloudwatch.describe_alarms(AlarmNames=names[:1])["MetricAlarms"][0]["ActionsEnabled"]
    cloudwatch.enable_alarm_actions(AlarmNames=names[:1])
    alarm = cloudwatch.describe_alarms(AlarmNames=names[:1])["MetricAlarms"][0]
    assert alarm["ActionsEnabled"]
    cloudwatch.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    cloudwatch.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["a"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [{"Key": "b", "Value": "2"}]
    cloudwatch.set_alarm_state(AlarmName=names[0], StateValue="ALARM", StateReason="a test")
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=names, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    history = paged(cloudwatch, "describe_alarm_history", "AlarmHistoryItems", AlarmName=names[0])
    assert {row["HistoryItemType"] for row in history} == {"ConfigurationUpdate", "StateUpdate"}
    detector = {"SingleMetricAnomalyDetector": metric | {"Stat": "Average"}}
    cloudwatch.put_anomaly_detector(**detector)
    cloudwatch.delete_anomaly_detector(**detector)
    assert cloudwatch.describe_anomaly_detectors(**metric)["AnomalyDetectors"] == []
    cloudwatch.delete_alarms(AlarmNames=names)


def test_health_is_told_for_an_organisation_and_counted(fast: Aws):
    health = recovery(fast).client("health", "us-east-1")
    chosen = {"services": ["S3"], "regions": ["eu-west-1"]}

    def there() -> bool:
        told = pages(health, "describe_events_for_organization", "events", filter=chosen)
        return GET_ERRORS in [event["arn"] for event in told] and len(told) >= 2

    wait_until("two events", there)
    accounts = health.describe_affected_accounts_for_organization(eventArn=GET_ERRORS)["affectedAccounts"]
    assert PRIMARY in accounts
    ask = [{"eventArn": GET_ERRORS, "awsAccountId": PRIMARY}]
    details = health.describe_event_details_for_organization(organizationEventDetailFilters=ask)
    assert "GET requests" in details["successfulSet"][0]["eventDescription"]["latestDescription"]
    entities = pages(health, "describe_affected_entities_for_organization", "entities", organizationEntityFilters=ask)
    assert [row["entityValue"] for row in entities] == ["shop-assets-eu-west-1"]
    [counted] = health.describe_entity_aggregates_for_organization(eventArns=[GET_ERRORS])["organizationEntityAggregates"]
    assert counted["count"] == 1
    mine = fast.assume(PRIMARY, "eu-central-1").client("health", "us-east-1")
    assert mine.describe_entity_aggregates(eventArns=[GET_ERRORS])["entityAggregates"][0]["count"] == 1
    kinds = pages(health, "describe_event_types", "eventTypes")
    assert "AWS_S3_INCREASED_GET_API_ERROR_RATES" in [row["code"] for row in kinds]
    assert pages(health, "describe_event_aggregates", "eventAggregates", aggregateField="eventTypeCategory")[0]["count"] >= 2
    status = health.describe_health_service_status_for_organization()
    assert status["healthServiceAccessStatusForOrganization"] == "ENABLED"


def test_topics_and_queues_are_changed_tagged_and_deleted(aws: Aws):
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name="every")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Every")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Every"
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["a"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "b", "Value": "2"}]
    dead, dead_arn = queue(aws, "dead")
    sources = [queue(aws, f"source-{n}", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})) for n in range(3)]
    for _, arn in sources:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    assert sorted(row["Endpoint"] for row in pages(sns, "list_subscriptions", "Subscriptions")) == sorted(arn for _, arn in sources)
    listed = paged(sqs, "list_dead_letter_source_queues", "queueUrls", QueueUrl=dead)
    assert sorted(listed) == sorted(url for url, _ in sources)
    sns.delete_topic(TopicArn=topic)
    refused(lambda: sns.get_topic_attributes(TopicArn=topic), "NotFound")
    assert sns.list_subscriptions()["Subscriptions"] == []
    url, _ = sources[0]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3000"})
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "3000"
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(3)])["Successful"]
    assert len(sent) == 3
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(got) == 3 and "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"], VisibilityTimeout=0)
    rest = [{"Id": str(n), "ReceiptHandle": row["ReceiptHandle"], "VisibilityTimeout": 0} for n, row in enumerate(got[1:])]
    assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=rest)["Successful"]) == 2
    again = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(again) == 3
    gone = [{"Id": str(n), "ReceiptHandle": row["ReceiptHandle"]} for n, row in enumerate(again)]
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=gone)["Successful"]) == 3
    sqs.delete_queue(QueueUrl=url)
    refused(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]), "AWS.SimpleQueueService.NonExistentQueue")


def test_a_subscription_of_another_accounts_queue_is_confirmed_by_its_owner(aws: Aws):
    sns = aws.client("sns")
    topic = sns.create_topic(Name="confirmed")["TopicArn"]
    other = aws.assume("210987654321", REGION)
    url, arn = queue(other, "theirs")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Message="too early")

    def next_body() -> dict:
        [message] = other.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        other.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    asked = next_body()
    assert (asked["Type"], asked["TopicArn"]) == ("SubscriptionConfirmation", topic)
    theirs = other.client("sns")
    refused(lambda: theirs.confirm_subscription(TopicArn=topic, Token="0" * 64), "InvalidParameter")
    confirmed = theirs.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"]
    assert confirmed.startswith(f"{topic}:")
    sns.publish(TopicArn=topic, Message="in time")
    assert next_body()["Message"] == "in time"


def test_buses_and_rules_are_made_held_and_deleted(aws: Aws):
    events = aws.client("events")
    for number in range(3):
        events.create_event_bus(Name=f"bus-{number}")
    first = events.list_event_buses(NamePrefix="bus-", Limit=2)
    rest = events.list_event_buses(NamePrefix="bus-", Limit=2, NextToken=first["NextToken"])
    assert [row["Name"] for row in first["EventBuses"] + rest["EventBuses"]] == ["bus-0", "bus-1", "bus-2"]
    assert events.describe_event_bus(Name="bus-0")["Arn"].endswith("event-bus/bus-0")
    rule = events.put_rule(Name="r", EventBusName="bus-0", EventPattern='{"source": ["x"]}')["RuleArn"]
    where = {"Name": "r", "EventBusName": "bus-0"}
    events.disable_rule(**where)
    assert events.describe_rule(**where)["State"] == "DISABLED"
    events.enable_rule(**where)
    assert events.describe_rule(**where)["State"] == "ENABLED"
    events.tag_resource(ResourceARN=rule, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=rule, TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=rule)["Tags"] == [{"Key": "b", "Value": "2"}]
    targets = [{"Id": str(number), "Arn": queue(aws, f"target-{number}")[1]} for number in range(3)]
    events.put_targets(Rule="r", EventBusName="bus-0", Targets=targets)
    assert paged(events, "list_targets_by_rule", "Targets", Rule="r", EventBusName="bus-0") == targets
    assert paged(events, "list_rule_names_by_target", "RuleNames", TargetArn=targets[0]["Arn"], EventBusName="bus-0") == ["r"]
    assert events.test_event_pattern(EventPattern='{"source": ["x"]}', Event=json.dumps({"id": "1", "source": "x", "account": ACCOUNT, "time": "2026-03-14T03:00:00Z", "region": REGION, "resources": [], "detail-type": "t", "detail": {}}))["Result"]
    events.remove_targets(Rule="r", EventBusName="bus-0", Ids=["0", "1", "2"])
    events.delete_rule(**where)
    for number in range(3):
        events.delete_event_bus(Name=f"bus-{number}")
    assert [row["Name"] for row in events.list_event_buses()["EventBuses"]] == ["default"]


def test_parameters_documents_items_and_commands_come_to_their_ends(aws: Aws, calm: Aws):
    ssm = aws.client("ssm")
    names = [f"every-{number}" for number in range(3)]
    for name in names:
        ssm.put_parameter(Name=name, Value=name, Type="String")
        ssm.create_ops_item(Title=name, Source="test", Description=name)
    assert [row["Value"] for row in ssm.get_parameters(Names=[*names, "none"])["Parameters"]] == names
    ssm.delete_parameter(Name=names[0])
    assert ssm.delete_parameters(Names=names)["InvalidParameters"] == names[:1]
    items = pages(ssm, "describe_ops_items", "OpsItemSummaries", OpsItemFilters=[{"Key": "Status", "Values": ["Open"], "Operator": "Equal"}])
    assert sorted(row["Title"] for row in items) == names
    content = {"schemaVersion": "0.3", "mainSteps": [{"name": "one", "action": "aws:sleep", "inputs": {"Duration": "PT5S"}}]}
    ssm.create_document(Name="every", Content=json.dumps(content), DocumentType="Automation")
    assert ssm.describe_document(Name="every")["Document"]["DocumentType"] == "Automation"
    runs = [ssm.start_automation_execution(DocumentName="every")["AutomationExecutionId"] for _ in range(3)]
    listed = pages(ssm, "describe_automation_executions", "AutomationExecutionMetadataList")
    assert sorted(row["AutomationExecutionId"] for row in listed) == sorted(runs)
    steps = pages(ssm, "describe_automation_step_executions", "StepExecutions", AutomationExecutionId=runs[0])
    assert [row["StepName"] for row in steps] == ["one"]
    ssm.delete_document(Name="every")
    refused(lambda: ssm.describe_document(Name="every"), "InvalidDocument")
    # In real time a command runs for as long as it takes to cancel it.
    slow = recovery(calm).client("ssm")
    sent = {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123456789abcdef0"], "Parameters": {"commands": ["sleep 60"]}}
    command = slow.send_command(**sent)["Command"]["CommandId"]
    slow.cancel_command(CommandId=command)
    told = slow.list_commands(CommandId=command)["Commands"][0]
    assert told["Status"] in ("Cancelled", "Cancelling")

//! Stacks, instances, volumes, requests of Cloud Control: made by callers, and the same to every service that looks.

use serde_json::{Value, json};

use super::inject::{Change, Inject};
use super::messaging_tests::Player;

const EXERCISE: (&str, &str) = ("444455556666", "eu-central-1");

fn template(resources: Value, outputs: Value) -> String {
    json!({"Resources": resources, "Outputs": outputs}).to_string()
}

impl Player {
    fn stack(&mut self, name: &str) -> Value {
        self.get("cloudformation", "DescribeStacks", json!({"StackName": name}))["Stacks"][0].clone()
    }

    fn status(&mut self, name: &str) -> String {
        self.stack(name)["StackStatus"].as_str().unwrap().to_owned()
    }

    fn settle(&mut self, name: &str) -> String {
        for _ in 0..400 {
            let status = self.status(name);
            if !status.ends_with("IN_PROGRESS") || status == "REVIEW_IN_PROGRESS" {
                return status;
            }
            self.wait(5);
        }
        panic!("{name} does not settle: {}", self.stack(name));
    }

    fn fail_resource(&mut self, of: &str, message: &str) {
        let changes = vec![Change::FailResource(of.to_owned(), message.to_owned())];
        self.world.inject(Inject::by_hand("fails", changes)).unwrap();
    }

    fn history(&mut self, name: &str) -> Vec<String> {
        let told = self.get("cloudformation", "DescribeStackEvents", json!({"StackName": name}));
        let line = |event: &Value| {
            format!("{} {}", event["LogicalResourceId"].as_str().unwrap(), event["ResourceStatus"].as_str().unwrap())
        };
        told["StackEvents"].as_array().unwrap().iter().rev().map(line).collect()
    }
}

fn queue_and_topic() -> Value {
    json!({
        "Work": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 45}},
        "News": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "${AWS::StackName}-news"}}},
        "Way": {"Type": "AWS::SNS::Subscription", "Properties": {
            "TopicArn": {"Ref": "News"}, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Work", "Arn"]}}},
    })
}

#[test]
fn a_stack_makes_what_its_services_then_tell_and_a_repetition_makes_nothing_twice() {
    let mut player = Player::new();
    let outputs = json!({"Url": {"Value": {"Ref": "Work"}, "Export": {"Name": "work-url"}}});
    let body = template(queue_and_topic(), outputs);
    let input = json!({"StackName": "shop", "TemplateBody": body, "ClientRequestToken": "once"});
    let made = player.get("cloudformation", "CreateStack", input.clone());
    assert_eq!(player.get("cloudformation", "CreateStack", input), made);
    assert_eq!(
        player.refused("cloudformation", "CreateStack", json!({"StackName": "shop", "TemplateBody": body})),
        "AlreadyExistsException"
    );
    assert_eq!(player.settle("shop"), "CREATE_COMPLETE");
    let stack = player.stack("shop");
    let url = stack["Outputs"][0]["OutputValue"].clone();
    assert_eq!(stack["Outputs"][0]["ExportName"], "work-url");
    let attributes = player.get("sqs", "GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["VisibilityTimeout"]}));
    assert_eq!(attributes["Attributes"]["VisibilityTimeout"], "45");
    let topic = format!("arn:aws:sns:eu-west-1:{}:shop-news", player.account);
    player.get("sns", "Publish", json!({"TopicArn": topic, "Message": "hello"}));
    assert_eq!(player.receive(url.as_str().unwrap()).len(), 1);
    let history = player.history("shop");
    assert_eq!((history[0].as_str(), history.last().unwrap().as_str()), ("shop CREATE_IN_PROGRESS", "shop CREATE_COMPLETE"));
    assert!(
        history.iter().position(|line| line == "Work CREATE_COMPLETE")
            < history.iter().position(|line| line == "Way CREATE_IN_PROGRESS")
    );
    player.get("cloudformation", "DeleteStack", json!({"StackName": "shop"}));
    player.wait(5);
    assert_eq!(player.refused("cloudformation", "DescribeStacks", json!({"StackName": "shop"})), "ValidationError");
    let gone = player.get("cloudformation", "DescribeStacks", json!({"StackName": made["StackId"]}));
    assert_eq!(gone["Stacks"][0]["StackStatus"], "DELETE_COMPLETE");
    assert_eq!(player.refused("sqs", "GetQueueAttributes", json!({"QueueUrl": url})), "QueueDoesNotExist");
}

#[test]
fn a_creation_that_fails_goes_back_and_leaves_a_stack_that_can_only_be_deleted() {
    let mut player = Player::in_exercise(EXERCISE.0, EXERCISE.1);
    player.fail_resource("back/News", "no more topics");
    player.get(
        "cloudformation",
        "CreateStack",
        json!({"StackName": "back", "TemplateBody": template(queue_and_topic(), json!({}))}),
    );
    assert_eq!(player.status("back"), "CREATE_IN_PROGRESS");
    assert_eq!(player.settle("back"), "ROLLBACK_COMPLETE");
    let history = player.history("back");
    assert!(
        history.contains(&"News CREATE_FAILED".to_owned()) && history.contains(&"Work DELETE_COMPLETE".to_owned()),
        "{history:?}"
    );
    let again = json!({"StackName": "back", "TemplateBody": template(queue_and_topic(), json!({}))});
    assert_eq!(player.refused("cloudformation", "UpdateStack", again), "ValidationError");
    player.get("cloudformation", "DeleteStack", json!({"StackName": "back"}));
    player.wait(60);
    assert_eq!(player.refused("cloudformation", "DescribeStacks", json!({"StackName": "back"})), "ValidationError");
}

#[test]
fn an_update_changes_replaces_and_removes_and_goes_back_when_it_fails() {
    let mut player = Player::in_exercise(EXERCISE.0, EXERCISE.1);
    let body = template(queue_and_topic(), json!({}));
    player.get("cloudformation", "CreateStack", json!({"StackName": "shop", "TemplateBody": body}));
    assert_eq!(player.settle("shop"), "CREATE_COMPLETE");
    let same = json!({"StackName": "shop", "UsePreviousTemplate": true});
    let refusal = player.ask("cloudformation", "UpdateStack", same).unwrap_err();
    assert_eq!(refusal.message, "No updates are to be performed.");
    let mut resources = queue_and_topic();
    resources["Work"]["Properties"]["VisibilityTimeout"] = 50.into();
    resources["News"]["Properties"]["TopicName"] = "other".into();
    let update = json!({"StackName": "shop", "TemplateBody": template(resources, json!({}))});
    player.fail_resource("shop/Way", "no");
    player.get("cloudformation", "UpdateStack", update.clone());
    assert_eq!(player.settle("shop"), "UPDATE_ROLLBACK_COMPLETE");
    let topics = player.get("sns", "ListTopics", json!({}));
    assert_eq!(topics["Topics"].as_array().unwrap().len(), 1, "{topics}");
    player.get("cloudformation", "UpdateStack", update);
    assert_eq!(player.settle("shop"), "UPDATE_COMPLETE");
    let topics = player.get("sns", "ListTopics", json!({}));
    assert_eq!(topics["Topics"], json!([{"TopicArn": "arn:aws:sns:eu-central-1:444455556666:other"}]));
    let told = player.get("cloudformation", "ListStackResources", json!({"StackName": "shop"}));
    assert_eq!(told["StackResourceSummaries"].as_array().unwrap().len(), 3);
}

#[test]
fn a_way_back_that_fails_is_gone_on_with_and_may_leave_a_resource_out() {
    let mut player = Player::in_exercise(EXERCISE.0, EXERCISE.1);
    let body = template(queue_and_topic(), json!({}));
    player.get("cloudformation", "CreateStack", json!({"StackName": "shop", "TemplateBody": body}));
    player.settle("shop");
    let mut resources = queue_and_topic();
    resources["Work"]["Properties"]["VisibilityTimeout"] = 50.into();
    resources["News"]["Properties"]["DisplayName"] = "x".into();
    resources["Way"]["DependsOn"] = "Work".into();
    resources["Way"]["Properties"]["RawMessageDelivery"] = true.into();
    player.fail_resource("shop/Way", "no");
    player.fail_resource("shop/Work rollback", "not even back");
    player.get("cloudformation", "UpdateStack", json!({"StackName": "shop", "TemplateBody": template(resources, json!({}))}));
    assert_eq!(player.settle("shop"), "UPDATE_ROLLBACK_FAILED");
    let go_on = json!({"StackName": "shop", "ResourcesToSkip": ["Work"]});
    player.get("cloudformation", "ContinueUpdateRollback", go_on);
    assert_eq!(player.settle("shop"), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn a_change_set_tells_what_it_would_change_and_waits_to_be_executed() {
    let mut player = Player::new();
    let body = template(queue_and_topic(), json!({}));
    let input = json!({"StackName": "shop", "ChangeSetName": "first", "ChangeSetType": "CREATE", "TemplateBody": body});
    player.get("cloudformation", "CreateChangeSet", input);
    assert_eq!(player.status("shop"), "REVIEW_IN_PROGRESS");
    let named = json!({"StackName": "shop", "ChangeSetName": "first"});
    let told = player.get("cloudformation", "DescribeChangeSet", named.clone());
    assert_eq!((&told["Status"], told["Changes"].as_array().unwrap().len()), (&json!("CREATE_COMPLETE"), 3));
    player.get("cloudformation", "ExecuteChangeSet", named);
    assert_eq!(player.settle("shop"), "CREATE_COMPLETE");
    let nothing = json!({"StackName": "shop", "ChangeSetName": "none", "UsePreviousTemplate": true});
    player.get("cloudformation", "CreateChangeSet", nothing);
    let told = player.get("cloudformation", "DescribeChangeSet", json!({"StackName": "shop", "ChangeSetName": "none"}));
    assert_eq!((&told["Status"], &told["ExecutionStatus"]), (&json!("FAILED"), &json!("UNAVAILABLE")));
    let mut resources = queue_and_topic();
    resources["News"]["Properties"]["TopicName"] = "other".into();
    let input = json!({"StackName": "shop", "ChangeSetName": "second", "TemplateBody": template(resources, json!({}))});
    player.get("cloudformation", "CreateChangeSet", input);
    let told = player.get("cloudformation", "DescribeChangeSet", json!({"StackName": "shop", "ChangeSetName": "second"}));
    let change = |logical: &str| {
        let all = told["Changes"].as_array().unwrap().iter().map(|change| &change["ResourceChange"]);
        all.clone().find(|change| change["LogicalResourceId"] == logical).map(|change| change["Replacement"].clone())
    };
    assert_eq!((change("News"), change("Work")), (Some(json!("True")), None));
}

#[test]
fn a_template_that_cannot_be_is_refused_before_anything_is_done() {
    let mut player = Player::new();
    let mut refused = |body: &str, part: &str| {
        let refusal = player.ask("cloudformation", "CreateStack", json!({"StackName": "x", "TemplateBody": body})).unwrap_err();
        assert!(refusal.code == "ValidationError" && refusal.message.contains(part), "{refusal:?}");
    };
    refused("{", "JSON not well-formed");
    refused("a: [1", "YAML not well-formed");
    refused("{\"Resources\": {}}", "At least one Resources member");
    refused("Resources: {A: {Type: 'AWS::No::Such'}}", "Unrecognized resource types: [AWS::No::Such]");
    refused("Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref B}}}", "Unresolved resource dependencies [B]");
    refused("Parameters: {P: {Type: String}}\nResources: {A: {Type: 'AWS::SNS::Topic'}}", "Parameters: [P] must have values");
    refused(
        "Resources: {A: {Type: 'AWS::SNS::Topic', DependsOn: B}, B: {Type: 'AWS::SNS::Topic', DependsOn: A}}",
        "Circular dependency between resources: [A, B]",
    );
}

#[test]
fn an_instance_goes_through_its_states_and_a_volume_is_attached_in_its_zone_only() {
    let mut player = Player::in_exercise(EXERCISE.0, EXERCISE.1);
    let images = player.get("ec2", "DescribeImages", json!({"Owners": ["amazon"]}));
    let subnets = player.get("ec2", "DescribeSubnets", json!({}));
    let subnet = subnets["Subnets"][0].clone();
    let image = images["Images"][0]["ImageId"].clone();
    let input = json!({"ImageId": image, "MinCount": 1, "MaxCount": 2, "SubnetId": subnet["SubnetId"], "ClientToken": "t",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]});
    let run = player.get("ec2", "RunInstances", input.clone());
    let ids: Vec<Value> = run["Instances"].as_array().unwrap().iter().map(|instance| instance["InstanceId"].clone()).collect();
    assert_eq!(ids.len(), 2);
    let again = player.get("ec2", "RunInstances", input);
    assert_eq!(again["ReservationId"], run["ReservationId"]);
    let filter =
        json!({"Filters": [{"Name": "tag:Name", "Values": ["w*"]}, {"Name": "instance-state-name", "Values": ["pending"]}]});
    assert_eq!(
        player.get("ec2", "DescribeInstances", filter.clone())["Reservations"][0]["Instances"].as_array().unwrap().len(),
        2
    );
    player.wait(30);
    assert_eq!(player.get("ec2", "DescribeInstances", filter)["Reservations"], json!([]));
    let zone = subnet["AvailabilityZone"].as_str().unwrap();
    let other = if zone.ends_with('a') { zone.replace("1a", "1b") } else { zone[..zone.len() - 1].to_owned() + "a" };
    let volume = |player: &mut Player, zone: &str| {
        let made = player.get("ec2", "CreateVolume", json!({"AvailabilityZone": zone, "Size": 10, "VolumeType": "gp3"}));
        player.wait(10);
        made["VolumeId"].clone()
    };
    let (far, near) = (volume(&mut player, &other), volume(&mut player, zone));
    let attach = |volume: &Value| json!({"VolumeId": volume, "InstanceId": ids[0], "Device": "/dev/sdf"});
    assert_eq!(player.refused("ec2", "AttachVolume", attach(&far)), "InvalidVolume.ZoneMismatch");
    let mut dry = attach(&near);
    dry["DryRun"] = true.into();
    assert_eq!(player.refused("ec2", "AttachVolume", dry), "DryRunOperation");
    player.get("ec2", "AttachVolume", attach(&near));
    assert_eq!(player.refused("ec2", "DeleteVolume", json!({"VolumeId": near})), "VolumeInUse");
    player.get("ec2", "TerminateInstances", json!({"InstanceIds": ids}));
    player.wait(60);
    let told = player.get("ec2", "DescribeVolumes", json!({"VolumeIds": [near]}));
    assert_eq!(told["Volumes"][0]["State"], "available");
    assert_eq!(
        player.refused("ec2", "DescribeVolumes", json!({"VolumeIds": ["vol-0123456789abcdef0"]})),
        "InvalidVolume.NotFound"
    );
    assert_eq!(
        player.refused("ec2", "RunInstances", json!({"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1})),
        "InvalidAMIID.NotFound"
    );
}

#[test]
fn cloud_control_attaches_a_volume_once_whatever_is_repeated() {
    let mut player = Player::in_exercise(EXERCISE.0, EXERCISE.1);
    let made = player.get("ec2", "CreateVolume", json!({"AvailabilityZone": "eu-central-1a", "Size": 10}));
    player.wait(10);
    let volume = made["VolumeId"].as_str().unwrap().to_owned();
    let desired = json!({"VolumeId": volume, "InstanceId": "i-0f00ba4deadbeef01", "Device": "/dev/sdg"}).to_string();
    let input = json!({"TypeName": "AWS::EC2::VolumeAttachment", "DesiredState": desired, "ClientToken": "once"});
    let begun = player.get("cloudcontrolapi", "CreateResource", input.clone())["ProgressEvent"].clone();
    assert_eq!(
        (&begun["OperationStatus"], &begun["Identifier"]),
        (&json!("IN_PROGRESS"), &json!(format!("{volume}|i-0f00ba4deadbeef01")))
    );
    assert_eq!(player.get("cloudcontrolapi", "CreateResource", input)["ProgressEvent"]["RequestToken"], begun["RequestToken"]);
    player.wait(30);
    let asked = json!({"RequestToken": begun["RequestToken"]});
    assert_eq!(player.get("cloudcontrolapi", "GetResourceRequestStatus", asked)["ProgressEvent"]["OperationStatus"], "SUCCESS");
    let volumes = player.get("ec2", "DescribeVolumes", json!({"VolumeIds": [volume]}));
    assert_eq!(volumes["Volumes"][0]["Attachments"][0]["State"], "attached");
    let named = json!({"TypeName": "AWS::EC2::VolumeAttachment", "Identifier": begun["Identifier"]});
    player.get("cloudcontrolapi", "GetResource", named.clone());
    player.get("cloudcontrolapi", "DeleteResource", named.clone());
    player.wait(30);
    assert_eq!(player.refused("cloudcontrolapi", "GetResource", named), "ResourceNotFoundException");
    let wrong =
        json!({"TypeName": "AWS::EC2::Volume", "DesiredState": json!({"AvailabilityZone": "eu-west-1a", "Size": 1}).to_string()});
    let failed = player.get("cloudcontrolapi", "CreateResource", wrong)["ProgressEvent"]["RequestToken"].clone();
    let told =
        player.get("cloudcontrolapi", "GetResourceRequestStatus", json!({"RequestToken": failed}))["ProgressEvent"].clone();
    assert_eq!((&told["OperationStatus"], &told["ErrorCode"]), (&json!("FAILED"), &json!("NotFound")));
}

#[test]
fn a_database_is_restored_to_a_moment_and_shows_its_tail() {
    let mut player = Player::in_exercise("111122223333", "eu-west-1");
    let desired = json!({
        "DBInstanceIdentifier": "orders-back", "SourceDBInstanceIdentifier": "orders-db", "UseLatestRestorableTime": true,
        "DBSubnetGroupName": "shop-primary",
    });
    let input = json!({"TypeName": "AWS::RDS::DBInstance", "DesiredState": desired.to_string()});
    let begun = player.get("cloudcontrolapi", "CreateResource", input)["ProgressEvent"].clone();
    let named = json!({"DBInstanceIdentifier": "orders-back"});
    assert_eq!(player.get("rds", "DescribeDBInstances", named.clone())["DBInstances"][0]["DBInstanceStatus"], "creating");
    player.wait(320);
    let told = player.get("rds", "DescribeDBInstances", named)["DBInstances"][0].clone();
    assert_eq!((&told["DBInstanceStatus"], &told["StorageOperationStatus"]), (&json!("available"), &json!("Initializing")));
    let asked = json!({"RequestToken": begun["RequestToken"]});
    assert_eq!(player.get("cloudcontrolapi", "GetResourceRequestStatus", asked)["ProgressEvent"]["OperationStatus"], "SUCCESS");
    let late = json!({"SourceDBInstanceIdentifier": "orders-db", "TargetDBInstanceIdentifier": "x", "RestoreTime": "2030-01-01T00:00:00.000Z"});
    assert_eq!(player.refused("rds", "RestoreDBInstanceToPointInTime", late), "InvalidParameterValue");
    let taken = json!({"SourceDBInstanceIdentifier": "orders-db", "TargetDBInstanceIdentifier": "orders-back", "UseLatestRestorableTime": true});
    assert_eq!(player.refused("rds", "RestoreDBInstanceToPointInTime", taken), "DBInstanceAlreadyExistsFault");
}

#[test]
fn a_restored_cluster_has_no_instances_until_one_is_made() {
    let mut player = Player::new();
    let made = json!({"DBClusterIdentifier": "ledger", "Engine": "aurora-postgresql", "MasterUsername": "a", "MasterUserPassword": "secret99"});
    player.get("rds", "CreateDBCluster", made);
    let restore =
        json!({"DBClusterIdentifier": "ledger-back", "SourceDBClusterIdentifier": "ledger", "UseLatestRestorableTime": true});
    player.get("rds", "RestoreDBClusterToPointInTime", restore);
    let named = json!({"DBClusterIdentifier": "ledger-back"});
    assert_eq!(player.get("rds", "DescribeDBClusters", named.clone())["DBClusters"][0]["DBClusterMembers"], json!([]));
    let instance = json!({"DBInstanceIdentifier": "writer", "DBClusterIdentifier": "ledger-back", "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.r6g.large"});
    player.get("rds", "CreateDBInstance", instance);
    let told = player.get("rds", "DescribeDBClusters", named)["DBClusters"][0]["DBClusterMembers"].clone();
    assert_eq!((&told[0]["DBInstanceIdentifier"], &told[0]["IsClusterWriter"]), (&json!("writer"), &json!(true)));
    let gone = json!({"DBClusterIdentifier": "ledger-back", "SkipFinalSnapshot": true});
    assert_eq!(player.refused("rds", "DeleteDBCluster", gone), "InvalidDBClusterStateFault");
}

#[test]
fn an_instance_that_is_protected_stays_until_it_is_not() {
    let mut player = Player::new();
    let run = player.get(
        "ec2",
        "RunInstances",
        json!({"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "DisableApiTermination": true}),
    );
    let id = run["Instances"][0]["InstanceId"].clone();
    assert_eq!(player.refused("ec2", "TerminateInstances", json!({"InstanceIds": [id]})), "OperationNotPermitted");
    let attribute = json!({"InstanceId": id, "Attribute": "disableApiTermination"});
    assert_eq!(
        player.get("ec2", "DescribeInstanceAttribute", attribute.clone())["DisableApiTermination"],
        json!({"Value": true})
    );
    player.get("ec2", "ModifyInstanceAttribute", json!({"InstanceId": id, "DisableApiTermination": {"Value": false}}));
    assert_eq!(player.get("ec2", "DescribeInstanceAttribute", attribute)["DisableApiTermination"], json!({"Value": false}));
    let running = json!({"InstanceId": id, "InstanceType": {"Value": "t3.large"}});
    assert_eq!(player.refused("ec2", "ModifyInstanceAttribute", running), "IncorrectInstanceState");
    let told = player.get("ec2", "DescribeInstances", json!({"InstanceIds": [id]}))["Reservations"][0]["Instances"][0].clone();
    let interface = &told["NetworkInterfaces"][0];
    assert_eq!((&interface["PrivateIpAddress"], &interface["Groups"]), (&told["PrivateIpAddress"], &told["SecurityGroups"]));
    player.get("ec2", "TerminateInstances", json!({"InstanceIds": [id]}));
}

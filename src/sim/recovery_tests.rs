//! AWS Backup with the services whose resources it keeps and restores.

use serde_json::{Value, json};

use super::messaging_tests::Player;

const ROLE: &str = "arn:aws:iam::123456789012:role/backup";

impl Player {
    fn vault(&mut self, name: &str) -> Value {
        self.get("backup", "CreateBackupVault", json!({"BackupVaultName": name}))["BackupVaultArn"].clone()
    }

    /// Backs a resource up, and gives the recovery point's ARN.
    fn back_up(&mut self, vault: &str, resource: &str) -> Value {
        let input = json!({"BackupVaultName": vault, "ResourceArn": resource, "IamRoleArn": ROLE});
        let job = self.get("backup", "StartBackupJob", input);
        self.wait(300);
        let told = self.get("backup", "DescribeBackupJob", json!({"BackupJobId": job["BackupJobId"]}));
        assert_eq!(told["State"], "COMPLETED", "{told}");
        told["RecoveryPointArn"].clone()
    }

    /// Restores a recovery point, and gives the job as it ended.
    fn restore(&mut self, point: &Value, metadata: Value) -> Value {
        let input = json!({"RecoveryPointArn": point, "Metadata": metadata, "IamRoleArn": ROLE, "CopySourceTagsToRestoredResource": true});
        let job = self.get("backup", "StartRestoreJob", input);
        self.wait(4000);
        self.get("backup", "DescribeRestoreJob", json!({"RestoreJobId": job["RestoreJobId"]}))
    }
}

#[test]
fn a_restored_volume_is_told_by_ec2_with_its_size_tags_and_snapshot() {
    let mut player = Player::new();
    player.vault("v");
    let tags = json!([{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "shop"}]}]);
    let input =
        json!({"AvailabilityZone": "eu-west-1a", "Size": 40, "VolumeType": "io1", "Iops": 500, "TagSpecifications": tags});
    let volume = player.get("ec2", "CreateVolume", input)["VolumeId"].clone();
    let arn = format!("arn:aws:ec2:eu-west-1:123456789012:volume/{}", volume.as_str().unwrap());
    let point = player.back_up("v", &arn);
    let snapshot = point.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let told = player.get("ec2", "DescribeSnapshots", json!({"SnapshotIds": [snapshot]}));
    assert_eq!(told["Snapshots"][0]["VolumeSize"], 40);
    let kept = json!({"BackupVaultName": "v", "RecoveryPointArn": point});
    assert_eq!(player.get("backup", "GetRecoveryPointRestoreMetadata", kept)["RestoreMetadata"]["volumeType"], "io1");
    let job = player.restore(&point, json!({"availabilityZone": "eu-west-1b"}));
    assert_eq!(job["Status"], "COMPLETED", "{job}");
    let made = job["CreatedResourceArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let told = player.get("ec2", "DescribeVolumes", json!({"VolumeIds": [made]}))["Volumes"][0].clone();
    assert_eq!((&told["Size"], &told["VolumeType"], &told["SnapshotId"]), (&json!(40), &json!("io1"), &json!(snapshot)));
    assert_eq!(told["Tags"], json!([{"Key": "team", "Value": "shop"}]));
}

#[test]
fn a_restored_instance_stands_in_the_subnet_that_was_asked_for_or_its_job_fails() {
    let mut player = Player::new();
    player.vault("v");
    let subnets = player.get("ec2", "DescribeSubnets", json!({}))["Subnets"].clone();
    let group = player.get("ec2", "DescribeSecurityGroups", json!({}))["SecurityGroups"][0]["GroupId"].clone();
    let run = player.get("ec2", "RunInstances", json!({"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1}));
    let id = run["Instances"][0]["InstanceId"].as_str().unwrap().to_owned();
    let point = player.back_up("v", &format!("arn:aws:ec2:eu-west-1:123456789012:instance/{id}"));
    let metadata =
        |subnet: &Value| json!({"SubnetId": subnet, "SecurityGroupIds": json!([group]).to_string(), "InstanceType": "t3.large"});
    let job = player.restore(&point, metadata(&subnets[1]["SubnetId"]));
    let made = job["CreatedResourceArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let told = player.get("ec2", "DescribeInstances", json!({"InstanceIds": [made]}))["Reservations"][0]["Instances"][0].clone();
    assert_eq!((&told["SubnetId"], &told["InstanceType"]), (&subnets[1]["SubnetId"], &json!("t3.large")));
    assert_eq!(told["Placement"]["AvailabilityZone"], subnets[1]["AvailabilityZone"]);
    let lost = player.restore(&point, metadata(&json!("subnet-0123456789abcdef0")));
    assert_eq!(lost["Status"], "FAILED");
    assert!(lost["StatusMessage"].as_str().unwrap().contains("subnet-0123456789abcdef0"));
}

#[test]
fn databases_and_file_systems_come_back_as_what_they_were() {
    let mut player = Player::new();
    player.vault("v");
    let db = json!({"DBInstanceIdentifier": "orders", "Engine": "postgres", "DBInstanceClass": "db.r6g.large", "AllocatedStorage": 50,
        "MasterUsername": "u", "MasterUserPassword": "secret99"});
    player.get("rds", "CreateDBInstance", db);
    let point = player.back_up("v", "arn:aws:rds:eu-west-1:123456789012:db:orders");
    let job = player.restore(&point, json!({"DBInstanceIdentifier": "orders-back"}));
    assert_eq!(job["Status"], "COMPLETED", "{job}");
    let told = player.get("rds", "DescribeDBInstances", json!({"DBInstanceIdentifier": "orders-back"}))["DBInstances"][0].clone();
    assert_eq!(
        (&told["Engine"], &told["AllocatedStorage"], &told["DBInstanceStatus"]),
        (&json!("postgres"), &json!(50), &json!("available"))
    );
    player.get(
        "rds",
        "CreateDBCluster",
        json!({"DBClusterIdentifier": "ledger", "Engine": "aurora-mysql", "MasterUsername": "u",
        "MasterUserPassword": "secret99"}),
    );
    let point = player.back_up("v", "arn:aws:rds:eu-west-1:123456789012:cluster:ledger");
    player.restore(&point, json!({"dbClusterIdentifier": "ledger-back", "engine": "aurora-mysql"}));
    let told = player.get("rds", "DescribeDBClusters", json!({"DBClusterIdentifier": "ledger-back"}));
    assert_eq!(told["DBClusters"][0]["DBClusterMembers"], json!([]));
    let system = player.get("elasticfilesystem", "CreateFileSystem", json!({"CreationToken": "a"}))["FileSystemId"].clone();
    let arn = format!("arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/{}", system.as_str().unwrap());
    let point = player.back_up("v", &arn);
    let new = json!({"newFileSystem": "true", "Encrypted": "false", "PerformanceMode": "maxIO", "CreationToken": "b"});
    let job = player.restore(&point, new);
    let made = job["CreatedResourceArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let told = player.get("elasticfilesystem", "DescribeFileSystems", json!({"FileSystemId": made}))["FileSystems"][0].clone();
    assert_eq!((&told["PerformanceMode"], &told["NumberOfMountTargets"]), (&json!("maxIO"), &json!(0)));
    let into = player.restore(&point, json!({"newFileSystem": "false", "file-system-id": system}));
    assert_eq!(into["CreatedResourceArn"], arn);
}

#[test]
fn a_stack_that_is_restored_waits_in_review_for_its_change_set() {
    let mut player = Player::new();
    player.vault("v");
    let body = json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}).to_string();
    let stack = player.get("cloudformation", "CreateStack", json!({"StackName": "web", "TemplateBody": body}))["StackId"].clone();
    let point = player.back_up("v", stack.as_str().unwrap());
    let job = player.restore(&point, json!({"StackName": "web-back", "ChangeSetName": "restore"}));
    assert_eq!(job["Status"], "COMPLETED", "{job}");
    let told = player.get("cloudformation", "DescribeStacks", json!({"StackName": "web-back"}))["Stacks"][0].clone();
    assert_eq!(told["StackStatus"], "REVIEW_IN_PROGRESS");
    player.get("cloudformation", "ExecuteChangeSet", json!({"StackName": "web-back", "ChangeSetName": "restore"}));
    player.wait(10);
    let told = player.get("cloudformation", "DescribeStacks", json!({"StackName": "web-back"}))["Stacks"][0].clone();
    assert_eq!(told["StackStatus"], "CREATE_COMPLETE");
}

#[test]
fn a_lock_keeps_what_is_in_a_vault_and_keeps_out_what_does_not_stay_long_enough() {
    let mut player = Player::new();
    let vault = player.vault("v");
    let volume = player.get("ec2", "CreateVolume", json!({"AvailabilityZone": "eu-west-1a", "Size": 1}))["VolumeId"].clone();
    let arn = format!("arn:aws:ec2:eu-west-1:123456789012:volume/{}", volume.as_str().unwrap());
    let point = player.back_up("v", &arn);
    let gap = json!({"BackupVaultName": "gap", "MinRetentionDays": 7, "MaxRetentionDays": 30});
    let gap = player.get("backup", "CreateLogicallyAirGappedBackupVault", gap)["BackupVaultArn"].clone();
    let copy = |player: &mut Player, days: i64| {
        let input = json!({"RecoveryPointArn": point, "SourceBackupVaultName": "v", "DestinationBackupVaultArn": gap,
            "IamRoleArn": ROLE, "Lifecycle": {"DeleteAfterDays": days}});
        let id = player.get("backup", "StartCopyJob", input)["CopyJobId"].clone();
        player.wait(700);
        player.get("backup", "DescribeCopyJob", json!({"CopyJobId": id}))["CopyJob"].clone()
    };
    assert_eq!(copy(&mut player, 3)["State"], "FAILED");
    let copied = copy(&mut player, 14);
    let there = copied["DestinationRecoveryPointArn"].as_str().unwrap();
    assert!(there.starts_with("arn:aws:backup:eu-west-1:123456789012:recovery-point:"), "{copied}");
    let gone = json!({"BackupVaultName": "gap", "RecoveryPointArn": there});
    assert_eq!(player.refused("backup", "DeleteRecoveryPoint", gone), "InvalidRequestException");
    player.get("backup", "PutBackupVaultLockConfiguration", json!({"BackupVaultName": "v", "MinRetentionDays": 1}));
    let told = player.get("backup", "DescribeBackupVault", json!({"BackupVaultName": "v"}));
    assert_eq!((&told["Locked"], &told["MinRetentionDays"], &told["BackupVaultArn"]), (&json!(true), &json!(1), &vault));
    let gone = json!({"BackupVaultName": "v", "RecoveryPointArn": point});
    assert_eq!(player.refused("backup", "DeleteRecoveryPoint", gone.clone()), "InvalidRequestException");
    player.wait(90_000);
    player.get("backup", "DeleteRecoveryPoint", gone);
    let left = player.get("backup", "ListRecoveryPointsByBackupVault", json!({"BackupVaultName": "v"}));
    assert_eq!(left["RecoveryPoints"], json!([]));
}

#[test]
fn a_continuous_point_is_restored_within_its_window_only() {
    let mut player = Player::in_exercise("111122223333", "eu-west-1");
    let points = player.get(
        "backup",
        "ListRecoveryPointsByBackupVault",
        json!({"BackupVaultName": "shop-primary", "ByResourceType": "S3"}),
    );
    let point = points["RecoveryPoints"][0]["RecoveryPointArn"].clone();
    let metadata =
        |time: &str| json!({"DestinationBucketName": "shop-assets-eu-west-1", "NewBucket": "false", "RestoreTime": time});
    let start = |metadata: Value| json!({"RecoveryPointArn": point, "Metadata": metadata, "IamRoleArn": "arn:aws:iam::111122223333:role/lifeboat-operator"});
    let late = (player.now - chrono::TimeDelta::minutes(10)).to_rfc3339();
    let refusal = player.ask("backup", "StartRestoreJob", start(metadata(&late)));
    let refused = refusal.unwrap_err();
    assert!(refused.code == "InvalidParameterValueException" && refused.message.contains("window"), "{refused:?}");
}

#[test]
fn plans_and_selections_are_kept_by_name_and_version() {
    let mut player = Player::new();
    let plan = json!({"BackupPlan": {"BackupPlanName": "daily", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "v"}]}});
    let made = player.get("backup", "CreateBackupPlan", plan.clone());
    let id = made["BackupPlanId"].clone();
    assert_eq!(player.refused("backup", "CreateBackupPlan", plan.clone()), "AlreadyExistsException");
    let mut update = plan;
    update["BackupPlanId"] = id.clone();
    let second = player.get("backup", "UpdateBackupPlan", update);
    assert_ne!(second["VersionId"], made["VersionId"]);
    let selection =
        json!({"BackupPlanId": id, "BackupSelection": {"SelectionName": "all", "IamRoleArn": ROLE, "Resources": ["*"]}});
    let selection = player.get("backup", "CreateBackupSelection", selection)["SelectionId"].clone();
    assert_eq!(player.refused("backup", "DeleteBackupPlan", json!({"BackupPlanId": id})), "InvalidRequestException");
    player.get("backup", "DeleteBackupSelection", json!({"BackupPlanId": id, "SelectionId": selection}));
    player.get("backup", "DeleteBackupPlan", json!({"BackupPlanId": id}));
    assert_eq!(player.get("backup", "ListBackupPlans", json!({}))["BackupPlansList"], json!([]));
    assert_eq!(
        player.get("backup", "ListBackupPlans", json!({"IncludeDeleted": true}))["BackupPlansList"].as_array().unwrap().len(),
        1
    );
}

"""AWS Backup of `lifeboat simulate --estate empty`: what is backed up comes back, as its own service tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from processes import Aws, wait_until
from test_simulate_infrastructure import pages
from test_simulate_messaging import ACCOUNT, REGION, empty, refused

ROLE = f"arn:aws:iam::{ACCOUNT}:role/backup"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    # A minute is a second: a restore takes five of them.
    with empty(tmp_path_factory.mktemp("recovery"), "--speed", "60") as aws:
        yield aws


def ended(client, operation: str, member: str, **job: str) -> dict:
    """The job when it has ended."""

    def look() -> dict | None:
        told = getattr(client, operation)(**job)
        return told if told[member] in {"COMPLETED", "FAILED", "ABORTED"} else None

    return wait_until(f"{job}", look, 60)


def test_a_volume_is_backed_up_and_restored_into_another_zone(aws: Aws):
    backup, ec2 = aws.client("backup"), aws.client("ec2")
    backup.create_backup_vault(BackupVaultName="vault")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=12, VolumeType="gp3")["VolumeId"]
    resource = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"
    ask = {"BackupVaultName": "vault", "ResourceArn": resource, "IamRoleArn": ROLE}
    for _ in range(3):
        job = backup.start_backup_job(**ask)
        assert ended(backup, "describe_backup_job", "State", BackupJobId=job["BackupJobId"])["State"] == "COMPLETED"
    jobs = pages(backup, "list_backup_jobs", "BackupJobs", ByResourceArn=resource)
    points = pages(backup, "list_recovery_points_by_backup_vault", "RecoveryPoints", BackupVaultName="vault")
    assert len({job["BackupJobId"] for job in jobs}) == len({point["RecoveryPointArn"] for point in points}) == 3
    point = job["RecoveryPointArn"]
    refused(lambda: backup.start_restore_job(RecoveryPointArn=point, Metadata={}, IamRoleArn=ROLE), "MissingParameterValueException")
    wrong = {"availabilityZone": "us-east-1a"}
    refused(lambda: backup.start_restore_job(RecoveryPointArn=point, Metadata=wrong, IamRoleArn=ROLE), "InvalidParameterValueException")
    inferred = backup.get_restore_testing_inferred_metadata(BackupVaultName="vault", RecoveryPointArn=point)["InferredMetadata"]
    restore = backup.start_restore_job(RecoveryPointArn=point, Metadata=inferred, IamRoleArn=ROLE)
    told = ended(backup, "describe_restore_job", "Status", RestoreJobId=restore["RestoreJobId"])
    made = ec2.describe_volumes(VolumeIds=[told["CreatedResourceArn"].rsplit("/", 1)[1]])["Volumes"][0]
    assert (made["Size"], made["SnapshotId"]) == (12, point.rsplit("/", 1)[1])
    assert ec2.describe_snapshots(SnapshotIds=[made["SnapshotId"]])["Snapshots"][0]["VolumeId"] == volume


def test_plans_selections_and_locks(aws: Aws):
    backup = aws.client("backup")
    for number in range(3):
        plan = {"BackupPlanName": f"plan-{number}", "Rules": [{"RuleName": "rule", "TargetBackupVaultName": "vault"}]}
        made = backup.create_backup_plan(BackupPlan=plan)
    refused(lambda: backup.create_backup_plan(BackupPlan=plan), "AlreadyExistsException")
    assert [row["BackupPlanName"] for row in pages(backup, "list_backup_plans", "BackupPlansList")] == ["plan-0", "plan-1", "plan-2"]
    select = {"SelectionName": "all", "IamRoleArn": ROLE, "Resources": ["*"]}
    selection = backup.create_backup_selection(BackupPlanId=made["BackupPlanId"], BackupSelection=select)["SelectionId"]
    refused(lambda: backup.delete_backup_plan(BackupPlanId=made["BackupPlanId"]), "InvalidRequestException")
    backup.delete_backup_selection(BackupPlanId=made["BackupPlanId"], SelectionId=selection)
    backup.delete_backup_plan(BackupPlanId=made["BackupPlanId"])
    backup.create_logically_air_gapped_backup_vault(BackupVaultName="gap", MinRetentionDays=7, MaxRetentionDays=30)
    gap = backup.describe_backup_vault(BackupVaultName="gap")
    assert gap["Locked"] and gap["VaultType"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT" and gap["MinRetentionDays"] == 7
    ask = {"BackupVaultName": "gap", "ResourceArn": "arn:aws:s3:::bucket", "IamRoleArn": ROLE}
    refused(lambda: backup.start_backup_job(**ask), "InvalidRequestException")

"""Each kind of fault, played by a scenario and by hand, as boto3 sees it: whom it meets, and whom it does not."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from processes import ROOT, Aws, binary, clean_environment, simulated

PRIMARY, RECOVERY = ("111122223333", "eu-west-1"), ("444455556666", "eu-central-1")


class Table:
    """A simulated AWS whose clock stands still, with the facilitator's door."""

    def __init__(self, aws: Aws, door: Path):
        self.aws, self.door = aws, door
        self.primary, self.recovery = aws.assume(*PRIMARY), aws.assume(*RECOVERY)

    def order(self, *words: str) -> str:
        command = [binary(), "facilitate", "--door", str(self.door), *words]
        ran = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False)
        assert ran.returncode == 0, f"{words}: {ran.stderr}{ran.stdout}"
        return ran.stdout


SCENARIO = """
name = "weather"
title = "A fault"
brief = "Nobody plays."
estate = "region-outage"
plan = "{plan}"

[[inject]]
at = "2m"
title = "The fault begins"
fault = [{{ {fault} }}]

[[inject]]
at = "4m"
title = "It ends"
calm = ["the-fault"]
"""


@contextmanager
def by_hand(folder: Path, words: str) -> Iterator[Table]:
    door = folder / "door"
    with simulated(1, folder, "--door", str(door), "--hold", "--scenario", "region-outage") as aws:
        table = Table(aws, door)
        table.order("fault", *words.split(), "name=the-fault")
        yield table


@contextmanager
def by_scenario(folder: Path, words: str) -> Iterator[Table]:
    kind, *pairs = words.split()
    members = [f'{"preset" if kind in ("region", "control-plane", "us-east-1") else "kind"} = "{kind}"', 'name = "the-fault"']
    for key, value in (pair.split("=") for pair in pairs):
        members.append(f"{key} = {value}" if key in ("calls", "status") else f'{key} = "{value}"')
    file, door = folder / "weather.toml", folder / "door"
    file.write_text(SCENARIO.format(fault=", ".join(members), plan=ROOT / "assets" / "plans" / "shop.toml"))
    with simulated(1, folder, "--door", str(door), "--hold", "--scenario", str(file)) as aws:
        table = Table(aws, door)
        # Nothing until its time: the clock stands, and is moved on by hand.
        table.primary.client("backup").list_backup_vaults()
        table.order("step", "2m")
        yield table


@pytest.fixture(params=[by_hand, by_scenario], ids=["by-hand", "by-scenario"])
def play(request, tmp_path: Path):
    return lambda words: request.param(tmp_path, words)


def code(call: Callable[[], object]) -> tuple[str, int]:
    """The code and the status with which a call is refused."""
    with pytest.raises(ClientError) as refused:
        call()
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


# What each service says, as its clients know it: the retry rules of botocore name these codes.
REFUSED = [
    ("throttle", "backup", "ThrottlingException", 400),
    ("throttle", "ssm", "ThrottlingException", 400),
    ("throttle", "cloudwatch", "Throttling", 400),
    ("throttle", "route53", "Throttling", 400),
    ("throttle", "ec2", "RequestLimitExceeded", 503),
    ("throttle", "s3", "SlowDown", 503),
    ("throttle", "dynamodb", "ThrottlingException", 400),
    ("throttle", "lambda", "TooManyRequestsException", 429),
    ("broken status=503", "backup", "ServiceUnavailableException", 500),
    ("broken", "ssm", "InternalServerError", 500),
    ("broken", "ec2", "InternalError", 500),
    ("denied", "backup", "AccessDeniedException", 403),
    ("denied", "cloudwatch", "AccessDenied", 400),
    ("denied", "ec2", "UnauthorizedOperation", 403),
    ("denied", "s3", "AccessDenied", 403),
    ("expired", "backup", "ExpiredTokenException", 403),
    ("expired", "cloudwatch", "ExpiredToken", 403),
    ("expired", "ec2", "RequestExpired", 400),
]
SIGNS = {"cloudwatch": "monitoring"}
LOOKS = {
    "backup": lambda client: client.list_backup_vaults(),
    "ssm": lambda client: client.list_documents(),
    "cloudwatch": lambda client: client.describe_alarms(),
    "route53": lambda client: client.list_hosted_zones(),
    "ec2": lambda client: client.describe_instances(),
    "s3": lambda client: client.list_buckets(),
    "dynamodb": lambda client: client.list_tables(),
    "lambda": lambda client: client.list_functions(),
    "rds": lambda client: client.describe_db_instances(),
}


@pytest.mark.parametrize(("fault", "service", "told", "status"), REFUSED)
def test_a_refusal_is_the_services_own_and_meets_it_alone(play, fault, service, told, status):
    with play(f"{fault} service={SIGNS.get(service, service)}") as table:
        look = LOOKS[service]
        seen = code(lambda: look(table.primary.client(service)))
        assert seen == (told, status), seen
        other = "ssm" if service != "ssm" else "backup"
        LOOKS[other](table.primary.client(other))


def test_region_and_operation_are_told_apart(play):
    with play("throttle region=eu-west-1 operation=ListBackupVaults") as table:
        assert code(table.primary.client("backup").list_backup_vaults)[0] == "ThrottlingException"
        table.primary.client("backup").list_restore_jobs()
        table.recovery.client("backup").list_backup_vaults()


def test_two_calls_and_no_more(play):
    with play("broken service=ssm calls=2") as table:
        documents = table.recovery.client("ssm").list_documents
        assert [code(documents)[0], code(documents)[0]] == ["InternalServerError"] * 2
        assert documents()["DocumentIdentifiers"]
        # botocore's own retries get over it, too.
    with by_hand(table.door.parent, "throttle service=ssm calls=2") as table:
        table.recovery.client("ssm", retries={"total_max_attempts": 3}).list_documents()


def test_slow_answers_are_late(play):
    with play("slow service=backup from=1s to=1s") as table:
        client = table.primary.client("backup", read_timeout=0.3)
        with pytest.raises(ReadTimeoutError):
            client.list_backup_vaults()
        begin = time.monotonic()
        table.order("go")
        assert table.primary.client("backup").list_backup_vaults()["BackupVaultList"]
        assert time.monotonic() - begin > 0.5


def test_no_answer_and_a_reset_connection(play):
    with play("silent service=backup") as table:
        with pytest.raises(ReadTimeoutError):
            table.primary.client("backup", read_timeout=0.5).list_backup_vaults()
    with by_hand(table.door.parent, "reset service=ssm") as table:
        with pytest.raises(ConnectionClosedError):
            table.recovery.client("ssm").create_ops_item(Title="t", Description="d", Source="s")
        table.order("calm")
        assert table.recovery.client("ssm").describe_ops_items()["OpsItemSummaries"] == [], "no effect"


def test_the_answer_is_lost_after_the_effect(play):
    with play("answer-lost operation=CreateOpsItem calls=1") as table:
        ssm = table.recovery.client("ssm")
        with pytest.raises(ConnectionClosedError):
            ssm.create_ops_item(Title="lost", Description="d", Source="s")
        assert [item["Title"] for item in ssm.describe_ops_items()["OpsItemSummaries"]] == ["lost"]


def test_the_control_plane_is_gone_and_the_data_plane_lives(play):
    with play("control-plane region=eu-central-1") as table:
        database = table.recovery.client("dynamodb")
        refused = code(
            lambda: database.create_table(
                TableName="t",
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            )
        )
        assert refused[1] in (500, 503), refused
        assert code(lambda: table.recovery.client("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=1))[1] == 503
        # Items, messages, metrics and what is there go on.
        missing = code(lambda: database.put_item(TableName="t", Item={"id": {"S": "1"}}))
        assert missing[0] == "ResourceNotFoundException", missing
        table.recovery.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
        table.recovery.client("backup").list_backup_vaults()
        # Elsewhere all of it goes on.
        table.primary.client("sqs").create_queue(QueueName="elsewhere")


def test_a_whole_region_is_gone(play):
    with play("region region=eu-west-1") as table:
        for service in ("backup", "cloudwatch", "ec2", "dynamodb", "rds"):
            with pytest.raises(ReadTimeoutError):
                LOOKS[service](table.primary.client(service, read_timeout=0.3))
            LOOKS[service](table.recovery.client(service))


def test_us_east_1_is_gone_and_with_it_route_53s_control_plane(play):
    with play("us-east-1") as table:
        # Whatever Region a client names, Route 53 is signed for us-east-1.
        for region in ("us-east-1", "eu-central-1"):
            with pytest.raises(ReadTimeoutError):
                table.recovery.client("route53", region, read_timeout=0.3).list_hosted_zones()
        LOOKS["backup"](table.recovery.client("backup"))
        zone = table.order("calm")
        assert "ended" in zone
        assert table.recovery.client("route53").list_hosted_zones()["HostedZones"]


def test_a_fault_of_the_scenario_ends_when_it_says(tmp_path):
    with by_scenario(tmp_path, "throttle service=backup") as table:
        assert code(table.primary.client("backup").list_backup_vaults)[0] == "ThrottlingException"
        table.order("step", "2m")
        assert table.primary.client("backup").list_backup_vaults()["BackupVaultList"]


def test_what_a_fault_lacks_is_told(tmp_path):
    with by_hand(tmp_path, "throttle service=backup") as table:
        assert "the-fault: throttle: backup" in table.order("look")
        for words, told in [
            (("fault", "slwo"), "slow"),
            (("fault", "region"), "needs a `region`"),
            (("fault", "slow", "lasts=long"), "lasts"),
            (("calm", "other"), "no fault called other is in force"),
            (("play", "shop = [{ site = 'nowhere' }]"), "no site `nowhere`"),
            (("play", "nonsense"), "nonsense"),
        ]:
            ran = subprocess.run(
                [binary(), "facilitate", "--door", str(table.door), *words],
                env=clean_environment(), capture_output=True, text=True, timeout=30, check=False,
            )
            assert ran.returncode == 1 and told in ran.stderr, (words, ran.stderr)


def test_the_clock_is_real_sped_up_paused_stepped_and_jumped(tmp_path):
    with by_hand(tmp_path, "throttle service=ssm") as table:
        def now() -> str:
            answer = table.aws.client("backup").list_backup_vaults()
            return answer["ResponseMetadata"]["HTTPHeaders"]["date"]

        # What makes eu-west-1 slow and silent is not wanted here.
        for number in ("2", "6"):
            table.order("hold", number)
        assert now() == now() == "Sat, 14 Mar 2026 03:00:00 GMT", "it stands still"
        table.order("step", "90")
        assert now() == "Sat, 14 Mar 2026 03:01:30 GMT"
        table.order("jump", "04:00")
        assert now() == "Sat, 14 Mar 2026 04:00:00 GMT"
        table.order("jump", "03:00")
        assert now() == "Sun, 15 Mar 2026 03:00:00 GMT", "it never goes back"
        table.order("speed", "3600")
        assert now() == "Sun, 15 Mar 2026 03:00:00 GMT", "still it stands"
        begin = time.monotonic()
        table.order("go")
        while now() == "Sun, 15 Mar 2026 03:00:00 GMT":
            assert time.monotonic() - begin < 30, "it never runs"
        table.order("hold")
        held = now()
        assert held == now() and held > "Sun, 15 Mar 2026 03:00:00 GMT"

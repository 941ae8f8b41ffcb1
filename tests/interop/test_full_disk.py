"""A file system that is really full: a tmpfs of its own, in a mount namespace that dies with the console."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from console import Console
from processes import binary
from test_live_moto import PLAN, row_of, run, set_alarm, weights, world  # noqa: F401 (a fixture)
from wizard import Wizard

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
# Mounts the file system, then becomes the console: the process id stays the same.
MOUNTED = 'mount -t tmpfs -o size=4m lifeboat "$LIFEBOAT_HOME" && exec "$@"'


def namespaces() -> bool:
    """May a user mount a file system in a namespace of its own here?"""
    try:
        return subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def fill(folder: Path) -> Path:
    """Takes every block that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError as error:
                assert error.errno == 28, error
    return filler


@pytest.mark.skipif(not namespaces(), reason="this system lets no user mount a file system of its own")
def test_a_full_file_system_stops_what_changes_aws_and_not_what_is_shown(world, tmp_path: Path):  # noqa: F811
    home = tmp_path / "home"
    home.mkdir()
    environment = world.environment() | {"LIFEBOAT_HOME": str(home), "LIFEBOAT_OPERATOR": "ann"}
    live = [binary(), "live", "--plan", str(PLAN), "--endpoint-url", world.url]
    console = Console([*NAMESPACE, "sh", "-c", MOUNTED, "sh", *live], environment)
    try:
        wizard = Wizard(console)
        wizard.declare("readers see errors in eu-west-1")
        wizard.confirm("start-readers")
        wizard.finish("start-readers", "readers deployed")
        inside = Path(f"/proc/{console.pid}/root{home}")
        journal = next(inside.rglob("*.lifeboat"))
        filler = fill(journal.parent)

        # The journal has no room for the yes: nothing reaches AWS, and the screen says why.
        for _ in range(40):
            # SQLite may still have room within its last pages.
            wizard.say("n", "A note for the journal", "x" * 60)
            if "NO JOURNAL" in console.screen():
                break
        screen = console.wait_for("NO JOURNAL")
        assert "nothing was done" in screen and "the disk is full" in screen, screen
        wizard.ask("move-records")
        wizard.yes()
        console.wait_for("nothing was done")
        assert weights(world) == {"eu-west-1": 100, "eu-central-1": 0}

        # What is shown goes on.
        set_alarm(world, "eu-west-1", "notes-errors", "ALARM")
        console.send("z", "1", "z")
        console.press_until("R", lambda screen: "ALARM" in row_of(screen, "notes-errors"))
        console.send("z")

        # Room again: the same yes works, and the record is whole.
        filler.unlink()
        wizard = Wizard(console)
        wizard.confirm("move-records")
        wizard.wait_for_status("move-records", "done", deadline=90)
        assert "NO JOURNAL" not in console.screen()
        assert weights(world) == {"eu-west-1": 0, "eu-central-1": 100}
        # Taken out of the namespace as a kill would leave it.
        copy = tmp_path / "copy.lifeboat"
        for suffix in ("", "-wal"):
            shutil.copy(f"{journal}{suffix}", f"{copy}{suffix}")
    finally:
        console.close()
    verified = run(tmp_path / "other", "verify", str(copy))
    assert verified.returncode == 0 and "WHOLE" in verified.stdout, verified.stdout + verified.stderr

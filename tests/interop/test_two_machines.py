"""Two machines, one journal: the second reaches the first one's through a command, as ssh would, and neither acts alone."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from console import Console
from processes import binary, clean_environment, wait_until
from test_live_moto import PLAN, run, weights, world  # noqa: F401 (a fixture)
from wizard import Wizard


def test_a_second_machine_works_on_the_same_journal_and_stops_when_it_is_cut_off(world, tmp_path: Path):  # noqa: F811
    ann_home, ben_home, cable = tmp_path / "ann", tmp_path / "ben", tmp_path / "cable"
    cable.write_text(f'#!/bin/sh\necho $$ >"{cable}.pid"\nLIFEBOAT_HOME="{ann_home}" exec "{binary()}" "$@"\n')
    cable.chmod(0o755)
    aws = world.environment()
    ann_is, ben_is = (aws | {"LIFEBOAT_HOME": str(home), "LIFEBOAT_OPERATOR": name} for home, name in [(ann_home, "ann"), (ben_home, "ben")])
    live = [binary(), "live", "--endpoint-url", world.url]
    consoles = [Console([*live, "--plan", str(PLAN)], ann_is)]
    try:
        ann = Wizard(consoles[0])
        ann.declare("readers see errors in eu-west-1")
        incident = next((ann_home / "data").rglob("*.lifeboat"), None) or next(ann_home.rglob("*.lifeboat"))
        consoles.append(Console([*live, "--resume", incident.stem, "--through", str(cable)], ben_is))
        ben = Wizard(consoles[1])
        consoles[1].wait_for("DECLARED")

        # What one confirms, the other sees; it runs once.
        ben.confirm("start-readers")
        ann.wait_for_status("start-readers", "runs")
        ann.finish("start-readers", "readers deployed")
        ben.wait_for_status("start-readers", "done")

        # Cut off: the screen says so, and nothing is sent.
        cable.chmod(0o000)
        os.kill(int(Path(f"{cable}.pid").read_text()), signal.SIGKILL)
        consoles[1].wait_for("NO JOURNAL")
        ben.ask("move-records")
        ben.yes()
        consoles[1].wait_for("nothing was done")
        assert weights(world) == {"eu-west-1": 100, "eu-central-1": 0}

        # Joined again, the same yes works.
        cable.chmod(0o755)
        consoles[1].wait_for(lambda screen: "NO JOURNAL" not in screen)
        ben.confirm("move-records")
        ben.wait_for_status("move-records", "done", deadline=90)
        ann.wait_for_status("move-records", "done")
        assert weights(world) == {"eu-west-1": 0, "eu-central-1": 100}
        for console in consoles:
            console.send("q")
            console.press_until("y", lambda screen: "lifeboat report" in console.printed())
            assert console.exit_code() == 0
    finally:
        for console in consoles:
            console.close()

    # The copy is the journal, to the byte of its report.
    reports = [wait_until("a report", lambda home=home: run(home, "report", incident.stem).stdout) for home in (ann_home, ben_home)]
    assert reports[0] == reports[1] and "ben" in reports[0] and "ann" in reports[0]
    verified = subprocess.run(
        [binary(), "verify", incident.stem], env=clean_environment(LIFEBOAT_HOME=str(ben_home)), capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout

"""The keys of the console, as a person uses them: what is confirmed is read first, and the yes comes after a pause."""

from __future__ import annotations

import re
import time

from console import Console

# The console drops a yes that comes sooner than a person can read, and one that looks like a key held down.
READING, SAME_KEY_AGAIN = 0.9, 1.5


class Wizard:
    """Drives the wizard, which fills the screen meanwhile."""

    def __init__(self, console: Console):
        self.console = console
        console.send("5", "z")
        console.wait_for(lambda screen: self.is_zoomed(screen), 10, "the wizard alone")

    @staticmethod
    def is_zoomed(screen: str) -> bool:
        """Does the wizard have the whole screen?"""
        others = re.search(r"[12346] (Alarms|Health|Recovery points|Timeline|Log)", screen)
        return "5 Wizard" in screen and not others

    def status(self, step: str) -> str:
        """What the list of steps says about a step: `ready`, `runs 40%`, `done`, `FAILED`."""
        row = rf"^\W*?[○·◌?◐✓✗⊘↷] (\S[^│]*?)\s+{re.escape(step)}\s"
        row = re.search(row, self.console.screen(), re.MULTILINE)
        return row.group(1).strip() if row else ""

    def wait_for_status(self, step: str, *wanted: str, deadline: float = 60) -> str:
        """Waits until the list says one of these about the step; `runs` stands for any percentage."""
        found = ""

        def fits(_: str) -> bool:
            nonlocal found
            found = self.status(step)
            return any(found == word or found.startswith(f"{word} ") for word in wanted)

        self.console.wait_for(fits, deadline, f"{step}: {' or '.join(wanted)}")
        return found

    def choose(self, step: str) -> None:
        """Goes to a step by its name."""
        self.console.send(":")
        self.console.wait_for("Find anything by name")
        self.console.send(f"step {step}")
        self.console.wait_for(lambda screen: f"step {step}" in screen)
        self.console.send("enter")
        self.console.wait_for(lambda screen: "Find anything by name" not in screen)

    def yes(self) -> None:
        """Reads the open dialog and says yes to it."""
        screen = self.console.wait_for(lambda screen: "[ No ]" in screen or "BLOCKED" in screen, what="a dialog")
        assert "BLOCKED" not in screen, screen
        self.console.pump(READING)
        for _ in range(8):
            self.console.send("y")
            end = time.monotonic() + SAME_KEY_AGAIN
            while time.monotonic() < end:
                if "[ No ]" not in self.console.screen():
                    return
        raise AssertionError(f"the dialog does not take the yes:\n{self.console.screen()}")

    def ask(self, step: str) -> None:
        """Opens the dialog that asks for a yes to a step."""
        self.choose(step)
        self.console.wait_for(lambda screen: "confirm…" in screen or "begin…" in screen, 60, f"{step}: what can be confirmed")
        self.console.send("c")
        self.console.wait_for(lambda screen: "[ No ]" in screen or "BLOCKED" in screen or "Type " in screen, what="the dialog")

    def confirm(self, step: str, typed: str | None = None) -> None:
        """Confirms a step, typing the name that it asks for."""
        self.ask(step)
        if typed:
            self.console.wait_for(f"Type {typed}")
            self.console.send(typed)
        self.yes()

    def say(self, key: str, title: str, words: str) -> None:
        """Presses a key that asks for words, and gives them."""
        self.console.send(key)
        self.console.wait_for(title)
        self.console.send(words)
        self.console.wait_for(words)
        self.console.send("enter")

    def declare(self, why: str) -> None:
        """Declares the failover."""
        self.say("D", "Declare the failover", why)
        self.yes()
        self.console.wait_for("DECLARED")

    def finish(self, step: str, what: str) -> None:
        """Says that a manual step is done."""
        self.choose(step)
        self.say("d", f"{step} is done", what)
        self.wait_for_status(step, "done")

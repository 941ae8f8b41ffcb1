"""The console in a pseudo-terminal: keys in, and the screen as a person would see it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

import pexpect
import pyte

WIDTH, HEIGHT = 120, 40
KEYS = {"enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "ctrl-c": "\x03"}


class Console:
    """A running lifeboat and what its screen shows."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], width: int = WIDTH, height: int = HEIGHT):
        environment = environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = bytearray()
        self._child = pexpect.spawn(
            command[0], list(command[1:]), env=environment, dimensions=(height, width), timeout=5, echo=False
        )
        # Keys are sent when the screen asks for them; pexpect's own pause before each is not needed.
        self._child.delaybeforesend = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def _pump(self, seconds: float) -> bool:
        """Takes in what the console wrote; false if it has gone."""
        end = time.monotonic() + seconds
        while True:
            try:
                data = self._child.read_nonblocking(65536, timeout=max(0.0, end - time.monotonic()))
            except pexpect.TIMEOUT:
                return True
            except pexpect.EOF:
                return False
            self._raw += data
            self._stream.feed(data)
            if time.monotonic() >= end:
                return True

    def screen(self) -> str:
        """The screen as text."""
        self._pump(0.02)
        return "\n".join(line.rstrip() for line in self._screen.display)

    def printed(self) -> str:
        """Everything that it ever wrote, for what stands after the screen was given back."""
        self._pump(0.02)
        return self._raw.decode("utf-8", "replace")

    def send(self, *keys: str) -> None:
        """Presses keys, named ones by name, others as they are."""
        for key in keys:
            self._child.send(KEYS.get(key, key))

    def wait_for(self, wanted: str | Callable[[str], bool], deadline: float = 30, what: str | None = None) -> str:
        """Waits until the screen shows a text, or satisfies a condition, and gives the screen."""
        fits = (lambda screen: wanted in screen) if isinstance(wanted, str) else wanted
        end = time.monotonic() + deadline
        alive = True
        while True:
            screen = "\n".join(line.rstrip() for line in self._screen.display)
            if fits(screen):
                return screen
            assert alive, f"the console ended before {what or wanted!r} was to be seen:\n{screen}"
            assert time.monotonic() < end, f"{what or wanted!r} is not on the screen after {deadline} s:\n{screen}"
            alive = self._pump(0.1)

    def press_until(self, key: str, wanted: str | Callable[[str], bool], deadline: float = 30) -> str:
        """Presses a key, and again each second, until the screen satisfies a condition: for keys that may come too early."""
        end = time.monotonic() + deadline
        while True:
            self.send(key)
            try:
                return self.wait_for(wanted, min(1.0, max(0.1, end - time.monotonic())))
            except AssertionError:
                if time.monotonic() >= end:
                    raise

    def pump(self, seconds: float) -> None:
        """Lets time pass, taking in what is written."""
        self._pump(seconds)

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        os.kill(self._child.pid, signal.SIGKILL)
        self.exit_code(10)

    def exit_code(self, deadline: float = 30) -> int | None:
        """Waits for the end; the exit code, or None after a signal."""
        end = time.monotonic() + deadline
        while self._pump(0.1) and time.monotonic() < end:
            pass
        assert time.monotonic() < end, f"it has not ended within {deadline} s:\n{self.screen()}"
        self._child.wait()
        return self._child.exitstatus

    def close(self) -> None:
        """Ends it if it still runs."""
        if self._child.isalive():
            os.kill(self._child.pid, signal.SIGKILL)
        self._child.close(force=True)

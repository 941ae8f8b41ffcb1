"""A console by lines: what it prints is read as it comes, and it is spoken to when it has said what is waited for."""

from __future__ import annotations

import re
import subprocess
import threading
from pathlib import Path

from processes import binary, end, wait_until


class Lines:
    """`lifeboat … --plain`, on pipes."""

    def __init__(self, *words: str, environment: dict[str, str]):
        self.process = subprocess.Popen(
            [binary(), *words, "--plain"], env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.said: list[str] = []
        self.heard = 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def say(self, line: str) -> None:
        """Types a line; what is waited for next comes after it."""
        self.heard = len(self.said)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self, pattern: str, seconds: float = 60) -> str:
        """The next line that has the pattern in it, since the last one typed."""

        def found() -> str | None:
            alive = self.process.poll() is None
            line = next((line for line in list(self.said[self.heard :]) if re.search(pattern, line)), None)
            assert line or alive, f"it ended before {pattern!r}:\n{self.transcript()}"
            return line

        try:
            return wait_until(f"a line with {pattern!r}", found, seconds)
        except AssertionError as missing:
            raise AssertionError(f"{missing}\n{self.transcript()}") from None

    def yes(self) -> None:
        """Says yes to what is asked."""
        self.hear(r"^ask: ")
        self.say("yes")

    def transcript(self) -> str:
        return "\n".join(self.said)

    def quit(self) -> int:
        """Ends the input, and gives the exit code."""
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=20)
        finally:
            self.close()

    def close(self) -> None:
        end(self.process)
        self.reader.join(timeout=5)


def home(folder: Path) -> dict[str, str]:
    """What tells a console where its journals are, and who sits at it."""
    return {"LIFEBOAT_HOME": str(folder / "home"), "LIFEBOAT_OPERATOR": "interop"}

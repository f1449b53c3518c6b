"""What a terminal shows after real commands, or in the middle of one."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyte
from pyte.screens import Char

COLUMNS, ROWS = 100, 200
LIMIT_S = 120
FAINT, BLINK = 2, 5
COLOUR_FOLLOWS = (38, 48)
PROMPT = "\x1b[90m$\x1b[0m \x1b[1m{line}\x1b[0m\r\n"


class FaintScreen(pyte.Screen):
    """A screen that keeps faint text, which pyte drops, as text that blinks.

    Nothing of ours blinks.
    """

    def select_graphic_rendition(self, *attrs: int) -> None:
        """Set what follows in the stream; a colour's own numbers are left alone."""
        follows = any(code in attrs for code in COLOUR_FOLLOWS)
        kept = attrs if follows else [BLINK if a == FAINT else a for a in attrs]
        super().select_graphic_rendition(*kept)


@dataclass(frozen=True)
class Moment:
    """When the screen is taken, if not at the end of the last command."""

    after_s: float | None = None
    until: str | None = None

    def has_come(self, started: float, screen: pyte.Screen) -> bool:
        """Return whether the screen is to be taken now."""
        late = self.after_s is not None and time.monotonic() - started > self.after_s
        seen = self.until is not None and self.until in "\n".join(screen.display)
        return late or seen


@dataclass
class Terminal:
    """A terminal of 100 columns, in which commands run one after another.

    Attributes
    ----------
    folder
        Where they run; it is also their home.
    environment
        Beside what every terminal has.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    columns: int = COLUMNS
    rows: int = ROWS

    def __post_init__(self) -> None:
        self.screen = FaintScreen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self.screen)

    def run(
        self,
        line: str,
        moment: Moment | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> int | None:
        """Type a line and wait for its end, or for the moment: then Ctrl-C follows.

        Parameters
        ----------
        answers
            What is typed, with Enter, once a text is on the screen.

        Returns
        -------
        int or None
            The exit status; None where the moment came first.

        Raises
        ------
        TimeoutError
            Neither came within `LIMIT_S`.
        """
        gap = "\r\n" if self.text() else ""
        self._stream.feed((gap + PROMPT.format(line=line)).encode())
        ours, theirs = pty.openpty()
        size = struct.pack("HHHH", self.rows, self.columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        process = subprocess.Popen(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=self._environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        try:
            ended = self._follow(ours, moment or Moment(), dict(answers or {}))
            if not ended:
                os.killpg(process.pid, signal.SIGINT)
            status = process.wait(LIMIT_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            os.close(ours)
        return status if ended else None

    def _follow(self, ours: int, moment: Moment, answers: dict[str, str]) -> bool:
        """Feed the screen; return whether the command ended before the moment."""
        started = time.monotonic()
        while not moment.has_come(started, self.screen):
            if time.monotonic() - started > LIMIT_S:
                raise TimeoutError("the command has not ended")
            if not select.select([ours], [], [], 0.05)[0]:
                continue
            try:
                self._stream.feed(os.read(ours, 65536))
            except OSError:  # EIO: the other side is closed
                return True
            for asked in [text for text in answers if text in self.text()]:
                os.write(ours, answers.pop(asked).encode() + b"\n")
        return False

    def _environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH",) if key in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "OMP_NUM_THREADS": "1",
            **self.environment,
        }

    def text(self) -> str:
        """Return the lines of the screen, without what is empty below and behind."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n")

    def cells(self) -> list[list[Char]]:
        """Return the signs of every line that has something on or below it."""
        height = self.text().count("\n") + 1
        buffer = self.screen.buffer
        return [[buffer[y][x] for x in range(self.columns)] for y in range(height)]

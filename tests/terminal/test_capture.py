"""The terminal of the pictures shows what a real one would."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.terminal.capture import Moment, Terminal


def scripted(folder: Path, source: str) -> str:
    """Return the line that runs a script."""
    (folder / "script.py").write_text(source)
    return f"{sys.executable} script.py"


def test_a_redrawn_line_is_shown_as_it_is_at_the_end(tmp_path: Path) -> None:
    """Cursor movements are obeyed; the colour and the faintness of a sign are kept."""
    source = r"print('old\nlines\x1b[1A\r\x1b[J\x1b[32mnew\x1b[0m \x1b[2mfaint\x1b[0m')"
    terminal = Terminal(tmp_path)

    status = terminal.run(scripted(tmp_path, source))

    *_, last = terminal.cells()
    assert status == 0
    assert terminal.text().endswith("\nnew faint")
    assert (last[0].fg, last[0].blink, last[4].blink) == ("green", False, True)


def test_a_program_sees_a_terminal_of_a_hundred_columns(tmp_path: Path) -> None:
    """What it prints to a terminal alone is on the picture."""
    source = "import os; print(os.isatty(1), os.get_terminal_size().columns)"
    terminal = Terminal(tmp_path)

    terminal.run(scripted(tmp_path, source))

    assert terminal.text().endswith("True 100")


def test_the_screen_is_taken_when_a_text_appears(tmp_path: Path) -> None:
    """The command is interrupted as by Ctrl-C, and what it says then is not shown."""
    source = "import time; print('reading', flush=True); time.sleep(60); print('never')"
    terminal = Terminal(tmp_path)

    status = terminal.run(scripted(tmp_path, source), Moment(until="reading"))

    assert status is None
    assert terminal.text().endswith("reading")


def test_a_question_is_answered_once_it_is_asked(tmp_path: Path) -> None:
    """The answer is on the picture too, as it is when a person types."""
    terminal = Terminal(tmp_path)

    terminal.run(scripted(tmp_path, "print(input('Sure? ') * 2)"), None, {"Sure?": "y"})

    assert terminal.text().endswith("Sure? y\nyy")

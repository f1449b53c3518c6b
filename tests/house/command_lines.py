"""The command lines that documents show, and whether the programs know them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import typer

from tests.house.programs import PROGRAMS

BATCH = "./run-batch.sh"
"""Hands the options behind its two folders to `pacs-node batch`."""

SHORTENED = ("…", "COMMAND")
"""What stands in a line that nobody can type as it is."""

PLACEHOLDERS = {"N": "1", "NAME": "hippocampus"}
"""Words that stand for a number or a model → one that a program takes."""

NO_COMMAND = "Missing command"
NO_FILE = "does not exist"
"""What a program says of a file; a page names files that are nowhere."""

LEFT_OUT = ("Missing argument", "Missing option", "requires an argument")
"""What it says of a part of a line."""

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_VARIABLE = re.compile(r"[A-Z_]+=")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A line of one of our programs.

    Attributes
    ----------
    whole
        Whether it is to be typed as it stands; prose may name a part of a line.
    """

    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return shlex.join(self.words)


def command_lines(text: str) -> Iterator[CommandLine]:
    """Yield the lines of a Markdown text that begin with one of our programs.

    Whole ones are those of ``sh`` blocks, joined where a backslash ends them; spans of
    code are parts.
    """
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _of_ours(line, whole=True)
    for span in _SPAN.findall(_ANY_BLOCK.sub("", text)):
        yield from _of_ours(span, whole=False)


def _of_ours(line: str, *, whole: bool) -> Iterator[CommandLine]:
    if not any(name in line for name in (*PROGRAMS, BATCH)):
        return  # other languages have other quotes
    words = shlex.split(line, comments=True)
    while words and _VARIABLE.match(words[0]):
        words.pop(0)
    is_ours = len(words) > 1 and words[0] in {*PROGRAMS, BATCH}
    if is_ours and not any(mark in line for mark in SHORTENED):
        yield CommandLine(tuple(words), whole)


def fault(line: CommandLine) -> str:
    """Return what its program says against a line, "" when it takes it.

    Nothing is done: what the command would do is taken out.
    """
    program, *words = (PLACEHOLDERS.get(word, word) for word in line.words)
    if program == BATCH:
        program, words = "pacs-node", ["batch", *_handed_on(words)]
    command = typer.main.get_command(PROGRAMS[program])
    _silence(command)
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            command.main(words, prog_name=program)
        except SystemExit as ended:
            forgiven = (NO_FILE,) if line.whole else (NO_FILE, *LEFT_OUT)
            if all(word.startswith("-") for word in words):
                forgiven = (*forgiven, NO_COMMAND)  # the option is what is done
            is_fault = ended.code and not any(w in said.getvalue() for w in forgiven)
            return said.getvalue() if is_fault else ""
    return ""


def _handed_on(words: list[str]) -> list[str]:
    """Return what `run-batch.sh` hands on: the first folder, and the options."""
    rest = [word for word in words if word not in {"--native", "--docker"}]
    folders = 0
    while folders < min(2, len(rest)) and not rest[folders].startswith("-"):
        folders += 1
    return [*rest[: min(folders, 1)], *rest[folders:]]


def _silence(command: Any) -> None:
    """Let nothing act, neither a command nor an option: completion writes files."""
    command.callback = lambda **_: None
    for option in command.params:
        option.callback = None
    for inner in getattr(command, "commands", {}).values():
        _silence(inner)

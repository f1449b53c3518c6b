"""Every command has a help page that can be read at 80 columns, by eye and by test."""

from __future__ import annotations

import re

import pytest
from rich.text import Text
from typer.testing import CliRunner

from models.help_page import split_page
from tests.house.programs import PROGRAMS, commands


def page(path: str) -> str:
    """Return the help page of a command as 80 columns without colour show it."""
    program, *words = path.split()
    app = PROGRAMS[program]
    environment = {"COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    done = CliRunner(env=environment).invoke(app, [*words, "-h"], prog_name=program)
    assert done.exit_code == 0, done.output
    return done.output


WIDTH = 80
COMMANDS = {path: each for name in PROGRAMS for path, each in commands(name)}


def section(text: str, title: str) -> list[str]:
    """Return the lines under a title, up to the next blank line."""
    _, found, below = text.partition(f"\n {title}")
    assert found, f"no {title}"
    return [line.strip() for line in below.strip().split("\n \n")[0].splitlines()]


@pytest.mark.parametrize("path", COMMANDS)
def test_a_page_says_the_exit_status_and_what_to_type(path: str) -> None:
    """Statuses are numbers with words; an example is the command itself."""
    text = re.sub(r" +\n", "\n", page(path)).replace("\n\n", "\n \n")

    statuses = section(text, "Exit status")
    assert statuses[0].startswith("0 ")
    assert all(re.match(r"\d+  +\S", line) for line in statuses), statuses
    typed = rf"([A-Z_]+=\S+ )?{path}\b"
    assert any(re.match(typed, line) for line in section(text, "Examples"))


@pytest.mark.parametrize("path", COMMANDS)
def test_a_page_fits_eighty_columns(path: str) -> None:
    """No line is wider, and no line below the options is broken by the terminal."""
    text = page(path)

    assert max(map(len, text.splitlines())) <= WIDTH
    below = Text.from_markup(COMMANDS[path].epilog).plain
    assert "Exit status" in below
    for line in below.splitlines():
        assert line.strip() in text


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_says_what_it_does_in_the_words_of_the_field(path: str) -> None:
    """Help is a sentence; a value is named in capitals, not by a type of Python."""
    for parameter in COMMANDS[path].params:
        words = (parameter.help or "").splitlines()
        assert words, parameter.name
        assert words[0].endswith((".", "?")), parameter.name
        if not getattr(parameter, "is_flag", False):
            assert re.match(r"[A-Z]", parameter.metavar or ""), parameter.name
    assert not re.search(r"<(bool|str|int|float|path|list.*)>|--no-", page(path))


@pytest.mark.parametrize("path", COMMANDS)
def test_what_every_command_has_stands_after_what_this_one_has(path: str) -> None:
    """The panel of the common options is the last one of options."""
    if getattr(COMMANDS[path], "commands", None):
        return  # its last panel lists commands

    *_, last = re.findall(r"╭─ (.*?) ─", page(path))

    assert last == "Common options"


@pytest.mark.parametrize("path", COMMANDS)
def test_the_first_sentence_is_one_line_of_the_list_of_commands(path: str) -> None:
    """It says what the command does, and ends; what else there is stands below it."""
    sentence, *_ = COMMANDS[path].help.split("\n\n")

    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert len(f" {sentence}") <= WIDTH


def test_brackets_in_a_docstring_are_no_markup() -> None:
    """A section of node.toml is shown as it is written."""
    docstring = "Read [archive].\n\nExamples\n--------\npacs-node [x]\n    See [node]."

    found = split_page(docstring)

    assert found["help"] == "Read \\[archive]."
    assert found["epilog"].endswith("  pacs-node \\[x]\n      See \\[node].")

"""``pacs-node check``: the doctor."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from node import config
from node.commands.options import ConfigOption, JsonOption
from node.commands.terminal import console, print_json

if TYPE_CHECKING:
    from node.doctor import Finding

MARKS = {
    "ok": ("ok", "green"),
    "advice": ("advice", "yellow"),
    "wrong": ("WRONG", "bold red"),
    "not examined": ("-", "dim"),
}
MARK_WIDTH, SUBJECT_WIDTH = 8, 22
NARROWEST = 40
"""Columns below which lines are left to the terminal to fold."""


def check(
    config_file: ConfigOption = None,
    store: Annotated[
        bool,
        typer.Option(
            "--store",
            help="Store an object of a self-test patient too, and delete it again.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Examine this installation and its neighbours: what is wrong, where, what to do.

    Exit status
    -----------
    0  nothing is wrong; what could not be examined is listed
    1  something is wrong; the last lines say what to write or to type
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node check
        Examine; nothing is changed anywhere.
    pacs-node check --store
        Also store one test object, let the routing script answer, delete it.
    pacs-node check --json
        Print the findings for a machine.
    """
    from node.doctor import examine  # asks the network: only this command needs it

    findings = list(examine(config.load(config_file), store=store))
    if as_json:
        print_json([_plain(finding) for finding in findings])
    else:
        for line in page(findings, max(console().width, NARROWEST)):
            console().print(line)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def page(findings: Sequence[Finding], width: int) -> list[Text]:
    """Return the lines of the page.

    All in short; then what is to be done, the worst last; and one line that counts.
    """
    lines = [line for finding in findings for line in _row(finding, width)]
    for state in ("not examined", "advice", "wrong"):
        for finding in findings:
            if finding.state == state and finding.remedy:
                lines += [Text(), *_advice(finding, width)]
    return [*lines, Text(), Text(summary(findings))]


def summary(findings: Sequence[Finding]) -> str:
    """Return the last line: how many are wrong, and how many nobody looked at."""
    states = [str(finding.state) for finding in findings]
    wrong, unseen = states.count("wrong"), states.count("not examined")
    verb = "are" if wrong > 1 else "is"
    line = f"{wrong or 'none'} of {len(findings)} {verb} wrong"
    return f"{line}, {unseen} not examined" if unseen else line


def _plain(finding: Finding) -> dict[str, str]:
    return {
        "subject": finding.subject,
        "state": str(finding.state),
        "found": finding.found,
        "where": finding.where,
        "remedy": finding.remedy,
    }


def _row(finding: Finding, width: int) -> list[Text]:
    """Return a finding in short: mark, subject, what was found.

    A subject too long for its column stands on a line of its own.
    """
    indent = MARK_WIDTH + SUBJECT_WIDTH
    head = f"{finding.subject:<{SUBJECT_WIDTH}}"
    lines = _folded(finding.found, width, indent)
    first = Text.assemble(_mark(finding), head)
    if len(finding.subject) >= SUBJECT_WIDTH:
        return [first, *map(Text, lines)]
    return [first.append(lines[0].lstrip()), *map(Text, lines[1:])]


def _advice(finding: Finding, width: int) -> list[Text]:
    """Return what is to be done about a finding, under its mark and subject."""
    lines = [Text.assemble(_mark(finding), finding.subject)]
    for label, told in (
        ("found", finding.found),
        ("where", finding.where),
        ("do", finding.remedy),
    ):
        folded = _folded(told, width, MARK_WIDTH + 7) if told else []
        for number, text in enumerate(folded):
            name = "" if number else label
            lines.append(Text(f"{'':<{MARK_WIDTH}}{name:<7}{text.lstrip()}"))
    return lines


def _mark(finding: Finding) -> tuple[str, str]:
    word, style = MARKS[finding.state]
    return f"{word:<{MARK_WIDTH}}", style


def _folded(text: str, width: int, indent: int) -> list[str]:
    """Fold each line between words; a path or a UID that is too long is left whole."""
    margin = " " * indent
    folded = [
        textwrap.wrap(
            line,
            width,
            initial_indent=margin,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    ]
    return [line for lines in folded for line in lines] or [margin]

"""`pacs-node check` as a person types it, and its page by eye."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from node.commands.check import page, summary
from node.doctor.finding import Finding, advice, not_examined, ok, wrong
from tests.node.test_main import pacs_node
from tests.ports import free_ports

GOOD = ok("disk", "60,000 MiB free")
BAD = wrong("archive", "A@host:104 does not answer", "[archive] host", "host = ...")
UNSEEN = not_examined("viewer OHIF", "nothing answers", "[viewer] port", "./launch.sh")


def text(*findings: Finding, width: int = 80) -> list[str]:
    """Return the page as plain lines."""
    return [line.plain for line in page(findings, width)]


def nowhere() -> dict[str, str]:
    """Return an environment in which no neighbour of the node runs."""
    keys = ("NODE__PORT", "VIEWER__PORT", "ARCHIVE__DICOM_PORT", "ARCHIVE__HTTP_PORT")
    ports = zip(keys, free_ports(len(keys)), strict=True)
    return {f"PACS_NODE_{key}": str(port) for key, port in ports}


def test_faults_are_named_and_the_status_says_so(tmp_path: Path) -> None:
    """Without an archive two things are wrong, and each says what to write or start."""
    status, output, errors = pacs_node("check", "--json", folder=tmp_path, **nowhere())

    found = json.loads(output)
    wrongs = {each["subject"]: each for each in found if each["state"] == "wrong"}
    assert (status, errors) == (1, "")
    assert set(wrongs) == {"archive", "archive REST"}
    assert all(each["remedy"] and each["where"] for each in wrongs.values())
    assert [*tmp_path.iterdir()] == [], "nothing is left behind"


def test_the_page_holds_at_eighty_columns(tmp_path: Path) -> None:
    """No line is wider or cut, nothing colours it, and the last one counts."""
    status, output, _ = pacs_node("check", folder=tmp_path, COLUMNS="80", **nowhere())

    lines = output.splitlines()
    assert status == 1
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in output
    assert "…" not in output
    assert re.fullmatch(r"2 of \d+ are wrong, \d+ not examined", lines[-1])


def test_settings_that_cannot_be_are_one_line(tmp_path: Path) -> None:
    """A misspelt key ends it before anything is examined."""
    (tmp_path / "node.toml").write_text("[node]\naetitle = 'X'\n")

    status, output, errors = pacs_node("check", folder=tmp_path)

    assert (status, output) == (2, "")
    assert "node.aetitle: unknown key" in errors


def test_faults_come_last_with_their_line_to_write() -> None:
    """The eye finds them above the prompt, whatever their place in the list."""
    lines = text(BAD, UNSEEN, GOOD)

    assert lines[-6:] == [
        "WRONG   archive",
        "        found  A@host:104 does not answer",
        "        where  [archive] host",
        "        do     host = ...",
        "",
        "1 of 3 is wrong, 1 not examined",
    ]


def test_a_line_to_type_is_never_cut() -> None:
    """A word that is wider than the terminal stays whole."""
    word = "x" * 100
    lines = text(wrong("disk", "full", "there", f"rm {word}"), width=60)

    assert any(word in line for line in lines)


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ((GOOD,), "none of 1 is wrong"),
        ((GOOD, UNSEEN), "none of 2 is wrong, 1 not examined"),
        ((BAD, BAD), "2 of 2 are wrong"),
        ((advice("callers", "open", "there", "shut it"),), "none of 1 is wrong"),
    ],
)
def test_the_last_line_counts(findings: tuple[Finding, ...], line: str) -> None:
    """What was not examined is never counted as good in silence."""
    assert summary(findings) == line

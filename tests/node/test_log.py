"""The log: one event per line, identifiers only as salted hashes."""

from __future__ import annotations

import json

import pytest

from node import log


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, level, stage and time stand in one line."""
    log.configure("INFO", json=True, salt="s")

    log.get("send").info("object_sent", kind="SR")

    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "object_sent"
    assert (line["stage"], line["level"], line["kind"]) == ("send", "info", "SR")


def test_lower_levels_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """At ERROR nothing else is written."""
    log.configure("ERROR")

    log.get("send").info("object_sent")

    assert capsys.readouterr().err == ""


def test_a_hash_depends_on_the_salt_and_hides_the_identifier() -> None:
    """Two sites cannot compare their hashes."""
    log.configure(salt="one")
    first = log.hashed("1.2.3")
    log.configure(salt="two")

    assert first != log.hashed("1.2.3")
    assert "1.2.3" not in first
    assert len(first) == 12

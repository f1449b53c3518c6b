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


def fail_over(patient_name: str) -> None:
    """Fail with a patient in a local variable and in the words of the error."""
    raise ValueError(f"cannot read {patient_name}")


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_traceback_names_places_and_types_and_no_patient(
    capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    """Neither variables nor the text of an error are printed, on one line."""
    log.configure(json=json_lines)
    patient = "Meier" + "^Anna"

    try:
        try:
            fail_over(patient)
        except ValueError as error:
            raise OSError(patient) from error
    except OSError:
        log.get("send").error("outbox_held_up", exc_info=True)

    written = capsys.readouterr().err
    assert "Meier" not in written
    assert written.count("\n") == 1
    assert "test_log.py" in written
    assert "fail_over" in written
    assert written.index("OSError") < written.index("ValueError")


def test_an_event_without_an_error_has_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Asked for where nothing was raised, it is left out."""
    log.configure(json=True)

    log.get("send").error("nothing_raised", exc_info=True)

    assert "traceback" not in json.loads(capsys.readouterr().err)

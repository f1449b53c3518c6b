"""A run told to machines and to people."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from node.batch.entry import Entry
from node.batch.summary import (
    RunFacts,
    about,
    as_json,
    closing_lines,
    exit_status,
    write_json,
)
from node.batch.words import Words
from tests.node.batch import results as given

EN, RU = Words.of("en"), Words.of("ru")
BUNDLES = {given.MODEL: given.bundle()}
FACTS = RunFacts(
    root="studies",
    started=given.NOW,
    ended=given.NOW + timedelta(seconds=75),
    command="pacs-node batch studies",
    package="0.1.0",
    processor="a processor",
    cores=2,
    workers=2,
    settings={"precision": "auto"},
)
ALL = [
    given.reported(),
    given.not_applicable(),
    given.failed(),
    given.no_study(),
    given.not_read(),
]

KEYS = {
    "schema",
    "version",
    "started",
    "ended",
    "seconds",
    "root",
    "command",
    "settings",
    "package",
    "processor",
    "cores",
    "workers",
    "models",
    "truth",
    "counts",
    "entries",
}
ENTRY_KEYS = {
    "path",
    "study_instance_uid",
    "model",
    "outcome",
    "kept",
    "seconds",
    "series_instance_uid",
    "version",
    "model_version",
    "weights_digest",
    "measurements",
    "classifications",
    "locations",
    "fast",
    "truth",
    "timings_s",
    "grade",
    "flags",
    "objects",
    "deliveries",
    "series",
    "reason",
    "reason_words",
    "advice",
    "detail",
}
"""What others read: a change of these is another version of the schema."""


def test_the_keys_of_the_json_stay() -> None:
    """Programs of others hang on them."""
    told = as_json(ALL, FACTS, BUNDLES, EN)

    assert (told["schema"], told["version"]) == ("pacs-ai-node batch summary", 2)
    assert set(told) == KEYS
    assert all(set(entry) == ENTRY_KEYS for entry in told["entries"])


def test_the_json_holds_numbers_objects_and_reasons(tmp_path: Path) -> None:
    """As they are written and read back, also of a name that is not UTF-8."""
    odd = given.reported("studies/\udcff脳", deliveries=(given.delivery("sent"),))
    write_json(tmp_path / "s.json", as_json([odd, *ALL[1:]], FACTS, BUNDLES, EN))

    told = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    first, _, third, *_ = told["entries"]
    assert first["path"] == "studies/\\xff脳"
    assert first["measurements"][4]["value"] == 3384.9
    assert first["objects"][0]["sop_instance_uid"] == "1.2.9"
    assert first["objects"][0]["path"] == "r/v2/SR.dcm"
    assert first["deliveries"][0]["state"] == "sent"
    assert first["reason"] is None
    assert third["reason"] == "slice_gap"
    assert third["measurements"] == []
    assert third["grade"] is None
    assert told["counts"]["studies"] == 4
    assert told["seconds"] == 75.0


@pytest.mark.parametrize(
    ("entries", "only_model", "status"),
    [
        ([given.reported()], False, 0),
        ([given.reported(), given.not_applicable()], False, 0),
        ([given.reported(), given.not_applicable()], True, 1),
        ([given.reported(), given.failed()], False, 1),
        ([given.reported(), given.no_study()], False, 1),
        ([given.reported(), given.not_read()], False, 1),
        ([], False, 1),
    ],
)
def test_the_exit_status_tells_whether_to_look(
    entries: list[Entry], only_model: bool, status: int
) -> None:
    """A study of another kind is an error only to one who named the model."""
    assert exit_status(entries, only_model=only_model) == status


def test_the_last_lines_say_how_many_and_where() -> None:
    """Counts that are nought are left out."""
    lines = closing_lines(
        ALL, FACTS, BUNDLES, RU, spreadsheets=[Path("r.xlsx")], results=Path("results")
    )

    assert lines[0].startswith("4 исследования за 1 мин 15 с: обработано 1, ")
    assert "обработано ранее" not in lines[0]
    assert lines[1:3] == ["Таблица     r.xlsx", "Результаты  results"]
    assert "не является диагнозом" in lines[3]


def test_the_last_lines_are_silent_of_a_model_that_no_study_is_for() -> None:
    """It neither counts nor warns of what it did not say."""
    other = replace(given.bundle(), name="other", status="demonstration")
    both = {**BUNDLES, "other": other}

    lines = closing_lines(
        [given.reported(), given.of_another_model("other")], FACTS, both, EN
    )

    assert lines == closing_lines([given.reported()], FACTS, BUNDLES, EN)


def test_nothing_found_is_said() -> None:
    """Instead of a table of nothing."""
    assert closing_lines([], FACTS, BUNDLES, EN) == ["No study was found."]


def test_the_sheet_says_what_the_run_was() -> None:
    """Who opens the file next year knows what made it."""
    told = about(ALL, FACTS, BUNDLES, EN)

    assert (told["Studies"], told["Reported"], told["Failed"]) == (4, 1, 1)
    assert told["Command"] == "pacs-node batch studies"
    assert "weights" in str(told["Model hippocampus"])
    assert "not a diagnosis" in str(told["Note hippocampus"])


def test_a_demonstration_says_so_in_the_json() -> None:
    """Not only in the spreadsheet."""
    bundle = replace(given.bundle(), status="demonstration")

    told = as_json(ALL, FACTS, {given.MODEL: bundle}, EN)

    assert told["models"][given.MODEL]["note"].startswith("DEMONSTRATION")

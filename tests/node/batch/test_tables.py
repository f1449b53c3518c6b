"""Results in a terminal: what needs a look first, and nothing wider than 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from models.volume.bundle import Bundle
from models.volume.columns import columns_of
from node.batch.entry import Entry
from node.batch.tables import as_tables
from node.batch.words import Words
from node.jobs.answers import Answers, Classified, Located
from tests.node.batch import results as given
from tests.node.batch.triage import COLUMNS

EN, RU = Words.of("en"), Words.of("ru")
BUNDLES = {given.MODEL: given.bundle()}
TRIAGE = {given.MODEL: replace(given.bundle(), columns=columns_of(COLUMNS))}
ALL = [
    given.reported(),
    given.not_applicable(),
    given.failed(),
    given.no_study(),
    given.not_read(),
]


def shown(
    entries: list[Entry], words: Words, bundles: Mapping[str, Bundle] = BUNDLES
) -> list[str]:
    """Return the table as a terminal of 80 columns without colour shows it."""
    stream = StringIO()
    console = Console(file=stream, width=80, highlight=False)
    console.print(as_tables(entries, bundles, words, root="studies", all_in="r.xlsx"))
    return stream.getvalue().splitlines()


def answered(path: str, probability: float, truth: int | None = None) -> Entry:
    """Return a study that a model has decided about, with the longest of findings."""
    answer = Classified(
        "Lungs",
        "Pathology",
        "pathology",
        probability,
        f"{probability:.3f}",
        0.5,
        "0.500",
        probability >= 0.5,
        "cnn_3d",
    )
    box = Located("Ground-glass opacity", (0, 1, 2, 3, 4, 5), (0.0,) * 6, 1.0)
    job = given.job(answers=Answers((answer,), (box,)))
    entry = given.reported(path, job=job, truth=truth)
    return replace(entry, study_instance_uid=f"of {path}")


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
def test_the_table_holds_in_80_columns(words: Words) -> None:
    """Nothing is cut but the beginning of a path; no control codes."""
    lines = shown([given.reported("studies/" + "я/脳" * 30), *ALL], words)

    assert max(cell_len(line) for line in lines) <= 80
    assert "\x1b" not in "".join(lines)
    assert all(words.state(each) in "".join(lines) for each in ("failed", "not_read"))
    assert len([line for line in lines if "3385" in line]) == 2


def test_faults_stand_first_and_a_long_table_ends() -> None:
    """The spreadsheet has the rest."""
    many = [given.reported(f"studies/{n:03d}") for n in range(500)]

    lines = shown([*many, given.failed()], EN)

    assert "three" in lines[3]
    assert "failed" in lines[3]
    assert len(lines) < 30
    assert lines[-1].strip() == "… and 481 more, all in r.xlsx"


def test_a_model_that_no_study_is_for_has_a_line() -> None:
    """Its table would say the same of every study."""
    both = {
        given.MODEL: given.bundle(),
        "other": replace(given.bundle(), title="Other"),
    }
    other = given.of_another_model("other")

    lines = shown([given.reported(), other, given.no_study(), other], EN, both)
    alone = shown([other], EN, {"other": both["other"]})

    assert "3385" in "".join(lines)
    assert lines[-1] == "Other: none of these studies is of the kind that it reads."
    assert "not applicable" not in "".join(lines)
    assert "not applicable" in "".join(alone)


def test_a_study_that_no_model_reads_keeps_its_row() -> None:
    """A chest that is cut off is none for a model of heads, and still has a reason."""
    both = {
        given.MODEL: given.bundle(),
        "other": replace(given.bundle(), title="Other"),
    }
    refused = given.not_applicable()

    lines = shown(
        [given.reported(), refused, given.of_another_model("other", refused)], EN, both
    )

    assert "".join(lines).count("not applicable") == 2


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
def test_answers_in_words_hold_in_80_columns_too(words: Words) -> None:
    """With probability, finding and whether it is wrong; the suspected stand first."""
    studies = [
        answered("studies/" + "a" * 40, 0.2, truth=1),
        answered("studies/b", 0.6, truth=1),
        answered("studies/c", 0.9, truth=0),
    ]

    lines = shown([*studies, given.failed()], words, TRIAGE)

    assert max(cell_len(line) for line in lines) <= 80
    order = [line[0] for line in lines if words.decimal("0.") in line]
    assert order == ["c", "b", "…"]
    assert [line.count("✗") for line in lines[-3:]] == [1, 0, 1]
    assert words.state("failed") in lines[-4]

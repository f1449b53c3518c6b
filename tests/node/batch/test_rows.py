"""One row for every entry: numbers as printed, nothing where there is no result."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from models.volume.columns import Column
from node.batch.entry import Entry
from node.batch.rows import Row, row_of, sheets_of
from node.batch.words import Words
from node.errors import ConfigError
from node.jobs.ledger_deliveries import Delivery
from tests.node.batch import results as given

EN = Words.of("en")
AS_BEFORE = [
    "path_to_study",
    "study_uid",
    "series_uid",
    "anterior_mm3",
    "posterior_mm3",
    "total_mm3",
    "grade",
    "quality_flags",
    "processing_status",
    "time_of_processing",
    "sent",
    "reason",
]
"""RESULTS: the columns of the hospital's tables, ours to the right of them."""


def row(entry: Entry) -> Row:
    """Return the row of an entry under the shipped bundle."""
    return row_of(entry, given.bundle(), EN, Path("out"))


def test_the_columns_stand_where_they_stood() -> None:
    """A table of the hospital goes on below its old heading."""
    assert list(row(given.reported()))[: len(AS_BEFORE)] == AS_BEFORE


def test_a_result_is_a_row_of_its_numbers() -> None:
    """With the digits of the report, and the version and weights that made them."""
    told = row(given.reported())

    assert told["total_mm3"] == Decimal(3385)
    assert told["grade"] == "B"
    assert told["quality_flags"] == "nominal_geometry, of_their_own"
    assert told["quality"] == "image positions are nominal; of_their_own"
    assert told["processing_status"] == "SUCCESS"
    assert str(told["time_of_processing"]) == "1.83"
    assert told["reason"] is None
    assert (told["model_version"], told["weights"]) == ("0.9.0", "0123456789ab")
    assert (told["version"], told["results"]) == ("v2", "r/v2")


@pytest.mark.parametrize(
    "entry",
    [given.not_applicable(), given.failed(), given.no_study(), given.not_read()],
    ids=["not_applicable", "failed", "no_study", "not_read"],
)
def test_without_a_result_nothing_is_measured(entry: Entry) -> None:
    """An empty cell, never 0; an earlier version's numbers are not this run's."""
    told = row(entry)

    empty = ("series_uid", "anterior_mm3", "posterior_mm3", "total_mm3", "grade")
    assert [told[column] for column in (*empty, "version", "results")] == [None] * 7
    assert told["processing_status"] == "FAILURE"
    assert str(told["reason"]).endswith(".")
    assert list(told) == list(row(given.reported()))


def test_the_reason_says_what_and_what_to_do() -> None:
    """To a person, with the value that decided."""
    told = str(row(given.failed())["reason"])

    assert told.startswith("Slices are missing, or their distances differ (12 mm). ")
    assert told.endswith("correct it or export it again.")


@pytest.mark.parametrize(
    ("deliveries", "said"),
    [
        ((), None),
        ((given.delivery("sent"),), "yes"),
        ((given.delivery("sent"), given.delivery("pending")), "no: not yet accepted"),
        ((given.delivery("failed", "no answer"),), "no: no answer"),
        (
            (given.delivery("failed", "destination_removed"),),
            "no: the destination is no longer configured",
        ),
    ],
)
def test_sent_means_that_all_is_there(
    deliveries: tuple[Delivery, ...], said: str | None
) -> None:
    """Nothing is said when nobody asked for it."""
    assert row(given.reported(deliveries=deliveries))["sent"] == said


def test_a_demonstration_says_so_in_every_row() -> None:
    """Whoever copies one row out of the table takes the words along."""
    bundle = replace(given.bundle(), status="demonstration")
    entries = [given.reported(), given.failed(), given.no_study()]

    rows = sheets_of(entries, {given.MODEL: bundle}, EN, Path("out"))[given.MODEL]

    assert [str(each["note"])[:13] for each in rows] == ["DEMONSTRATION"] * 3


def test_a_column_of_a_bundle_takes_no_other_ones_place() -> None:
    """A bundle of the user's own is told before anything is read or lost."""
    bundle = replace(given.bundle(), columns={"reason": Column("Lung", "mm3")})

    with pytest.raises(ConfigError, match="column reason"):
        sheets_of([], {given.MODEL: bundle}, EN, Path("out"))


def test_a_number_that_a_model_did_not_give_is_empty() -> None:
    """A bundle may name more than one result has."""
    some = given.reported(job=given.job(measurements=given.MEASURED[:1]))

    told = row(some)
    assert (told["anterior_mm3"], told["total_mm3"]) == (Decimal(1489), None)


def test_the_first_sheet_is_of_a_model_that_reads_something() -> None:
    """Who opens the workbook of a folder of heads sees no rows of a chest model."""
    bundles = {"other": given.bundle(), given.MODEL: given.bundle()}
    entries = [given.of_another_model("other"), given.reported()]

    sheets = sheets_of(entries, bundles, EN, Path("out"))

    assert list(sheets) == [given.MODEL, "other"]
    assert {name: len(rows) for name, rows in sheets.items()} == {
        given.MODEL: 1,
        "other": 1,
    }

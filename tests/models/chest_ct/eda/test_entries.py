"""Lines of the table against each other and against the series that were found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.chest_ct.cases.labels import Label
from models.chest_ct.eda.entries import (
    few_patients,
    match,
    one_label,
    repeated,
    without_series,
)
from models.chest_ct.eda.seen import Acquired, Examined, Person, Seen
from tests.models.chest_ct.eda.made import usable


def series(study: str, uid: str, fault: str = "", slices: int = 100) -> Seen:
    """Return a series as a process found it."""
    acquired = Acquired("One", "B", 2.0, (2.0, 0.7, 0.7), slices, 512)
    return Seen(study, uid, f"in {uid}", Person("p"), acquired, fault, f"is {fault}")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([("S", "a", 0), ("S", "b", 0)], [("study_twice", 3)]),
        ([("S", "a", 0), ("S", "a", 0)], [("labelled_twice", 3)]),
        ([("S", "", 0), ("S", "b", 0)], [("labelled_twice", 3)]),
        ([("S", "a", 0), ("S", "b", 1)], [("both_labels", 2), ("both_labels", 3)]),
        ([("S", "a", 0), ("T", "a", 1)], []),
    ],
)
def test_a_study_is_labelled_once(
    lines: list[tuple[str, str, int]], said: list[tuple[str, int]]
) -> None:
    """Two series alike are kept; a contradiction leaves all of its lines out."""
    labels = [Label(study, uid, bool(label)) for study, uid, label in lines]
    found = list(repeated(match(labels, [])))

    assert [(each.kind, each.line) for each in found] == said


def test_a_line_means_the_only_series_that_suits() -> None:
    """A scout beside it is no fault; of none that suits the largest says why."""
    scout = series("S", "scout", "few_slices", 1)
    there = [Examined("x", (scout, series("S", "chest")))]
    (entry,) = match([Label("S", "", is_positive=False)], there)
    assert entry.chosen is not None
    assert entry.chosen.series_uid == "chest"
    assert not list(without_series([entry]))

    there = [Examined("x", (scout, series("S", "head", "not_chest", 90)))]
    (remark,) = without_series(match([Label("S", "", is_positive=False)], there))
    assert (remark.kind, remark.line) == ("not_chest", 2)
    assert remark.detail == "is not_chest (in head)"


@pytest.mark.parametrize(
    ("uids", "kind", "detail"),
    [
        (("a", "b"), "several_series", "2 series in in a, in b: a, b"),
        (("a", "a"), "series_twice", "in in a and in a too"),
    ],
)
def test_of_several_series_that_suit_none_is_taken(
    uids: tuple[str, str], kind: str, detail: str
) -> None:
    """Nobody guesses which is meant; one that lies there twice is named as such."""
    first, second = (series("S", uid) for uid in uids)
    if first == second:
        second = replace(second, place="in a too")
    there = [Examined("x", (first,)), Examined("y", (second,))]
    (entry,) = match([Label("S", "", is_positive=False)], there)
    (remark,) = without_series([entry])

    assert entry.chosen is None
    assert (remark.kind, remark.line, remark.detail) == (kind, 2, detail)


def test_the_table_is_believed_before_the_header() -> None:
    """Of patient, sex and age; where it is silent the header speaks."""
    seen = Examined("x", (series("S", "a"), series("T", "b")))
    told, silent = match(
        [Label("S", "", True, "70", "female", "Z"), Label("T", "", is_positive=True)],
        [seen],
    )

    assert (told.sex, told.age) == ("F", 70)
    assert told.patient != silent.patient == "p"
    assert (silent.sex, silent.age) == ("", None)


def test_few_patients_of_a_label_are_told_of() -> None:
    """Before hours of reading end in a part without one."""
    well = [usable(number) for number in range(20)]
    sick = [usable(20 + number, label=True) for number in range(10)]
    (remark,) = few_patients([*well, *sick[:9]])

    assert remark.detail.startswith("9 patients are labelled 1; a training wants 10")
    assert not list(few_patients([*well, *sick]))
    assert not list(few_patients(well))  # of that another remark tells


def test_one_label_alone_teaches_nothing() -> None:
    """It is said of all data."""
    (remark,) = one_label([usable(2, label=True), usable(3, label=True)])
    assert remark.detail == "every study that passes is labelled 1"
    assert not list(one_label([usable(2, label=True), usable(3)]))
    assert not list(one_label([]))

"""Who is learned from, and who is judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chest_ct.cases.case import Case
from models.chest_ct.cases.split import (
    FEWEST_PATIENTS,
    SplitSettings,
    parts_of,
    taken,
)
from tests.models.chest_ct.cases.made import Made, made_cases


@given(
    labels=st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=80),
    fold=st.integers(0, 2),
    seed=st.integers(0, 5),
)
@settings(max_examples=20)
def test_nobody_is_in_two_parts_and_nothing_is_lost(
    labels: list[tuple[int, bool]], fold: int, seed: int
) -> None:
    """Whatever studies a patient has."""
    cases = [
        Case(str(number), f"patient {patient}", label, Made(0))
        for number, (patient, label) in enumerate(labels)
    ]
    if len({case.patient for case in cases}) < 6:
        return

    parts = parts_of(cases, SplitSettings(seed=seed, test_share=0.1), fold)

    three = [parts.training, parts.validation, parts.test]
    assert sorted(sum(three, ())) == list(range(len(cases)))
    people = [{cases[number].patient for number in part} for part in three]
    assert not people[0] & people[1] | people[1] & people[2] | people[0] & people[2]


def test_the_original_split_is_sixty_twenty_twenty() -> None:
    """Four folds of what is left of a test share of a fifth."""
    cases = made_cases(200)
    parts = parts_of(cases, SplitSettings(folds=4), 0)
    sizes = [len(part) for part in (parts.training, parts.validation, parts.test)]
    assert sizes == [120, 40, 40]
    assert sum(case.is_positive for case in taken(cases, parts.validation)) == 20


def test_data_that_name_their_test_are_believed() -> None:
    """A share of our own is not drawn beside it."""
    cases = [replace(each, is_test=False) for each in made_cases(40)]
    cases += [
        replace(each, patient=f"other {n // 2}", is_test=True)
        for n, each in enumerate(made_cases(8))
    ]
    parts = parts_of(cases, SplitSettings(), 1)
    assert parts.test == tuple(range(40, 48))


def test_folds_do_not_hang_on_the_order_of_the_cases() -> None:
    """A folder that is listed in another order is divided alike."""
    cases = made_cases(30)
    one = parts_of(cases, SplitSettings(), 0)
    other = parts_of(cases[::-1], SplitSettings(), 0)
    assert {cases[n].name for n in one.test} == {
        cases[::-1][n].name for n in other.test
    }


def test_a_fold_that_does_not_exist_is_refused() -> None:
    """There are as many as the settings say."""
    with pytest.raises(ValueError, match="fold is 0 to 2, not 3"):
        parts_of(made_cases(30), SplitSettings(), 3)


@given(
    sick=st.integers(FEWEST_PATIENTS, 40),
    well=st.integers(FEWEST_PATIENTS, 40),
    folds=st.integers(3, 4),
    fold=st.integers(0, 2),
    seed=st.integers(0, 50),
)
@settings(max_examples=50)
def test_so_many_patients_of_each_label_fill_every_part(
    sick: int, well: int, folds: int, fold: int, seed: int
) -> None:
    """Fewer are told of by the analysis of the data."""
    cases = [
        Case(str(number), f"patient {number}", number < sick, Made(0))
        for number in range(sick + well)
    ]

    parts = parts_of(cases, SplitSettings(folds=folds, seed=seed), fold)

    for part in (parts.training, parts.validation, parts.test):
        assert {cases[number].is_positive for number in part} == {True, False}

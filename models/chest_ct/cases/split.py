"""Who is learned from, who is judged: by patient, alike in labels, a test beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field

from models.chest_ct.cases.case import Case
from models.training.classification.split import Split, split_patients
from models.training.settings import TrainingSection

FEWEST_PATIENTS = 10
"""Of each label, with which every part of the shipped splits has some."""


class SplitSettings(TrainingSection):
    """How the patients are divided.

    Attributes
    ----------
    folds
        Of those outside the test. 4 with a test share of 0.2 is 60, 20, 20.
    test_share
        Of the patients, where the data do not say who is for the test.
    """

    folds: Annotated[int, Field(ge=2)] = 3
    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.2
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Parts:
    """The cases of one fold, as indices.

    Attributes
    ----------
    training, validation
        What is learned from, and what chooses epoch and threshold.
    test
        What neither sees.
    """

    training: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


Anything = TypeVar("Anything")


def parts_of(cases: Sequence[Case], settings: SplitSettings, fold: int) -> Parts:
    """Return the parts of one fold; no patient is in two of them.

    Raises
    ------
    ValueError
        The fold does not exist, or the patients do not fill the folds.
    """
    if not 0 <= fold < settings.folds:
        raise ValueError(f"fold is 0 to {settings.folds - 1}, not {fold}")
    split = divide(cases, settings)
    where = dict.fromkeys(split.test, "test")
    where |= dict.fromkeys(split.held_out(fold), "validation")
    where |= dict.fromkeys(split.trained_on(fold), "training")
    chosen: dict[str, list[int]] = {"training": [], "validation": [], "test": []}
    for number, case in enumerate(cases):
        chosen[where[case.patient]].append(number)
    return Parts(
        tuple(chosen["training"]), tuple(chosen["validation"]), tuple(chosen["test"])
    )


def divide(cases: Sequence[Case], settings: SplitSettings) -> Split:
    """Return the split of the patients, stratified by how many of their studies are.

    Where the data say who is for the test, they are believed.
    """
    told = {case.patient for case in cases if case.is_test}
    is_told = any(case.is_test is not None for case in cases)
    strata = {
        patient: labels
        for patient, labels in _labels(cases).items()
        if patient not in told
    }
    share = 0.0 if is_told else settings.test_share
    split = split_patients(strata, settings.folds, share, settings.seed)
    return Split(tuple(sorted(told)), split.folds) if is_told else split


def _labels(cases: Sequence[Case]) -> dict[str, tuple[int, int]]:
    """Return how many studies of each patient are positive, and how many are not."""
    counts: dict[str, list[int]] = {}
    for case in cases:
        counts.setdefault(case.patient, [0, 0])[0 if case.is_positive else 1] += 1
    return {patient: (yes, no) for patient, (yes, no) in counts.items()}


def taken(items: Sequence[Anything], chosen: Sequence[int]) -> list[Anything]:
    """Return the chosen items."""
    return [items[number] for number in chosen]

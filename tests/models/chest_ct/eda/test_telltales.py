"""What gives the label away is found, and chance is not taken for it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chest_ct.eda.kinds import KINDS
from models.chest_ct.eda.telltales import (
    LUNG_DENSITY,
    NUMBERS,
    WORDS,
    Telltale,
    leaks,
    telltales,
)
from tests.models.chest_ct.eda.made import usable


def of(name: str, found: list[Telltale]) -> Telltale:
    """Return the telltale of a name."""
    return next(each for each in found if each.name == name)


def test_a_kernel_that_stands_for_a_label_is_said_in_words() -> None:
    """With its AUC: nine of ten sharp studies are positive, one of ten soft ones."""
    sharp = {n: (n % 2 == 0) != (n < 4) for n in range(40)}
    cases = [
        usable(n, label=n % 2 == 0, kernel="LUNG" if sharp[n] else "B30f")
        for n in range(40)
    ]

    (remark,) = leaks(telltales(cases))

    assert remark.kind == "label_leak"
    assert remark.detail.startswith(
        "the kernel alone tells the label with AUC 0.90: a network will learn that"
    )
    assert "B30f 2 of 20, LUNG 18 of 20" in remark.detail
    assert of("kernel", telltales(cases)).cramers_v == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ({"slices": 300}, "number of slices"),
        ({"spacing_mm": (1.0, 0.7, 0.7)}, "slice spacing"),
        ({"spacing_mm": (2.0, 0.9, 0.9)}, "pixel spacing"),
        ({"noise_hu": 30.0}, "noise"),
        ({"manufacturer": "Two"}, "manufacturer"),
        ({"thickness_mm": 3.0}, "slice thickness"),
        ({"sex": "M"}, "sex"),
        ({"age": 40.0}, "age that is said or not"),
    ],
)
def test_every_property_can_give_the_label_away(
    known: dict[str, Any], name: str
) -> None:
    """And none does so in the name of another."""
    cases = [usable(n, label=n % 2 == 0, **({} if n % 2 else known)) for n in range(20)]
    found = [each for each in telltales(cases) if each.is_leak]

    assert [(each.name, each.auc) for each in found] == [(name, 1.0)]
    assert name in {*NUMBERS, *WORDS}


def test_disease_changes_the_density_and_that_is_no_leak() -> None:
    """It is told all the same, as what a network must beat."""
    cases = [usable(n, label=n % 2 == 0, lung_hu=-700 - n % 2) for n in range(20)]
    found = telltales(cases)

    assert of(LUNG_DENSITY, found).auc == 1
    assert not list(leaks(found))


def test_many_values_of_few_studies_reach_much_by_chance() -> None:
    """A kernel of its own for every study tells nothing, whatever its AUC."""
    cases = [usable(n, label=n % 2 == 0, kernel=f"K{n}") for n in range(20)]
    kernel = of("kernel", telltales(cases))

    assert (kernel.auc, kernel.chance, kernel.p) == (1, 1, 1)
    assert not kernel.is_leak


def test_too_few_studies_of_a_label_tell_nothing() -> None:
    """Seven against seven are not judged."""
    assert telltales([usable(n, label=n % 2 == 0, slices=n) for n in range(14)]) == []
    assert telltales([]) == []


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(30, 40)), min_size=24, max_size=24)
)
def test_the_area_is_the_share_of_pairs_in_the_right_order(
    drawn: list[tuple[bool, int]],
) -> None:
    """Counted pair by pair, ties as halves; and labels dealt out anew reach it."""
    labels = [label for label, _ in drawn]
    slices = {
        label: [s for each, s in drawn if each is label] for label in (True, False)
    }
    if min(map(len, slices.values())) < 8 or len({s for _, s in drawn}) == 1:
        return
    cases = [usable(n, label=label, slices=s) for n, (label, s) in enumerate(drawn)]
    pairs = [
        (one > other) + (one == other) / 2
        for one, other in product(slices[True], slices[False])
    ]
    area = float(np.mean(pairs))

    found = of("number of slices", telltales(cases))

    assert found.auc == pytest.approx(max(area, 1 - area))
    assert 0 < found.p <= 1
    assert found.studies == len(labels)
    assert (found.p < 0.05) >= (found.auc > found.chance)


def test_the_words_of_the_finding_say_what_to_do() -> None:
    """It is kept: a person decides."""
    assert not KINDS["label_leak"].is_fault
    assert "same scanners" in KINDS["label_leak"].advice

"""Folds and test part: every patient in one of them, the classes alike."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.classification.split import split_patients

STRATA = st.dictionaries(
    st.integers(0, 999).map(str), st.sampled_from("abc"), min_size=12, max_size=80
)


@given(STRATA, st.integers(2, 6), st.sampled_from([0.0, 0.2]), st.integers(0, 99))
def test_every_patient_is_in_one_part(
    strata: dict[str, str], folds: int, test_share: float, seed: int
) -> None:
    """None twice, none lost; a fold's training sees neither its own nor the test."""
    split = split_patients(strata, folds, test_share, seed)

    parts = [split.test, *split.folds]
    assert sorted(patient for part in parts for patient in part) == sorted(strata)
    for fold in range(folds):
        seen, held_out = split.trained_on(fold), split.held_out(fold)
        assert not set(seen) & (set(held_out) | set(split.test))
        assert len(seen) + len(held_out) + len(split.test) == len(strata)


@given(STRATA, st.integers(2, 6), st.sampled_from([0.0, 0.2]), st.integers(0, 99))
def test_the_parts_are_alike(
    strata: dict[str, str], folds: int, test_share: float, seed: int
) -> None:
    """Of every stratum two folds differ by one at most, and in all by one."""
    split = split_patients(strata, folds, test_share, seed)

    sizes = [len(part) for part in split.folds]
    assert max(sizes) - min(sizes) <= 1
    for stratum, count in Counter(strata.values()).items():
        shares = [sum(strata[p] == stratum for p in part) for part in split.folds]
        assert max(shares) - min(shares) <= 1
        aside = sum(strata[p] == stratum for p in split.test)
        assert abs(aside - test_share * count) <= 0.5


@given(STRATA, st.integers(0, 99))
def test_the_split_hangs_on_patients_and_seed_alone(
    strata: dict[str, str], seed: int
) -> None:
    """Not on the order in which a disk lists them; another seed is another split."""
    turned = dict(reversed(strata.items()))

    assert split_patients(strata, 3, 0.2, seed) == split_patients(turned, 3, 0.2, seed)


def test_four_folds_and_a_fifth_aside_are_60_20_20() -> None:
    """The split of the original's configuration."""
    split = split_patients({str(n): n % 2 for n in range(100)}, 4, 0.2, 42)

    sizes = (len(split.trained_on(0)), len(split.held_out(0)), len(split.test))
    assert sizes == (60, 20, 20)
    assert split != split_patients({str(n): n % 2 for n in range(100)}, 4, 0.2, 43)


@pytest.mark.parametrize(
    ("patients", "folds", "share"), [(10, 1, 0), (10, 2, 1), (2, 3, 0), (10, 2, -0.1)]
)
def test_a_split_that_cannot_be_is_refused(
    patients: int, folds: int, share: float
) -> None:
    """One line, before hours are spent."""
    with pytest.raises(ValueError, match="folds"):
        split_patients({str(n): 0 for n in range(patients)}, folds, share)

"""Both sides of a person are held out together, once."""

from __future__ import annotations

import pytest

from models.hippocampus.cases.split import split_by_subject
from tests.models.hippocampus.learning.test_dataset import build_case


def test_no_subject_is_in_training_and_held_out() -> None:
    """Every subject is held out in exactly one of five folds."""
    cases = [build_case(number // 2) for number in range(22)]
    held: list[int] = []
    for fold in range(5):
        training, held_out = split_by_subject(cases, fold)
        inside, outside = ({c.subject for c in part} for part in (training, held_out))

        assert not inside & outside
        held += outside

    assert sorted(held) == list(range(11))


def test_a_fold_that_does_not_exist_is_refused() -> None:
    """There are five."""
    with pytest.raises(ValueError, match="fold is 0 to 4"):
        split_by_subject([build_case(1)], 5)

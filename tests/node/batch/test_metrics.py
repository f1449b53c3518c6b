"""How often a model was right, with intervals that are as wide as they must be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from node.batch.entry import Entry
from node.batch.metrics import Z, auc, metrics_of, wilson
from tests.node.batch import results as given
from tests.node.batch.test_tables import answered

shares = st.integers(0, 60)
scores = st.lists(st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.9]), min_size=1, max_size=12)


@for_all(shares, shares)
def test_wilson_lies_around_the_share_and_solves_its_equation(
    hits: int, misses: int
) -> None:
    """At each limit the share is just as far away as chance allows there."""
    found = wilson(hits, hits + misses)
    if found is None:
        assert hits + misses == 0
        return

    assert 0 <= found.low <= found.value <= found.high <= 1
    for limit in (found.low, found.high):
        if 0 < limit < 1:
            chance = Z * np.sqrt(limit * (1 - limit) / (hits + misses))
            assert abs(found.value - limit) == pytest.approx(chance, abs=1e-9)


@for_all(scores, scores)
def test_the_area_is_the_share_of_pairs_in_order(
    positives: list[float], negatives: list[float]
) -> None:
    """Counted pair by pair; equal probabilities count half."""
    pairs = [(p > n) + (p == n) / 2 for p in positives for n in negatives]

    found = auc(positives, negatives)

    assert found is not None
    assert found.value == pytest.approx(np.mean(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_few_studies_told_apart_prove_little() -> None:
    """An area of 1 has a width that shrinks as there are more."""
    few, many = auc([0.9] * 5, [0.1] * 5), auc([0.9] * 100, [0.1] * 100)

    assert few is not None
    assert many is not None
    assert (few.value, few.high) == (1.0, 1.0)
    assert few.low < 0.75 < 0.95 < many.low


def test_the_interval_of_the_area_covers_the_true_area() -> None:
    """Of 400 samples from two known curves, in about 95 of 100."""
    random = np.random.default_rng(0)
    true_area, covered = 0.8555778, 0  # normal curves 1.5 apart: Phi(1.5 / sqrt 2)
    for _ in range(400):
        found = auc(
            random.normal(1.5, 1, 25).tolist(), random.normal(0, 1, 25).tolist()
        )
        covered += found is not None and found.low <= true_area <= found.high

    assert 0.92 < covered / 400 < 0.98


def test_one_class_alone_has_no_area_and_no_share_of_the_other() -> None:
    """Nothing is made of nothing."""
    metrics = metrics_of([answered("a", 0.9, truth=1)])

    assert metrics.auc is None
    assert metrics.specificity is None
    assert metrics.sensitivity is not None


def test_a_failure_is_neither_right_nor_wrong() -> None:
    """It stands apart, by its truth, as does a result whose truth nobody knows."""
    entries: list[Entry] = [
        answered("a", 0.9, truth=1),
        answered("b", 0.2, truth=1),
        answered("c", 0.6, truth=0),
        answered("d", 0.1, truth=0),
        answered("e", 0.1),
        replace(given.failed(), truth=1),
        replace(given.no_study(), truth=0),
        given.not_read(),
    ]

    found = metrics_of(entries)

    assert (found.true_positive, found.false_negative) == (1, 1)
    assert (found.true_negative, found.false_positive) == (1, 1)
    assert (found.failed_positive, found.failed_negative) == (1, 1)
    assert (found.studies, found.without_truth) == (4, 1)
    assert found.auc is not None
    assert found.auc.value == 0.75


def test_a_study_of_several_series_counts_once() -> None:
    """By the most suspicious of them; one that could not be read does not count."""
    calm, suspicious = answered("a", 0.1, truth=1), answered("a", 0.9, truth=1)
    failed = replace(given.failed(), study_instance_uid="of a", truth=1)

    found = metrics_of([calm, suspicious, failed, answered("b", 0.2, truth=0)])

    assert (found.studies, found.true_positive, found.true_negative) == (2, 1, 1)
    assert (found.false_negative, found.failed_positive) == (0, 0)


def test_a_copy_that_is_read_elsewhere_is_no_study_without_a_result() -> None:
    """It counts under the name under which it was read."""
    copy = replace(given.no_study(), detail="zip_duplicate", truth=1)

    found = metrics_of([answered("a", 0.9, truth=1), copy])

    assert (found.true_positive, found.failed_positive) == (1, 0)

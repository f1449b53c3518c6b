"""Flags: each reason is raised by the thing it names, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.contract import SeriesInfo, Volume
from models.hippocampus.findings import (
    Limits,
    flags,
    largest_pieces,
    mean_entropy,
    measure,
    other_hand,
)

LIMITS = Limits((2427, 4358), (0.7, 1.7), 0.12)


def build_labels(anterior: int = 8, posterior: int = 8) -> np.ndarray:
    """Return two blocks of 14 x 14 x n voxels inside a crop: 3136 mm3 in all."""
    labels = np.zeros((36, 50, 35), np.uint8)
    labels[5:19, 10 : 10 + posterior, 10:24] = 2
    labels[5:19, 24 : 24 + anterior, 10:24] = 1
    return labels


def codes(
    labels: np.ndarray,
    spacing_mm: float = 1.0,
    entropy: float = 0.1,
    lost: float = 0.0,
    contrast: str = "",
) -> set[str]:
    """Return the reason codes of the images and the mask."""
    series = SeriesInfo("2.25.1", "2.25.2", "MR", ())
    series = replace(series, tags={"ContrastBolusAgent": contrast})
    affine = np.diag([spacing_mm, 1.0, 1.0, 1.0])
    volume = Volume(np.zeros(labels.shape), affine, "arbitrary", series)
    return {flag.code for flag in flags(labels, volume, LIMITS, entropy, lost)}


def test_an_ordinary_result_has_no_flag() -> None:
    """Otherwise the others would say nothing."""
    assert codes(build_labels()) == set()


@pytest.mark.parametrize(
    ("anterior", "posterior", "spacing_mm", "expected"),
    [
        (5, 5, 1.0, {"outside_training_range"}),
        (3, 3, 1.0, {"outside_training_range", "volume_implausible"}),
        (12, 4, 1.0, {"ratio_outside_training_range"}),
        (8, 8, 1.6, {"thick_slices", "outside_training_range"}),
    ],
)
def test_volumes_outside_a_range_are_named(
    anterior: int, posterior: int, spacing_mm: float, expected: set[str]
) -> None:
    """1960, 1176 and 3136 mm3, and the same voxels 1.6 mm thick."""
    assert codes(build_labels(anterior, posterior), spacing_mm) == expected


def test_each_doubt_has_its_code() -> None:
    """Contrast, entropy, lost pieces and the edge of the images."""
    labels = build_labels()
    assert codes(labels, contrast="GADOVIST") == {"contrast_enhanced"}
    assert codes(labels, entropy=0.2) == {"high_entropy"}
    assert codes(labels, lost=0.1) == {"several_components"}

    labels[:, 10, 10] = 2

    assert codes(labels) == {"touches_border"}


def test_only_the_largest_piece_of_each_class_is_kept() -> None:
    """Specks go, and the share that was lost is known."""
    labels = build_labels()
    speckled = labels.copy()
    speckled[30:32, 40:42, 30:32] = 2

    kept, lost = largest_pieces(speckled)

    assert np.array_equal(kept, labels)
    assert lost == pytest.approx(8 / (14 * 14 * 8 + 8))


def test_entropy_is_that_of_the_foreground() -> None:
    """A certain background does not dilute an uncertain mask."""
    chances = np.zeros((3, 2, 2, 2), np.float32)
    chances[0] = 1
    chances[:, 0, 0, 0] = (0.2, 0.4, 0.4)

    expected = -(0.2 * np.log(0.2) + 0.8 * np.log(0.4))
    assert mean_entropy(chances) == pytest.approx(expected, abs=1e-4)


def test_the_total_is_the_sum_of_the_parts() -> None:
    """In mm3 from the voxel volume, and in mL a thousandth of it."""
    found = {(m.structure, m.unit.value): m.value for m in measure(build_labels(), 0.5)}

    parts = [found[f"{part} hippocampus", "mm3"] for part in ("Anterior", "Posterior")]
    assert found["Hippocampus", "mm3"] == sum(parts) == 14 * 14 * 16 * 0.5
    assert found["Hippocampus", "mL"] == pytest.approx(sum(parts) / 1000)


@pytest.mark.parametrize(("bend", "expected"), [(3, []), (0, []), (-3, ["other_hand"])])
def test_the_hand_shows_in_the_bend(bend: int, expected: list[str]) -> None:
    """Head and tail to the right of the middle: a left hippocampus."""
    labels = np.zeros((36, 50, 35), np.uint8)
    for h in range(5, 45):
        w = 15 + (bend if not 18 <= h < 32 else 0)
        labels[10:16, h, w : w + 6] = 1

    assert [flag.code for flag in other_hand(labels)] == expected


def test_of_nothing_there_is_no_hand() -> None:
    """An empty mask has other flags."""
    assert list(other_hand(np.zeros((4, 4, 4), np.uint8))) == []


def test_without_a_held_out_case_no_entropy_is_too_high() -> None:
    """A bundle that was trained on every case knows no limit until folds are judged."""
    limits = Limits.of({"total_mm3": [2427, 4358], "anterior_to_posterior": [0.7, 1.7]})

    assert limits == replace(LIMITS, entropy=float("inf"))

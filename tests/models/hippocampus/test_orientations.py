"""The same voxels, stored in each of the 48 axis orders and directions, read alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.contract import Context, LabelMap, SeriesInfo, Volume
from models.hippocampus.model import HippocampusModel, build
from models.hippocampus.phantom_image import SHAPE, phantom

HEAD_FRONT_RIGHT = np.array(
    [[0.0, 0, -1, 12], [0, -1, 0, 34], [1, 0, 0, -56], [0, 0, 0, 1]]
)
"""Affine of the phantom: d, h and w grow to head, front and right."""

ORDERS = list(permutations(range(3)))
FLIPS = list(product((1, -1), repeat=3))
ALL = list(product(ORDERS, FLIPS))
DOZEN = ALL[::4]
"""Each axis order with two flips: handedness and direction change with both."""


@pytest.fixture(scope="module")
def model() -> HippocampusModel:
    """Build the shipped model."""
    return build()


def stored(
    image: npt.NDArray[Any],
    affine: npt.NDArray[np.float64],
    order: tuple[int, ...],
    flips: tuple[int, ...],
) -> Volume:
    """Return the image with its axes in another order and direction, in memory too."""
    turned = image.transpose(order)[steps(flips)].copy()
    told = affine[:, [*order, 3]]
    for axis, flip in enumerate(flips):
        if flip < 0:
            told[:3, 3] += told[:3, axis] * (turned.shape[axis] - 1)
            told[:3, axis] *= -1
    return Volume(turned, told, "arbitrary", SeriesInfo("2.25.1", "2.25.2", "MR", ()))


def steps(flips: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the slices that turn an array round."""
    return tuple(slice(None, None, flip) for flip in flips)


def brought_back(
    labels: LabelMap, order: tuple[int, ...], flips: tuple[int, ...]
) -> LabelMap:
    """Return a label map of ``stored`` on the axes of the image."""
    return labels[steps(flips)].transpose(np.argsort(order))


def label_maps(
    model: HippocampusModel,
    affine: npt.NDArray[np.float64],
    ways: list[tuple[tuple[int, ...], tuple[int, ...]]],
    image: npt.NDArray[Any],
) -> Iterator[LabelMap]:
    """Predict in each way of storing, and bring the answer back to one frame."""
    for order, flips in ways:
        volume = stored(image, affine, order, flips)
        labels = model.predict(volume, Context(precision="fp32")).label_map
        yield brought_back(labels, order, flips)


def test_all_48_give_one_label_map(model: HippocampusModel) -> None:
    """To the voxel, and it holds a hippocampus of two parts."""
    first, *others = label_maps(model, HEAD_FRONT_RIGHT, ALL, phantom(2)[0])

    assert len(others) == 47
    assert all(np.array_equal(labels, first) for labels in others)
    assert np.bincount(first.ravel()).min() > 500


def test_resampling_does_not_depend_on_how_axes_are_stored(
    model: HippocampusModel,
) -> None:
    """A dozen of them in 1.3 x 0.8 x 0.9 mm, turned by some degrees about x and z."""
    affine = HEAD_FRONT_RIGHT.copy()
    affine[:3, :3] = oblique() @ affine[:3, :3] * (1.3, 0.8, 0.9)
    first, *others = label_maps(model, affine, DOZEN, phantom(3)[0])

    assert all(np.array_equal(labels, first) for labels in others)
    assert first.any()


def test_equal_pieces_are_chosen_alike(
    model: HippocampusModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two pieces of one size, the same one is kept in all 48."""
    chances = np.zeros((3, *SHAPE), np.float32)
    chances[0] = 0.5
    chances[1, 4:9, 5:12, 6:10] = chances[1, 20:25, 5:12, 20:24] = 1.0
    monkeypatch.setattr(
        "models.hippocampus.model.probabilities", lambda *_, **__: chances
    )

    first, *others = label_maps(model, HEAD_FRONT_RIGHT, ALL, phantom(0)[0])

    assert (first == 1).sum() == 5 * 7 * 4
    assert all(np.array_equal(labels, first) for labels in others)


def oblique() -> npt.NDArray[np.float64]:
    """Return a rotation by 7 degrees about x, then by 4 about z."""
    x, z = np.radians([7.0, 4.0])
    about_x = [
        [1.0, 0.0, 0.0],
        [0.0, np.cos(x), -np.sin(x)],
        [0.0, np.sin(x), np.cos(x)],
    ]
    about_z = [
        [np.cos(z), -np.sin(z), 0.0],
        [np.sin(z), np.cos(z), 0.0],
        [0.0, 0.0, 1.0],
    ]
    return np.array(about_z) @ np.array(about_x)

"""What a slice is called, and which one shows a place best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.contract import Volume
from models.evidence import HeatMap, Location
from node.report.slices import best_slice, image_name, images
from tests.node.report.classified import classified_case
from tests.node.report.inputs import Case


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def numbered(volume: Volume, numbers: list[int | None]) -> Volume:
    """Return a volume whose images have these numbers."""
    instances = tuple(
        replace(instance, instance_number=number)
        for instance, number in zip(volume.series.instances, numbers, strict=True)
    )
    return replace(volume, series=replace(volume.series, instances=instances))


def test_an_image_is_called_as_the_viewer_calls_it(chest: Case) -> None:
    """By Instance Number, which may count against the slice order."""
    depth = chest.volume.shape[0]
    location = Location("Nodule", (2, 0, 0), (5, 1, 1), 0.5)
    turned = numbered(chest.volume, list(range(depth, 0, -1)))

    assert image_name(turned, 2) == f"image {depth - 2}"
    assert images(turned, location) == f"images {depth - 5} to {depth - 2}"


@pytest.mark.parametrize("odd", [None, 1])
def test_numbers_that_do_not_tell_images_apart_are_not_used(
    chest: Case, odd: int | None
) -> None:
    """One without a number, or two with one: the slice order counts."""
    numbers: list[int | None] = list(range(1, chest.volume.shape[0] + 1))
    numbers[7] = odd

    assert image_name(numbered(chest.volume, numbers), 7) == "slice 8"


def test_heat_chooses_the_slice_of_a_box_without_a_mask(chest: Case) -> None:
    """The hottest slice inside the box, not the middle one."""
    volume = chest.volume
    hot = np.zeros(volume.shape, np.float32)
    hot[8, 35, 45] = 1.0
    heat = HeatMap(hot, volume.affine.copy(), "made up")
    findings = replace(chest.findings, heat_map=heat)

    assert best_slice(volume, findings, findings.locations[1]) == 8

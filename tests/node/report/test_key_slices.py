"""Which slices are shown, and that everything on them lies where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.contract import Findings, Volume
from models.evidence import HeatMap, Location
from node.report.compose import page_of
from node.report.heat import heat_at
from node.report.key_slices import key_slices
from node.report.marked import Framed, Marked
from node.report.overview import overview
from node.report.pictures import Plane
from node.report.places import places
from node.report.slices import MOST, best_slice
from tests.node.report.classified import below, classified_case, without_masks
from tests.node.report.inputs import Case


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def shown(chest: Case, findings: Findings) -> list[tuple[int, list[int]]]:
    """Return index and numbers of the places of each key slice."""
    volume = chest.volume
    keys = key_slices(volume, findings, places(volume, findings))
    return [(key.index, [place.number for place in key.places]) for key in keys]


def test_each_place_has_its_slice(chest: Case) -> None:
    """Where most of its mask lies; the middle of a box without one."""
    counts = (chest.findings.label_map == 3).sum(axis=(1, 2))

    (nodule, first), (effusion, second) = shown(chest, chest.findings)
    assert counts[nodule] == counts.max()
    assert effusion == 6
    assert (first, second) == ([1], [2])


def test_heat_chooses_the_slice_of_a_box_without_a_mask(chest: Case) -> None:
    """The hottest slice inside the box, not the middle one."""
    volume = chest.volume
    hot = np.zeros(volume.shape, np.float32)
    hot[8, 35, 45] = 1.0
    heat = HeatMap(hot, volume.affine.copy(), "made up")
    findings = replace(chest.findings, heat_map=heat)

    assert best_slice(volume, findings, findings.locations[1]) == 8


def test_places_of_one_slice_share_a_picture(chest: Case) -> None:
    """Each picture is shown once, with both names."""
    first = chest.findings.locations[0]
    twice = (first, replace(first, score=0.2))
    findings = replace(chest.findings, locations=twice)

    assert [numbers for _, numbers in shown(chest, findings)] == [[1, 2]]


def test_no_more_slices_than_a_page_holds(chest: Case) -> None:
    """The most dangerous first."""
    many = tuple(
        Location("Pleural effusion", (d, 4, 4), (d, 6, 6), 0.5) for d in range(12)
    )
    findings = replace(chest.findings, locations=many, heat_map=None)

    assert [index for index, _ in shown(chest, findings)] == list(range(MOST))


def test_without_a_place_slices_from_the_head_show_what_was_read(chest: Case) -> None:
    """Spread evenly; this series is stored from the feet up."""
    indices = [index for index, _ in shown(chest, below(chest.findings))]

    assert len(indices) == MOST
    assert indices == sorted(indices, reverse=True)


def test_a_series_of_few_slices_is_shown_once(chest: Case) -> None:
    """No picture twice."""
    volume = chest.volume
    few = replace(
        volume,
        array=volume.array[:3].copy(),
        series=replace(volume.series, instances=volume.series.instances[:3]),
    )
    findings = below(chest.findings)
    findings = replace(findings, label_map=findings.label_map[:3].copy())

    assert len(key_slices(few, findings, ())) <= 3


def test_a_box_frames_its_voxels(chest: Case) -> None:
    """On the slice and from the front, cut and turned as the pictures are."""
    volume, findings = chest.volume, chest.findings
    found = places(volume, findings)
    keys = key_slices(volume, findings, found)
    front = overview(volume, findings, found, keys)

    for marked in (keys[0].picture, front.picture):
        rows, columns = (marked.plane.labels == 3).nonzero()
        left, top, right, bottom = marked.boxes[0].box
        assert left <= columns.min()
        assert columns.max() + 1 <= right
        assert top <= rows.min()
        assert rows.max() + 1 <= bottom


@pytest.mark.parametrize("turned", ["as stored", "head first", "left to right"])
def test_levels_and_boxes_follow_a_turned_volume(chest: Case, turned: str) -> None:
    """Whatever the order of slices and columns, the picture is the same."""
    axis = {"as stored": None, "head first": 0, "left to right": 2}[turned]
    volume, findings = flipped(chest, axis)
    found = places(volume, findings)
    keys = key_slices(volume, findings, found)
    here = overview(volume, findings, found, keys)
    plain = chest.volume, chest.findings
    before = places(*plain)
    there = overview(*plain, before, key_slices(*plain, before))

    assert np.array_equal(here.picture.plane.labels, there.picture.plane.labels)
    assert [b.box for b in here.picture.boxes] == [b.box for b in there.picture.boxes]
    assert here.levels[0] == pytest.approx(there.levels[0], abs=0.1)
    assert here.picture.heat is not None
    assert there.picture.heat is not None
    assert np.allclose(here.picture.heat, there.picture.heat, atol=1e-5)


def flipped(chest: Case, axis: int | None) -> tuple[Volume, Findings]:
    """Return the same patient with one axis of the array turned round."""
    volume, findings = chest.volume, chest.findings
    if axis is None:
        return volume, findings
    last = volume.shape[axis] - 1
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, axis] * last
    affine[:3, axis] *= -1

    def turn(corner: tuple[int, int, int]) -> list[int]:
        return [last - n if a == axis else n for a, n in enumerate(corner)]

    boxes = []
    for location in findings.locations:
        ends = np.sort([turn(location.first), turn(location.last)], axis=0).tolist()
        boxes.append(replace(location, first=tuple(ends[0]), last=tuple(ends[1])))
    return (
        replace(volume, array=np.flip(volume.array, axis).copy(), affine=affine),
        replace(
            findings,
            label_map=np.flip(findings.label_map, axis).copy(),
            locations=tuple(boxes),
        ),
    )


def test_heat_lies_where_the_map_says(chest: Case) -> None:
    """At its own voxels exactly, half way between them by half, nothing outside."""
    volume = chest.volume
    array = np.zeros((6, 12, 16), np.float32)
    array[3, 6, 8] = 1.0
    heat = HeatMap(array, volume.affine @ np.diag([4.0, 4.0, 4.0, 1.0]), "made up")
    d, h, w = np.ogrid[: volume.shape[0], : volume.shape[1], : volume.shape[2]]
    found = heat_at(volume, heat, (d, h, w))

    assert found is not None
    assert np.argwhere(found == found.max()).tolist() == [[12, 24, 32]]
    assert found[12, 24, 34] == pytest.approx(0.5)
    assert found[0].max() == 0


def test_heat_colours_and_keeps_the_anatomy() -> None:
    """Cold pixels stay as they are; hot ones are still seen through."""
    plane = Plane("", np.zeros((4, 4), np.float32), EMPTY, (1.0, 1.0), ("",) * 4)
    heat = np.zeros((4, 4), np.float32)
    heat[:, 2:] = 1.0
    picture = np.asarray(Marked(plane, heat, ()).draw((), 16.0, (-1.0, 1.0)))

    assert (picture[:, :16] == 127).all()
    assert picture[32, 56, 0] > 150 > picture[32, 56, 2]


EMPTY = np.zeros((4, 4), np.uint8)


def test_a_frame_at_the_edge_stays_in_the_picture() -> None:
    """All four sides of it are drawn."""
    plane = Plane("", np.zeros((4, 4), np.float32), EMPTY, (1.0, 1.0), ("",) * 4)
    box = Framed(1, (0, 0, 4, 4), (255, 0, 0))
    picture: Any = np.asarray(
        Marked(plane, None, (box,)).draw((), 16.0, (-1.0, 1.0)), np.int16
    )
    red = picture[..., 0] - picture[..., 1]

    assert min(red[0].max(), red[-1].max(), red[:, 0].max(), red[:, -1].max()) > 100


def test_a_page_without_a_mask_can_be_drawn(chest: Case) -> None:
    """Boxes alone, on whole slices."""
    findings = without_masks(chest.findings)
    page = page_of(replace(chest, findings=findings).prepare())

    assert "1 Nodule" in page.written

"""Where something was found, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.evidence import Location
from node.report.places import places, size, words
from tests.node.report.classified import classified_case
from tests.node.report.inputs import Case


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest: the right lung in the first columns."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def side_of(chest: Case, first: tuple[int, int, int], last_column: int) -> str:
    """Return how the words on a nodule in one row of one slice begin."""
    box = Location("Nodule", first, (first[0], first[1], last_column), 0.5)
    (place,) = places(chest.volume, replace(chest.findings, locations=(box,)))
    return place.where.partition(", ")[0]


def test_the_side_is_that_of_the_lung_around_it(chest: Case) -> None:
    """Right, left, both; none where no lung is near."""
    labels = chest.findings.label_map
    row, wide = labels.shape[1] // 2, labels.shape[2]

    assert side_of(chest, (12, row, 12), 16) == "right"
    assert side_of(chest, (12, row, wide - 16), wide - 12) == "left"
    assert side_of(chest, (12, row, 12), wide - 12) == "both sides"
    assert side_of(chest, (0, 0, 0), 2).startswith("image")


def test_a_side_that_is_not_proven_is_not_told(chest: Case) -> None:
    """Structures without laterality say nothing of sides."""
    structures = tuple(replace(s, laterality=None) for s in chest.findings.structures)
    findings = replace(chest.findings, structures=structures)
    told = places(chest.volume, findings)

    assert not any(
        side in place.where for place in told for side in ("right", "left", "both")
    )
    assert {place.side for place in told} == {None}


def test_sizes_are_whole_voxels_in_millimetres(chest: Case) -> None:
    """One voxel is as large as a voxel: rows, columns, slices."""
    d, h, w = chest.volume.spacing_mm
    location = Location("Nodule", (3, 4, 5), (4, 4, 7), 0.5)

    assert size(chest.volume, location) == f"{3 * w:.0f} × {h:.0f} × {2 * d:.0f} mm"  # noqa: RUF001 - as printed


def test_coordinates_are_told_only_where_they_are_real(chest: Case) -> None:
    """Invented positions give no millimetres in the patient."""
    told = places(chest.volume, chest.findings)
    nominal = places(chest.volume, chest.findings, nominal=True)

    assert all(any("LPS" in word for word in words(place)) for place in told)
    assert not any("LPS" in word for place in nominal for word in words(place))


def test_a_place_keeps_its_number(chest: Case) -> None:
    """The order of the findings: the most dangerous first."""
    names = [place.name for place in places(chest.volume, chest.findings)]

    assert names == ["Nodule 1", "Pleural effusion 2"]

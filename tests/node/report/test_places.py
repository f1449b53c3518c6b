"""Where something was found, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.evidence import Location
from models.terms import Code
from node.report.places import places, size, words
from tests.node.report.classified import LEFT, RIGHT, classified_case
from tests.node.report.inputs import Case


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest: the right lung in the first columns."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


@pytest.mark.parametrize(
    ("sides", "said", "coded"),
    [
        ((RIGHT,), "right", RIGHT),
        ((LEFT,), "left", LEFT),
        ((RIGHT, LEFT), "both sides", None),
        ((), "image", None),
    ],
)
def test_the_side_is_the_one_that_the_model_proved(
    chest: Case, sides: tuple[Code, ...], said: str, coded: Code | None
) -> None:
    """Both lungs have no coded side; what is not proven is not told."""
    box = Location("Nodule", (12, 20, 12), (12, 20, 16), 0.5, sides=sides)
    (place,) = places(chest.volume, replace(chest.findings, locations=(box,)))

    assert place.where.startswith(said)
    assert place.side == coded


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

"""Lesions in real lungs: which region is told from which."""

from __future__ import annotations

import numpy as np
import pytest

from models.chest_ct.preprocess import View
from models.chest_ct.readers import Readers
from models.chest_ct.simulator.backgrounds import Background
from models.chest_ct.simulator.regions import Treatment, draw_regions
from models.chest_ct.validation.regions import (
    CENTRE_MM,
    Said,
    as_lung,
    centred,
    figures,
    middle,
    say,
)
from models.volume.bundle import load_bundle
from tests.models.chest_ct.learning.assembly.made import Assembled

SPACING_MM = (2.0, 0.8, 0.8)
VIEW = View(
    spacing_mm=(2.5, 1.75, 1.75),
    fwhm_mm=(4, 3, 3),
    margin_mm=0,
    windows_hu=((-1000, 200),),
    field=(32, 32, 32),
)


@pytest.fixture(scope="module", name="background")
def background_fixture() -> Background:
    """Return a lung of plain noise, everywhere deep."""
    rng = np.random.default_rng(0)
    hu = rng.normal(-850, 30, (60, 120, 120)).astype(np.float32)
    room = np.zeros(hu.shape, np.float32)
    room[20:-20, 40:-40, 40:-40] = 20
    return Background("B30f", "somebody", hu, SPACING_MM, room)


def said(treatment: Treatment, chance: float, patient: str, mm: float = 8.0) -> Said:
    """Return what was said of a region."""
    return Said(treatment, f"{patient} B30f", patient, mm, chance, 0.1)


def test_a_lesion_lies_in_the_middle_of_what_is_read(background: Background) -> None:
    """On the voxels of the series, and on the grid of the network."""
    lesion = draw_regions(background, 1, 4)[0]
    assert lesion.treatment is Treatment.LESION
    volume = centred(lesion)
    seen = as_lung(volume, VIEW)

    for array, affine in ((volume.array, volume.affine), (seen.hu, seen.affine)):
        near = middle(array.shape, affine)
        points = np.argwhere(near) @ affine[:3, :3].T + affine[:3, 3]
        assert np.abs(points.mean(axis=0)).max() < 0.5
        assert np.linalg.norm(points, axis=1).max() <= CENTRE_MM
    assert lesion.truth[middle(lesion.truth.shape, volume.affine)].any()
    assert seen.lungs.all()


def test_a_region_is_read_by_the_networks_of_a_bundle(
    background: Background, assembled: Assembled
) -> None:
    """A chance from 0 to 1, beside the plain density."""
    readers = Readers.of(load_bundle(assembled.bundle))

    lesion, untouched, _ = (say(e, readers) for e in draw_regions(background, 1, 4))

    assert 0 < lesion.chance < 1
    assert lesion.density > untouched.density
    assert untouched.density == pytest.approx(0.075, abs=0.005)


def test_each_treatment_is_told_from_each_other_one() -> None:
    """Counted by hand: lesions are seen, and half of the shams as well."""
    regions = [
        said(Treatment.LESION, 0.9, "a"),
        said(Treatment.LESION, 0.8, "b"),
        said(Treatment.SHAM, 0.85, "a"),
        said(Treatment.SHAM, 0.1, "b"),
        said(Treatment.UNTOUCHED, 0.1, "a", 0.0),
        said(Treatment.UNTOUCHED, 0.1, "b", 0.0),
    ]

    found = figures(regions)
    areas = {each["name"]: each["auc"]["value"] for each in found["all"]}

    assert areas == {
        "lesion from untouched": 1.0,
        "lesion from sham": 0.75,
        "sham from untouched": 0.75,
    }
    assert [each["name"] for each in found["by_background"]] == ["a B30f", "b B30f"]
    assert found["by_background"][1]["auc"] == {"value": 1.0, "low": None, "high": None}
    assert [each["first"] for each in found["by_diameter"]] == [0, 2, 0]
    assert found["by_diameter"][0]["auc"] is None
    assert found["patients"] == 2

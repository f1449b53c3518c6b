"""Lesions in real lungs: which region is told from which."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.chest_ct.kinds import Kind
from models.chest_ct.preprocess import View
from models.chest_ct.readers import Readers
from models.chest_ct.simulator.backgrounds import Background
from models.chest_ct.simulator.regions import LOOKS, Treatment, draw_regions
from models.chest_ct.validation.regions import (
    CENTRE_MM,
    DIAMETERS_MM,
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


def said(
    treatment: Treatment,
    chance: float,
    patient: str,
    mm: float = 8.0,
    kind: Kind = Kind.NODULE,
) -> Said:
    """Return what was said of a region."""
    return Said(treatment, kind, f"{patient} B30f", patient, mm, chance, 0.1)


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

    regions = draw_regions(background, 1, 4)[:3]
    lesion, untouched, _ = (say(each, readers) for each in regions)

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
    backgrounds = {each["name"]: each["auc"] for each in found["by_background"]}
    assert list(backgrounds) == [
        f"{kind}, {name} B30f"
        for name in "ab"
        for kind in ("nodule", "consolidation", "ground-glass")
    ]
    assert backgrounds["nodule, b B30f"] == {"value": 1.0, "low": None, "high": None}
    assert backgrounds["consolidation, b B30f"] is None
    assert [each["first"] for each in found["by_diameter"][:4]] == [2, 0, 2, 0]
    assert found["by_diameter"][1]["auc"] is None
    assert found["patients"] == 2


def test_kinds_are_told_apart_by_row() -> None:
    """A sham is held against lesions of its own kind, and of its own size."""
    regions = [
        said(Treatment.LESION, 0.9, "a"),
        said(Treatment.SHAM, 0.1, "a"),
        said(Treatment.LESION, 0.2, "a", 20.0, Kind.CONSOLIDATION),
        said(Treatment.SHAM, 0.8, "b", 20.0, Kind.CONSOLIDATION),
        said(Treatment.SHAM, 0.8, "b", 30.0, Kind.CONSOLIDATION),
        said(Treatment.UNTOUCHED, 0.8, "b", 0.0, Kind.CONSOLIDATION),
    ]

    found = figures(regions)
    kinds = {each["name"]: each["auc"] for each in found["by_kind"]}
    sizes = {each["name"]: each for each in found["by_diameter"]}

    assert len(kinds) == 9
    assert kinds["nodule, lesion from sham"]["value"] == 1.0
    assert kinds["consolidation, lesion from sham"]["value"] == 0.0
    assert kinds["consolidation, sham from untouched"]["value"] == 0.5
    assert kinds["ground-glass, lesion from sham"] is None
    assert sizes["consolidation, 14 to 22 mm"]["second"] == 1
    assert sizes["consolidation, 8 to 35 mm"]["second"] == 2


def test_every_size_that_is_drawn_has_one_row_beside_that_of_all() -> None:
    """The parts of a kind follow one another from its smallest to its largest."""
    assert DIAMETERS_MM.keys() == LOOKS.keys()
    for kind, (whole, *parts) in DIAMETERS_MM.items():
        assert whole == LOOKS[kind].diameters_mm == (parts[0][0], parts[-1][1])
        assert all(a[1] == b[0] for a, b in pairwise(parts))

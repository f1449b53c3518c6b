"""The lungs of a chest, found with the disease in them."""

from __future__ import annotations

import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from models.chest_ct.cases.simulated import DATA
from models.chest_ct.validation.evaluation.real import real_volumes
from models.chest_ct.validation.lungs import dice, given_lungs
from models.chest_ct.validation.pasted import pasted
from models.contract import Volume
from models.volume.lungs import LEFT_LUNG, RIGHT_LUNG, Lungs, find_lungs
from models.volume.lungs.find import NO_LUNGS
from models.volume.series import load_volume, read_study
from tests.models.volume.lungs.made import array, ball, chest, lung, study


def codes(lungs: Lungs) -> list[str]:
    """Return the codes of the flags."""
    return [flag.code for flag in lungs.flags]


def share_inside(mask: npt.NDArray[np.bool_], lungs: Lungs) -> float:
    """Return how much of a mask lies in the lungs."""
    return float((lungs.labels[mask] > 0).mean())


def test_both_lungs_are_found_on_their_sides() -> None:
    """Right is where LPS x is smaller; vessels are inside, and no flag is raised."""
    found = find_lungs(chest())

    assert codes(found) == []
    assert dice(found.labels == RIGHT_LUNG, lung(1)) > 0.95
    assert dice(found.labels == LEFT_LUNG, lung(2)) > 0.95


def test_the_windpipe_is_outside() -> None:
    """Trachea and main bronchi are no lung although they are full of air."""
    upper = study().airways.copy()
    upper[: np.argwhere(upper)[:, 0].mean().astype(int)] = False  # above the fork

    assert not share_inside(upper, find_lungs(chest()))


@pytest.mark.parametrize("flip", [(0,), (1,), (2,), (0, 2)])
def test_the_way_a_series_is_stored_changes_nothing(flip: tuple[int, ...]) -> None:
    """Slices from head to feet or rows from left to right are the same lungs."""
    affine = study().volume.affine.copy()
    for axis in flip:
        affine[:3, 3] += affine[:3, axis] * (array().shape[axis] - 1)
        affine[:3, axis] *= -1
    stored = np.ascontiguousarray(np.flip(array(), flip))

    found = np.flip(find_lungs(chest(stored, affine)).labels, flip)

    assert np.array_equal(found, find_lungs(chest()).labels)


KINDS = ("nodule", "consolidation", "fluid", "lower lobe")

LEAST = 0.95
"""What is kept on average of what is pasted into this chest."""

LEAST_OF_EACH = 0.5


@pytest.fixture(scope="module", name="kept")
def kept_fixture() -> dict[str, list[float]]:
    """Return the shares of dense disease at the surface that stay inside, by kind."""
    kept: dict[str, list[float]] = {}
    for ill in pasted(chest(), lung(1) | lung(2), 4, seed=1):
        kept.setdefault(ill.kind, []).append(
            share_inside(ill.disease, find_lungs(ill.volume))
        )
    return kept


@pytest.mark.parametrize("kind", KINDS)
def test_dense_disease_at_the_surface_stays_inside(
    kept: dict[str, list[float]], kind: str
) -> None:
    """It fills the lung up to its surface: nothing in it tells it from the wall."""
    assert np.mean(kept[kind]) >= LEAST, kept[kind]
    assert min(kept[kind]) > LEAST_OF_EACH, kept[kind]


def test_gas_of_the_bowel_is_no_lung() -> None:
    """A large pocket of plain gas below the lungs stays out."""
    depth = np.argwhere(lung(2))[:, 0].min()
    row, column = np.argwhere(lung(2)).mean(axis=0)[1:]
    gas = ball((depth - 2, row, column), 25.0) & ~lung(2)
    gas[depth + 4 :] = False
    changed = array()
    changed[gas] = -1000

    assert gas.sum() > 500
    assert share_inside(gas, find_lungs(chest(changed))) < 0.02


def test_a_white_lung_is_completed_and_flagged() -> None:
    """Where one side holds no air, much of it follows from the other. It is said."""
    changed = array()
    changed[lung(2)] = 30

    found = find_lungs(chest(changed))

    assert codes(found) == ["one_lung"]
    assert dice(found.labels == RIGHT_LUNG, lung(1)) > 0.95
    assert dice(found.labels == LEFT_LUNG, lung(2)) > 0.9


@pytest.mark.parametrize(
    "odd",
    [
        np.zeros((1, 1, 1), np.float32),
        np.full((3, 40, 40), -1000, np.float32),
        np.full((3, 40, 40), np.nan, np.float32),
        np.random.default_rng(0).normal(-500, 600, (9, 30, 31)).astype(np.float32),
    ],
)
def test_odd_pixels_give_no_lungs_and_a_flag(odd: npt.NDArray[np.float32]) -> None:
    """Nothing in the pixels makes it raise; the labels are empty and the box too."""
    found = find_lungs(chest(odd))

    assert codes(found) == ["no_lungs"]
    assert not found.labels.any()
    assert found.labels[found.box()].size == 0


@pytest.mark.parametrize("slices", [1, 3, 4, 9])
def test_a_slab_of_the_chest_has_its_lungs(slices: int) -> None:
    """However thin it is: then the wall is too short to bend along the body."""
    middle = len(study().lungs) // 2
    slab = slice(middle, middle + slices)
    whole = chest()
    affine = whole.affine.copy()
    affine[:3, 0] /= 1.5
    thin = Volume(whole.array[slab], affine, "HU", whole.series)

    found = find_lungs(thin)

    truth = study().lungs[slab] > 0
    assert slices == 1 or dice(found.labels > 0, truth) > 0.9
    assert (NO_LUNGS in found.flags) == (slices == 1)


def test_values_that_are_no_hounsfield_units_are_not_searched() -> None:
    """An MR has no lungs, whatever its numbers are."""
    found = find_lungs(chest(units="arbitrary"))

    assert codes(found) == ["not_hounsfield"]


def test_the_air_lies_in_the_lungs() -> None:
    """What is aerated is part of the labels, and what is dense in them is not."""
    found = find_lungs(chest())

    assert not (found.aerated & (found.labels == 0)).any()
    assert array()[found.aerated].max() < -500


def test_the_box_holds_both_lungs_with_a_margin() -> None:
    """The margin widens the box on every side and stops at the edge."""
    found = find_lungs(chest())
    tight, wide = found.box(), found.box(margin_voxels=3)

    assert (found.labels > 0).sum() == (found.labels[tight] > 0).sum()
    assert wide[1] == slice(tight[1].start - 3, tight[1].stop + 3)
    assert found.box(margin_voxels=500)[0].start == 0


@pytest.mark.data
def test_a_real_lung_agrees_with_its_given_mask(shared_data: Path) -> None:
    """The Dice with the mask that comes with the data is at least 0.95."""
    found = find_lungs(real_chest(shared_data))

    assert dice(found.labels > 0, given_lungs(shared_data)) >= 0.95


def real_chest(shared_data: Path) -> Volume:
    """Return the small real chest."""
    paths = sorted((shared_data / "chest_ct" / "cip_ct64" / "ct-64Dicom").iterdir())
    return load_volume(read_study(paths).series[0])


@pytest.mark.data
def test_a_real_nodule_at_the_pleura_is_inside(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of LIDC-IDRI-0001, as each of its readers outlined it: 95 % at least."""
    monkeypatch.setenv(DATA, str(shared_data))
    folder = shared_data / "chest_ct" / "lidc"
    ((_, volume),) = real_volumes("LIDC-IDRI-0001")
    found = find_lungs(volume)
    shares = [
        share_inside(outlined(outlines, volume), found)
        for outlines in outlines_of_readers(folder / "LIDC-IDRI-0001.xml")
    ]

    assert len(shares) == 4
    assert min(shares) >= 0.95


Outlines = list[tuple[float, list[tuple[float, float]]]]
"""Height of a slice, and places ``(column, row)``."""


SPACE = {"n": "http://www.nih.gov"}


def outlines_of_readers(path: Path) -> list[Outlines]:
    """Return the outlines of the largest nodule of each reading session."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - the project's data
    return [
        max(map(_outlines, session.findall("n:unblindedReadNodule", SPACE)), key=len)
        for session in root.findall("n:readingSession", SPACE)
    ]


def _outlines(nodule: ElementTree.Element) -> Outlines:
    return [
        (
            _number(roi, "imageZposition"),
            [
                (_number(edge, "xCoord"), _number(edge, "yCoord"))
                for edge in roi.findall("n:edgeMap", SPACE)
            ],
        )
        for roi in nodule.findall("n:roi", SPACE)
    ]


def _number(parent: ElementTree.Element, name: str) -> float:
    return float(parent.findtext(f"n:{name}", "", SPACE))


def outlined(outlines: Outlines, volume: Volume) -> npt.NDArray[np.bool_]:
    """Return the voxels within outlines."""
    mask = np.zeros(volume.shape, bool)
    for height, places in outlines:
        level = round((height - volume.affine[2, 3]) / volume.affine[2, 0])
        picture = Image.new("1", (volume.shape[2], volume.shape[1]))
        ImageDraw.Draw(picture).polygon(places, fill=1)
        mask[level] |= np.array(picture)
    return mask


@pytest.mark.data
def test_finding_lungs_is_quick(shared_data: Path) -> None:
    """A small real chest takes well under a second of processor time."""
    volume = real_chest(shared_data)
    began = time.process_time()

    find_lungs(volume)

    assert time.process_time() - began < 2

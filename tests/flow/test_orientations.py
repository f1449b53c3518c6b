"""From DICOM series in all 48 orientations to a Segmentation in the right place.

Image orientation and slice order together store a volume in each of the 48 axis
orders and directions, of either handedness. A whole job reads each of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread

from node.jobs.job import Reported
from tests.dicom_series import write_series
from tests.flow import thresholds
from tests.flow.blocks import (
    ORIENTATIONS,
    Phantom,
    Placed,
    assert_exact,
    assert_frames_lie_on_their_sources,
    blocks,
    centroid_error,
    rotation,
    volumes_mm3,
)

STRAIGHT = blocks((2.5, 0.7, 1.25))
OBLIQUE = blocks((2.5, 0.7, 1.25), rotation(21.0, -13.0, 34.0))
HALF_A_VOXEL = 0.5

Way = tuple[tuple[int, ...], tuple[int, ...]]


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the model that reads blocks."""
    thresholds.register(monkeypatch)


def name_of(way: Way) -> str:
    """Return which old axes an array has, such as ``+0-2+1``."""
    return "".join(f"{flip:+d}"[0] + str(axis) for axis, flip in zip(*way, strict=True))


@pytest.mark.parametrize("way", ORIENTATIONS, ids=name_of)
def test_the_segmentation_lies_where_the_blocks_lie(tmp_path: Path, way: Way) -> None:
    """Of a volume that is turned in space, in all 48 axis orders and directions."""
    assert_read_in_place(OBLIQUE, way, tmp_path)


@pytest.mark.parametrize("way", ORIENTATIONS[::13], ids=name_of)
def test_the_same_holds_along_the_patients_axes(tmp_path: Path, way: Way) -> None:
    """Of an upright volume too, in some of them."""
    assert_read_in_place(STRAIGHT, way, tmp_path)


def assert_read_in_place(phantom: Phantom, way: Way, tmp_path: Path) -> None:
    """Check centroids, voxels, volumes, and each frame on the image that it names."""
    stored = phantom.stored(*way)
    files = write_series(
        tmp_path / "series",
        stored.array,
        stored.affine,
        description=thresholds.DESCRIPTION,
        shuffle_names=True,
    )

    outcome = thresholds.read_by_thresholds(files, tmp_path)

    assert isinstance(outcome, Reported), outcome
    found = Placed.read(outcome.objects[0].path)
    error = centroid_error(phantom, found)
    print(f"centroid {error:.1e} voxels from truth")  # noqa: T201 - shown by pytest -rP
    assert error < HALF_A_VOXEL
    assert_exact(phantom, found)
    sources = {ds.SOPInstanceUID: ds for ds in map(dcmread, files)}
    assert_frames_lie_on_their_sources(found, sources)
    for name, volume in volumes_mm3(phantom).items():
        assert outcome.summary[f"{name} volume"] == f"{volume:.2f} mm3"


def test_a_wrong_side_would_be_seen() -> None:
    """No orientation but the right one leaves every block within half a voxel."""
    same = [
        way
        for way in ORIENTATIONS
        if way[0] == (0, 1, 2)
        and all(
            abs(
                STRAIGHT.voxels(_mirrored(way).points(n)).mean(axis=0)
                - STRAIGHT.voxels(STRAIGHT.points(n)).mean(axis=0)
            ).max()
            < HALF_A_VOXEL
            for n in (1, 2, 3)
        )
    ]

    assert same == [((0, 1, 2), (1, 1, 1))]


def _mirrored(way: Way) -> Phantom:
    """Return the blocks turned round behind the affine's back."""
    return Phantom(STRAIGHT.stored(*way).array, STRAIGHT.affine)

"""What a radiologist sees of a study that the node has read, in OHIF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, dcmread

from models.hippocampus.phantom import write_study
from tests.node.report.inputs import build_case, interpreted
from tests.pacs.archive import Archive, until
from tests.pacs.conftest import read_phantom, read_study
from tests.pacs.viewer import Screen, coloured, contrast

pytestmark = [pytest.mark.pacs, pytest.mark.viewer, pytest.mark.slow]

CROPS = {"51x35": (36, 51, 35), "50x34": (34, 50, 34), "48x40": (36, 48, 40)}
"""Slices, rows, columns: packed bits fill whole bytes in the last one alone."""

NOT_BLACK = 5.0
"""Standard deviation of grey; a black pane has 0, the darkest series about 20."""


@pytest.fixture(scope="module", params=["51x35"])
def read(
    request: pytest.FixtureRequest,
    archive: Archive,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Dataset]:
    """Return the results on a synthetic study, with a crop of the size asked for."""
    seed = 20 + list(CROPS).index(request.param)
    folder = tmp_path_factory.mktemp("phantom")
    return read_phantom(archive, folder, seed, CROPS[request.param])


every_crop = pytest.mark.parametrize("read", CROPS, indirect=True, scope="module")


def study_of(results: dict[str, Dataset]) -> str:
    """Return the Study Instance UID of results."""
    return str(results["SEG"].StudyInstanceUID)


def segments_by_slice(seg: Dataset) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the file's own masks, decoded without the viewer.

    ``(rows, columns)`` by SOP Instance UID of the source: the segment's number.
    """
    frames = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    masks: dict[str, npt.NDArray[np.uint8]] = {}
    for pixels, item in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
        source = item.DerivationImageSequence[0].SourceImageSequence[0]
        uid = str(source.ReferencedSOPInstanceUID)
        mask = masks.setdefault(uid, np.zeros(pixels.shape, np.uint8))
        identification = item.SegmentIdentificationSequence[0]
        mask[pixels > 0] = identification.ReferencedSegmentNumber
    return masks


def deep_inside(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return voxels ``(n, 2)`` whose eight neighbours are in the mask as well."""
    inner = mask.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inner &= np.roll(mask, step, axis)
    return np.argwhere(inner)


def middle_contrast(screen: Screen) -> float:
    """Return the contrast of the middle slice."""
    screen.go_to(len(screen.slices()) // 2)
    return contrast(screen.pixels())


def test_the_list_shows_the_study(screen: Screen, read: dict[str, Dataset]) -> None:
    """A person finds the study by its description and modalities."""
    text = screen.open_list()

    assert "MR head (synthetic)" in text
    assert str(read["SEG"].AccessionNumber) in text


def test_every_series_of_the_scanner_is_seen(
    screen: Screen, read: dict[str, Dataset]
) -> None:
    """No pane stays black."""
    screen.open_study(study_of(read))
    for description in ("HippoCrop", "T1 MPRAGE"):
        screen.open_series(description=description)

        assert middle_contrast(screen) > NOT_BLACK


@every_crop
def test_the_segmentation_is_the_file_slice_by_slice(
    screen: Screen, read: dict[str, Dataset]
) -> None:
    """What the viewer decoded equals the file, whatever the size of the crop."""
    expected = segments_by_slice(read["SEG"])
    screen.open_study(study_of(read))
    screen.open_series(modality="SEG")

    shown = screen.labelmap()

    assert sum(mask.any() for mask in expected.values()) > 10
    for uid, mask in shown.items():
        np.testing.assert_array_equal(mask, expected.get(uid, np.zeros_like(mask)))


@every_crop
def test_the_colours_lie_on_the_mask(screen: Screen, read: dict[str, Dataset]) -> None:
    """On the largest slice: each segment in its colour, grey outside."""
    masks = segments_by_slice(read["SEG"])
    screen.open_study(study_of(read))
    screen.open_series(modality="SEG")
    screen.labelmap()
    slices = screen.slices()
    hues = []
    for number in (1, 2):
        sizes = {int((mask == number).sum()): uid for uid, mask in masks.items()}
        uid = sizes[max(sizes)]
        index = slices.index(uid)
        inside = screen.colours_at(index, deep_inside(masks[uid] == number))
        outside = screen.colours_at(index, deep_inside(masks[uid] == 0))
        spread = np.ptp(inside.astype(int), axis=1)
        hues.append(inside.astype(float).mean(axis=0))

        assert spread.min() > 20
        assert np.ptp(outside.astype(int), axis=1).max() < 10
    assert np.abs(hues[0] - hues[1]).max() > 40


def test_the_report_is_drawn_with_its_volumes(
    screen: Screen, read: dict[str, Dataset]
) -> None:
    """Each contour of the SR on the image, with the volume that the SR says."""
    volumes = volumes_of(read["SR"])
    screen.open_study(study_of(read))
    screen.open_series(modality="SR")
    screen.step_to(volumes)

    assert len(volumes) == 3
    assert contrast(screen.pixels()) > NOT_BLACK
    assert coloured(screen.pixels()) > 50


def volumes_of(sr: Dataset) -> set[str]:
    """Return the volumes of a report as the viewer writes them."""
    found = set()

    def walk(item: Dataset) -> None:
        name = item.get("ConceptNameCodeSequence")
        if item.get("ValueType") == "NUM" and name[0].CodeValue == "118565006":
            value = item.MeasuredValueSequence[0]
            unit = value.MeasurementUnitsCodeSequence[0].CodeValue
            if unit == "mm3":
                found.add(f"Volume: {float(value.NumericValue):.2f} mm3")
        for child in item.get("ContentSequence", []):
            walk(child)

    walk(sr)
    return found


def test_the_page_is_seen(screen: Screen, read: dict[str, Dataset]) -> None:
    """The Secondary Capture opens as a picture in colour."""
    screen.open_study(study_of(read))
    screen.open_series(modality="OT")
    until(lambda: coloured(screen.pixels()) > 500, "the page in colour", 90)
    screen.page.wait_for_timeout(1000)

    assert contrast(screen.pixels()) > NOT_BLACK
    assert "FPS" not in screen.pane.inner_text()


def test_the_pdf_is_handed_to_the_browser(
    screen: Screen, read: dict[str, Dataset]
) -> None:
    """Byte for byte, by the address that the archive gave for it."""
    document = bytes(read["PDF"].EncapsulatedDocument)
    screen.open_study(study_of(read))
    screen.open_series(modality="DOC")
    until(screen.encapsulated, "the PDF in the pane", 90)

    assert screen.encapsulated().startswith(b"%PDF-1.7")
    assert screen.encapsulated() == document


def test_a_report_with_norm_and_course_is_drawn(
    screen: Screen, archive: Archive, tmp_path: Path
) -> None:
    """What stands behind a z-score, and earlier visits, cost no contour."""
    case = build_case(tmp_path / "study")
    case = replace(case, findings=interpreted(case.findings))
    made = case.compose()
    made["SR"].dataset.save_as(tmp_path / "study" / "sr", enforce_file_format=True)
    archive.store(tmp_path / "study")
    sr = made["SR"].dataset
    screen.open_study(str(sr.StudyInstanceUID))
    screen.open_series(modality="SR")
    screen.step_to({*volumes_of(sr), "Z-Score of measurement: -1.41"})


def test_the_sibling_series_stays_grey(
    screen: Screen, read: dict[str, Dataset]
) -> None:
    """The crop's positions are invented: nothing of it is drawn on the whole head."""
    screen.open_study(study_of(read))
    screen.open_series(modality="SEG")
    screen.labelmap()
    screen.open_series(description="T1 MPRAGE")
    middle_contrast(screen)
    for index in range(0, len(screen.slices()), 8):
        screen.go_to(index)

        assert coloured(screen.pixels()) == 0


def test_an_image_that_names_the_default_window_function_is_seen(
    screen: Screen, archive: Archive, tmp_path: Path
) -> None:
    """VOI LUT Function LINEAR leaves the pane black elsewhere (cornerstone3D#2856)."""
    files = write_study(tmp_path, 30, CROPS["48x40"])
    for path in files:
        ds = dcmread(path)
        ds.VOILUTFunction = "LINEAR"
        ds.WindowCenter, ds.WindowWidth = 80, 160
        ds.save_as(path)
    archive.store(tmp_path)

    screen.open_study(str(dcmread(files[0]).StudyInstanceUID))
    screen.open_series(description="HippoCrop")

    assert middle_contrast(screen) > NOT_BLACK
    assert screen.windows()[0] == pytest.approx([80, 160], abs=2)


@pytest.mark.data
@pytest.mark.parametrize("name", ["Study1", "Study3"])
def test_every_series_of_a_real_study_is_seen(
    screen: Screen, archive: Archive, shared_data: Path, tmp_path: Path, name: str
) -> None:
    """FLAIR, T1, T2 and the crop; no colour of the crop on the others."""
    study = tmp_path / name
    study.symlink_to(shared_data / "mr_studies" / name)
    results = read_study(archive, study)
    screen.open_study(study_of(results))
    screen.open_series(modality="SEG")
    screen.labelmap()
    series = [one for one in screen.display_sets() if one["modality"] == "MR"]
    for one in series:
        screen.open_series(uid=one["uid"])

        assert middle_contrast(screen) > NOT_BLACK, one["description"]
        applied, stated = screen.windows()
        assert applied == pytest.approx(stated, rel=0.02), one["description"]
        if "HCrop" not in one["description"] and "Hippo" not in one["description"]:
            assert coloured(screen.pixels()) == 0, one["description"]
    assert len(series) == 5

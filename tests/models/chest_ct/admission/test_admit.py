"""What is admitted as a chest CT, and why the rest is not."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.chest_ct.admission.admit import ADMITTED, Admission, admit
from models.chest_ct.admission.confusion import Case, confusion_table
from models.chest_ct.admission.criteria import Criterion, criteria
from models.contract import Volume
from models.volume.lungs import Lungs, find_lungs
from models.volume.nifti import read_nifti
from models.volume.series import SeriesError, load_volume, read_study
from tests.models.volume.chest_phantom import AXIAL, chest, chest_array, lung


def decided(volume: Volume) -> Admission:
    """Return the decision over a volume with its own lungs."""
    return admit(volume, find_lungs(volume))


def part(volume: Volume, *slices: slice) -> Volume:
    """Return a piece of a volume at its place in the patient."""
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [each.start or 0 for each in slices]
    return Volume(volume.array[slices].copy(), affine, volume.units, volume.series)


def reformatted(volume: Volume, axes: tuple[int, int, int]) -> Volume:
    """Return the volume cut along another axis."""
    affine = volume.affine[:, [*axes, 3]].copy()
    array = volume.array.transpose(axes).copy()
    return Volume(array, affine, volume.units, volume.series)


def test_a_chest_is_admitted() -> None:
    """With both lungs, covered from below to above, without a flag."""
    admission = decided(chest())

    assert admission.is_chest
    assert admission.confidence > 0.9
    assert admission.reason == ""
    assert admission.flags == ()


def test_a_chest_with_one_white_lung_is_admitted_with_less_confidence() -> None:
    """After a pneumonectomy it is a chest all the same, and a reader is told."""
    array = chest_array()
    array[lung(2)] = 30

    admission = decided(chest(array))

    assert admission.is_chest
    assert ADMITTED <= admission.confidence < decided(chest()).confidence
    assert [flag.code for flag in admission.flags] == ["one_lung"]


def test_slices_of_six_millimetres_are_flagged() -> None:
    """Thick slices are read, with a flag."""
    flags = decided(chest(affine=AXIAL @ np.diag([1.3, 1, 1, 1]))).flags

    assert [flag.code for flag in flags] == ["thick_slices"]


@pytest.mark.parametrize("end", ["below", "above"])
def test_lungs_that_the_images_cut_off_are_flagged(end: str) -> None:
    """A quarter of their largest area in the last slice: read, and it is said."""
    whole = chest()
    area = (find_lungs(whole).labels > 0).sum(axis=(1, 2))
    cut = np.flatnonzero(area > 0.25 * area.max())[[0, -1]]
    kept = slice(int(cut[0]), None) if end == "below" else slice(0, int(cut[1]) + 1)
    rows, columns = whole.shape[1:]

    admission = decided(part(whole, kept, slice(0, rows), slice(0, columns)))

    assert admission.is_chest
    assert [flag.code for flag in admission.flags] == ["lungs_cut_off"]


REFUSED = {
    "not_ct": chest(modality="MR", units="arbitrary"),
    "not_axial": reformatted(chest(), (1, 0, 2)),
    "too_few_slices": part(chest(), slice(0, 12), slice(0, 88), slice(0, 104)),
    "slices_too_thick": chest(affine=AXIAL @ np.diag([2.2, 1, 1, 1])),
    "lungs_not_covered": part(chest(), slice(0, 22), slice(0, 88), slice(0, 104)),
    "no_lungs": part(chest(), slice(0, 56), slice(20, 70), slice(40, 64)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_no_whole_chest_ct_is_refused_by_name(reason: str) -> None:
    """Each refusal names its reason, in a code and in words."""
    admission = decided(REFUSED[reason])

    assert not admission.is_chest
    assert admission.reason == reason
    assert admission.detail
    assert admission.confidence < ADMITTED


def shaped(*boxes: tuple[slice, slice, slice]) -> list[Criterion]:
    """Return what is thought of the shape of a right and a left lung of boxes."""
    volume = chest()
    labels = np.zeros(volume.shape, np.uint8)
    for side, box in enumerate(boxes, start=1):
        labels[box] = side
    found = criteria(volume, Lungs(labels, labels > 0))
    return [each for each in found if each.reason == "lungs_shape"]


def test_lungs_have_the_shape_of_lungs() -> None:
    """Each fills a third of its box or half, and they lie beside one another."""
    volume = chest()
    found = criteria(volume, find_lungs(volume))
    grades = [each.grade for each in found if each.reason == "lungs_shape"]
    assert len(grades) == 2
    assert min(grades) > 0.9


def test_a_collapsed_lung_may_have_any_shape() -> None:
    """What is left of it is a rind or a lump; the other one is a lung still."""
    volume = chest()
    labels = find_lungs(volume).labels.copy()
    labels[labels == 2] = 0
    labels[np.arange(15, 45), np.arange(25, 55), np.arange(60, 90)] = 2
    found = criteria(volume, Lungs(labels, labels > 0))
    grades = [each.grade for each in found if each.reason == "lungs_shape"]
    assert min(grades) > 0.9


def test_two_blocks_of_air_are_no_lungs() -> None:
    """A phantom's holes fill their boxes altogether."""
    blocks = shaped(np.s_[10:50, 20:60, 10:40], np.s_[10:50, 20:60, 60:90])
    assert [each.grade < 0.02 for each in blocks] == [True, False]
    assert "100% of the box" in blocks[0].detail


def test_one_above_the_other_are_no_lungs() -> None:
    """Gas in the stomach is no left lung below a right one."""
    assert (
        shaped(np.s_[5:25, 20:60, 10:40], np.s_[30:50, 20:60, 60:90])[-1].grade < 0.02
    )


def test_a_phantom_without_bone_is_no_body() -> None:
    """Two foam cylinders in a block of water have lungs, but no ribs."""
    array = chest_array()
    array[array > 150] = 40

    assert decided(chest(array)).reason == "no_bone"


def test_the_description_decides_nothing() -> None:
    """An abdomen that calls itself a chest is still refused: pixels decide."""
    lower = REFUSED["lungs_not_covered"]
    series = lower.series
    tags = {"BodyPartExamined": "CHEST", "SeriesDescription": "CHEST LUNG"}
    named = type(series)("1", "1.2", "CT", (), tags=tags)
    volume = Volume(lower.array.copy(), lower.affine.copy(), "HU", named)

    assert not decided(volume).is_chest


def test_the_table_counts_what_was_decided() -> None:
    """A row for each series, and the four counts below."""
    table = confusion_table(
        [
            Case("right", True, Admission(True, 0.9, "", "both lungs")),
            Case("wrong", False, Admission(True, 0.6, "", "both lungs")),
        ]
    )

    assert "| wrong | no | yes | 0.60 |" in table
    assert table.endswith("1 admitted, 0 refused. Other: 0 refused, 1 admitted.")


def real_volumes(paths: list[Path]) -> Iterator[Volume]:
    """Yield the volumes of the series that have one; single slices have none."""
    for series in read_study(paths).series:
        try:
            yield load_volume(series)
        except SeriesError:
            continue


def chests(shared_data: Path, folder: Path) -> Iterator[tuple[str, Volume]]:
    """Yield every real chest series."""
    data = shared_data / "chest_ct"
    for archive in (*data.glob("lidc/*.zip"), *data.glob("lung_pet_ct_dx/*.zip")):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder / archive.stem)
        paths = sorted(p for p in (folder / archive.stem).rglob("*") if p.is_file())
        for number, volume in enumerate(real_volumes(paths)):
            yield f"{archive.stem} {number}", volume
    for volume in real_volumes(sorted((data / "cip_ct64" / "ct-64Dicom").iterdir())):
        yield "cip_ct64", volume


def others(shared_data: Path, whole: Volume) -> Iterator[tuple[str, Volume]]:
    """Yield what must be refused: other regions, other planes, MR."""
    path = shared_data / "chest_ct" / "not_chest_totalsegmentator"
    array, affine = read_nifti(path / "example_ct.nii.gz")
    yield "abdomen", Volume(array.astype(np.float32), affine, "HU", whole.series)
    depth, rows, columns = whole.shape
    everything = slice(0, rows), slice(0, columns)
    yield "lower third", part(whole, slice(0, depth // 3), *everything)
    middle = slice(rows // 4, 2 * rows // 3), slice(columns // 3, 2 * columns // 3)
    yield "mediastinum", part(whole, slice(0, depth), *middle)
    yield "coronal", reformatted(whole, (1, 0, 2))
    yield "sagittal", reformatted(whole, (2, 0, 1))
    for study in sorted((shared_data / "mr_studies").iterdir()):
        paths = sorted(p for p in study.rglob("*") if p.is_file())
        for number, volume in enumerate(real_volumes(paths)):
            yield f"MR {study.name} {number}", volume


@pytest.mark.data
@pytest.mark.slow
def test_every_real_series_is_decided_rightly(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All chest series are admitted, everything else is refused; the table is shown."""
    chest_series = dict(chests(shared_data, tmp_path))
    whole = max(chest_series.values(), key=lambda volume: volume.shape[0])
    cases = [Case(name, True, decided(v)) for name, v in chest_series.items()]
    cases += [Case(name, False, decided(v)) for name, v in others(shared_data, whole)]

    with capsys.disabled():
        print("\n" + confusion_table(cases))  # noqa: T201 - the table is the result
    assert [c.name for c in cases if c.is_chest != c.decided.is_chest] == []

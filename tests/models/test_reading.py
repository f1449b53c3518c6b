"""A folder is read from Python as the node reads it, and a refusal is one line."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from zipfile import ZipFile

import pytest
from pydicom import dcmread

from models.contract import Context, Findings, Volume
from models.hippocampus.phantom import write_study
from models.reading import ReadingError, read
from node.jobs.worker import perform
from tests.node.jobs.stand_in import StandIn
from tests.node.jobs.worker_stories import reported, request, series


class Heard(StandIn):
    """Keeps what it was asked to read, and how."""

    def __init__(self, fast: str = "") -> None:
        said = MappingProxyType({"en": fast} if fast else {})
        self.bundle = replace(StandIn.bundle, fast=said)
        self.volumes: list[str] = []
        self.contexts: list[Context] = []

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Note it and read."""
        self.volumes.append(volume.series.series_description)
        self.contexts.append(context)
        return super().predict(volume, context)


def refusal(folder: Path) -> ReadingError:
    """Return why the stand-in reads nothing in a folder, which is one line."""
    with pytest.raises(ReadingError) as caught:
        read(StandIn(), folder)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.slow
def test_the_numbers_are_those_of_the_node(tmp_path: Path) -> None:
    """The same series is chosen of the study, and read the same way."""
    files = write_study(tmp_path / "study", 5)
    study_uid = str(
        dcmread(files[0], specific_tags=["StudyInstanceUID"])[0x20000D].value
    )
    wanted = request(
        tmp_path, tuple(files), model="hippocampus", study_instance_uid=study_uid
    )

    node = reported(perform(wanted))
    findings = read("hippocampus", tmp_path / "study")

    # Each times for itself whether sixteen bits are faster: a voxel may differ by it.
    found = {
        (each.structure, each.unit.value): each.value for each in findings.measurements
    }
    told = {(each.structure, each.unit): each.value for each in node.measurements}
    assert found == pytest.approx(told, rel=2e-3)
    assert findings.label_map.any()


def test_the_next_series_is_read_where_pixels_are_refused(tmp_path: Path) -> None:
    """The first has more slices, and nothing in it."""
    series(tmp_path, "crop unfit", SeriesNumber="1")
    series(tmp_path, "crop", SeriesNumber="2")
    model = Heard()

    findings = read(model, str(tmp_path))

    assert model.volumes == ["crop unfit", "crop"]
    assert findings.measurements[0].printed == "32"


def test_the_model_hears_whom_the_headers_prove(tmp_path: Path) -> None:
    """Age and sex are taken from the study, and a strange sex is none."""
    series(tmp_path, PatientBirthDate="19500101", StudyDate="20200101", PatientSex="F")
    model = Heard()

    read(model, tmp_path)

    patient = model.contexts[0].patient
    assert patient is not None
    assert (patient.age_years, patient.sex) == (70.0, "F")
    assert patient.age_source == "birth date and study date"


@pytest.mark.parametrize(
    ("knows", "asked"), [("leaves out the map", True), ("", False)]
)
def test_only_a_model_that_can_be_fast_is_asked_to(
    tmp_path: Path, knows: str, asked: bool
) -> None:
    """Its bundle says what it leaves out."""
    series(tmp_path)
    model = Heard(fast=knows)

    read(model, tmp_path, fast=True)

    assert model.contexts[0].fast is asked


def test_of_a_study_without_a_fitting_series_every_series_is_told(
    tmp_path: Path,
) -> None:
    """The reason is that of the series whose pixels were refused."""
    series(tmp_path, "crop unfit", SeriesNumber="4")
    series(tmp_path, "whole", SeriesNumber="7")

    error = refusal(tmp_path)

    assert error.reason == "constant_image"
    assert "series 4: constant_image, every voxel" in str(error)
    assert "series 7: description" in str(error)


def test_a_study_of_another_kind_is_refused_by_the_rule(tmp_path: Path) -> None:
    """Nothing was tried."""
    series(tmp_path, "whole")

    error = refusal(tmp_path)

    assert error.reason == "no_series_accepted"
    assert "stand_in reads no series of this study" in str(error)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing", "no such folder"),
        ("notes", "1 not_dicom"),
        ("notes/text.txt", "is a file; name the folder"),
        ("new", "empty"),
    ],
)
def test_a_folder_without_images_is_said(tmp_path: Path, name: str, says: str) -> None:
    """It is not there, no file in it is an image, or there is no file."""
    (tmp_path / "new").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "text.txt").write_text("no image", encoding="utf-8")

    error = refusal(tmp_path / name)

    assert error.reason == "no_study"
    assert says in str(error)


def test_two_studies_in_a_folder_are_not_guessed_apart(tmp_path: Path) -> None:
    """The person is asked to name one."""
    series(tmp_path / "a", PatientID="TEST-1")
    series(tmp_path / "b", "crop other", PatientID="TEST-2")

    error = refusal(tmp_path)

    assert error.reason == "identity_conflict"
    assert "name the folder of one study" in str(error)


def test_zips_beside_a_study_are_not_passed_over(tmp_path: Path) -> None:
    """The answer would be taken for that of a patient who was never read."""
    series(tmp_path / "study")
    with ZipFile(tmp_path / "study" / "patient_2.zip", "w") as archive:
        archive.writestr("1.dcm", b"")

    error = refusal(tmp_path / "study")

    assert error.reason == "no_study"
    assert "ZIPs lie in it: 1" in str(error)


def test_two_contents_under_one_uid_are_refused(tmp_path: Path) -> None:
    """A folder has no order that would say which is right."""
    first, *_ = series(tmp_path)
    other = dcmread(first)
    other.PixelData = b"\x07" * len(other.PixelData)
    other.save_as(tmp_path / "other.dcm")

    assert refusal(tmp_path).reason == "conflicting_instances"


def test_a_series_that_may_lack_a_slice_is_not_read(tmp_path: Path) -> None:
    """A damaged file lies beside its images."""
    first, *_ = series(tmp_path)
    (first.parent / "cut.dcm").write_bytes(first.read_bytes()[:200])

    assert refusal(tmp_path).reason == "damaged_file"


def test_a_study_of_which_a_file_cannot_be_read_is_not_read(tmp_path: Path) -> None:
    """Without it the rest may look whole; the system refuses this one to root, too."""
    first, *_ = series(tmp_path)
    (first.parent / "closed.dcm").symlink_to("/proc/self/mem")

    assert refusal(tmp_path).reason == "file_missing"


def test_damaged_pixels_are_a_refusal_with_their_reason(tmp_path: Path) -> None:
    """The series is meant: no other is read in its place."""
    first, *_ = series(tmp_path)
    image = dcmread(first)
    image.PixelData = image.PixelData[:-10]
    image.save_as(first)

    assert refusal(tmp_path).reason in {"pixels_damaged", "damaged_file"}


def test_an_unknown_model_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    """No traceback of a dictionary."""
    with pytest.raises(ReadingError, match=r"^ghost: unknown; models are hippo"):
        read("ghost", tmp_path)


def test_the_error_survives_another_process() -> None:
    """Pools of processes pickle what they raise."""
    error = pickle.loads(pickle.dumps(ReadingError("no_study", "nothing")))  # noqa: S301 - made here

    assert (error.reason, str(error)) == ("no_study", "nothing")

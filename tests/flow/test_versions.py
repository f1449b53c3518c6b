"""What comes again, late, corrected or forged: one story each (docs/promises.md 3, 12).

From the received bytes over spool, watcher, ledger and worker to the objects.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRBigEndian, JPEGLSLossless, RLELossless

from models.hippocampus.phantom import write_study
from node.jobs.job import JobState
from node.retention import remove_received
from tests.dicom_series import write_series
from tests.flow.readings import KINDS, SETTINGS, OneNode, altered, bright, uids


def localizer(folder: Path, **tags: Any) -> list[Path]:
    """Return a series of the study that the model does not read."""
    return write_series(folder / "localizer", bright(), description="localizer", **tags)


def other_patient(dataset: Dataset) -> None:
    """Correct whose image it is."""
    dataset.PatientID, dataset.PatientName = "RIGHT", "Right^Person"
    dataset.PatientBirthDate = "19600203"


def other_pixels(dataset: Dataset) -> None:
    """Brighten the image by one."""
    pixels = np.frombuffer(dataset.PixelData, np.int16) + np.int16(1)
    dataset.PixelData = pixels.tobytes()


def assert_second_version(node: OneNode) -> None:
    """Check that v2 is another result, says so, and names the SR that it replaces."""
    before = node.dataset("v1/SR")
    after = node.dataset("v2/SR")
    (evidence,) = after.PredecessorDocumentsSequence
    (series,) = evidence.ReferencedSeriesSequence
    (document,) = series.ReferencedSOPSequence

    assert evidence.StudyInstanceUID == before.StudyInstanceUID
    assert series.SeriesInstanceUID == before.SeriesInstanceUID
    assert document.ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert uids(node, 1).isdisjoint(uids(node, 2))
    for kind in KINDS:
        description = node.dataset(f"v2/{kind}").SeriesDescription
        assert "v2, replaces v1" in description
        assert "replaces" not in node.dataset(f"v1/{kind}").SeriesDescription


def test_the_same_study_twice_makes_nothing_new(
    node: OneNode, files: list[Path]
) -> None:
    """No version, no object, not even an attempt."""
    node.receive(files)
    job = node.read()
    objects = node.objects()

    node.receive(files)
    node.restart()
    node.receive(reversed(files))

    assert node.is_idle()
    assert node.objects() == objects
    assert len(node.ledger.jobs.attempts(job.job_id)) == 1


def test_one_image_more_is_a_new_version(node: OneNode, files: list[Path]) -> None:
    """It names its predecessor, whose objects stay as they are."""
    node.receive(files[:3])
    node.read()
    first = node.objects()

    node.receive(files)
    job = node.read()

    assert (job.state, job.version) == (JobState.REPORTED, 2)
    assert_second_version(node)
    assert first.items() <= node.objects().items()


def test_the_shipped_model_makes_versions_too(tmp_path: Path) -> None:
    """A phantom whose last slice comes late, read by the hippocampus model."""
    files = write_study(tmp_path / "study", 41)
    node = OneNode(tmp_path / "node")
    node.receive(files[:-1])
    first = node.read()

    node.receive(files)
    second = node.read()
    node.receive(files)

    assert [(j.state, j.version) for j in (first, second)] == [
        (JobState.REPORTED, 1),
        (JobState.REPORTED, 2),
    ]
    assert_second_version(node)
    assert node.is_idle()
    node.ledger.close()


def test_an_image_that_no_model_reads_makes_no_version(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """The study was read again, and its result still stands."""
    node.receive(files)
    node.read()
    objects = node.objects()

    node.receive(localizer(tmp_path))
    job = node.read()

    assert (job.state, job.version, job.reason) == (JobState.REPORTED, 1, "unchanged")
    assert node.objects() == objects


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
@pytest.mark.parametrize("before", ["read", "unread"])
def test_another_transfer_syntax_is_ignored(
    node: OneNode, files: list[Path], tmp_path: Path, syntax: str, before: str
) -> None:
    """Whether it comes before or after the study was read."""
    node.receive(files)
    if before == "read":
        node.read()

    node.receive(altered(files, tmp_path / "again", transfer_syntax=syntax))
    job = node.read()

    assert (job.state, job.version) == (JobState.REPORTED, 1)
    assert node.dataset("v1/SR").PatientID == "TEST-1"
    assert node.is_idle()


def test_corrected_demographics_are_a_new_version(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """With the person who was received last, in every object."""
    node.receive(files)
    node.read()

    node.receive(altered(files, tmp_path / "again", other_patient))
    job = node.read()

    assert (job.state, job.version) == (JobState.REPORTED, 2)
    assert_second_version(node)
    for kind in KINDS:
        assert node.dataset(f"v1/{kind}").PatientID == "TEST-1"
        corrected = node.dataset(f"v2/{kind}")
        assert corrected.PatientID == "RIGHT"
        assert corrected.PatientName == "Right^Person"
        assert corrected.PatientBirthDate == "19600203"


def test_the_order_of_receipt_survives_a_restart(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """The correction that came last counts, whatever the files are called."""
    node.receive(altered(files, tmp_path / "again", other_patient))
    node.receive(files)
    node.restart()

    node.read()

    assert node.dataset("v1/SR").PatientID == "TEST-1"


def test_a_correction_that_is_taken_back_is_a_third_version(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """Its bytes are known, and yet they are news."""
    node.receive(files)
    node.read()
    node.receive(altered(files, tmp_path / "again", other_patient))
    node.read()

    node.receive(files)
    job = node.read()

    assert (job.state, job.version) == (JobState.REPORTED, 3)
    assert node.dataset("v3/SR").PatientID == "TEST-1"
    assert uids(node, 3).isdisjoint(uids(node, 1))


def test_half_a_correction_fails_until_the_other_half_comes(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """Meanwhile the study belongs to two people."""
    corrected = altered(files, tmp_path / "again", other_patient)
    node.receive(files)
    node.read()

    node.receive(corrected[:2])
    half = node.read()
    node.receive(corrected[2:])
    whole = node.read()

    assert (half.state, half.reason) == (JobState.FAILED, "identity_conflict")
    assert (whole.state, whole.version) == (JobState.REPORTED, 2)


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, JPEGLSLossless, None])
def test_other_pixels_under_the_same_uid_fail_by_name(
    node: OneNode, files: list[Path], tmp_path: Path, syntax: str | None
) -> None:
    """In whatever encoding they come; the earlier result stays."""
    node.receive(files)
    node.read()
    objects = node.objects()
    if syntax == ExplicitVRBigEndian:
        forged = write_series(
            tmp_path / "forged",
            bright(201),
            description="crop",
            transfer_syntax=ExplicitVRBigEndian,
        )[2:3]
    else:
        encoding = {"transfer_syntax": syntax} if syntax else {}
        forged = altered(files[2:3], tmp_path / "forged", other_pixels, **encoding)

    node.receive(forged)
    job = node.read()

    assert (job.state, job.reason) == (JobState.FAILED, "conflicting_instances")
    assert job.version == 1
    assert node.objects() == objects


def half_the_pixels(dataset: Dataset) -> None:
    """Lose the second half of the image."""
    dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 2]


@pytest.mark.parametrize("again", ["the image", "the study"])
def test_a_damaged_image_is_mended_by_sending_it_again(
    node: OneNode, files: list[Path], tmp_path: Path, again: str
) -> None:
    """As the notice advises; and what is damaged takes nothing back."""
    spoilt = altered(files[1:2], tmp_path / "spoilt", half_the_pixels)
    node.receive([files[0], *spoilt, *files[2:]])
    failed = node.read()

    node.receive(files[1:2] if again == "the image" else files)
    mended = node.read()
    node.receive(spoilt)
    last = node.read()

    assert (failed.state, failed.reason) == (JobState.FAILED, "pixels_damaged")
    assert (mended.state, mended.version) == (JobState.REPORTED, 1)
    assert (last.state, last.reason) == (JobState.REPORTED, "unchanged")


def test_conflicting_images_are_mended_by_sending_the_right_ones_a_day_later(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """As the notice advises: by then the wrong ones are forgotten."""
    forged = altered(files[2:3], tmp_path / "forged", other_pixels)
    node.receive([*files, *forged])
    failed = node.read()
    node.now += timedelta(days=1, seconds=SETTINGS.retention.every_s)
    remove_received(node.ledger, node.spool, SETTINGS.retention, node.now)
    node.receive(files)
    mended = node.read()

    assert (failed.state, failed.reason) == (JobState.FAILED, "conflicting_instances")
    assert (mended.state, mended.version) == (JobState.REPORTED, 1)


@pytest.mark.parametrize(
    "person", [{"PatientID": "TEST-2"}, {"IssuerOfPatientID": "CLINIC"}]
)
def test_two_patients_in_one_study_fail_by_name(
    node: OneNode, files: list[Path], tmp_path: Path, person: dict[str, str]
) -> None:
    """Another ID, or the same one from another issuer."""

    def of_hospital(dataset: Dataset) -> None:
        dataset.IssuerOfPatientID = "HOSPITAL"

    study = str(dcmread(files[0]).StudyInstanceUID)
    node.receive(altered(files, tmp_path / "issued", of_hospital))
    tags = {"IssuerOfPatientID": "HOSPITAL"} | person

    node.receive(localizer(tmp_path, study_uid=study, **tags))
    job = node.read()

    assert (job.state, job.reason) == (JobState.FAILED, "identity_conflict")
    assert "TEST" not in job.detail
    assert "CLINIC" not in job.detail
    assert node.objects() == {}


def test_a_study_whose_file_is_gone_is_read_when_it_comes_again(
    node: OneNode, files: list[Path]
) -> None:
    """Three of its four slices would have been a volume, and a wrong result."""
    node.receive(files)
    node.ledger.studies.files(str(dcmread(files[0]).StudyInstanceUID))[3].unlink()
    short = node.read()

    node.receive(files)
    whole = node.read()

    assert (short.state, short.reason) == (JobState.FAILED, "file_missing")
    assert (whole.state, whole.version) == (JobState.REPORTED, 1)
    assert len(node.dataset("v1/SEG").ReferencedSeriesSequence) == 1
    instances = node.dataset("v1/SEG").ReferencedSeriesSequence[0]
    assert len(instances.ReferencedInstanceSequence) == 4


def test_what_retention_left_of_a_study_is_never_read(
    node: OneNode, files: list[Path]
) -> None:
    """A late slice alone, or with some of the earlier ones, is no second version."""
    node.receive(files[:3])
    node.read()
    study = str(dcmread(files[0]).StudyInstanceUID)
    node.ledger.studies.forget_files(node.ledger.studies.files(study))
    v1 = node.objects()

    node.receive(files[2:])
    node.now += timedelta(seconds=SETTINGS.inbound.max_wait_s)
    node.watcher.tick(node.now)
    short = node.read()

    assert (short.state, short.reason) == (JobState.FAILED, "file_missing")
    assert node.objects() == v1
    node.receive(files)
    whole = node.read()
    assert (whole.state, whole.version) == (JobState.REPORTED, 2)
    instances = node.dataset("v2/SEG").ReferencedSeriesSequence[0]
    assert len(instances.ReferencedInstanceSequence) == 4

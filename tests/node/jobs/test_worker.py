"""One job from files to objects, in this process, with a stand-in model."""

from __future__ import annotations

import resource
import signal
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import JPEGLSLossless

import models
from models.volume.bundle import sha256_file
from node.config import JobsSettings
from node.equipment import MANUFACTURER
from node.jobs.job import (
    Completeness,
    NotApplicable,
    Reported,
    Unchanged,
)
from node.jobs.worker import load_model, perform, warm
from node.report.provenance import is_own
from tests.dicom_series import uid, write_series
from tests.node.jobs.ledger_stories import T0
from tests.node.jobs.worker_stories import STUDY, failed, reported, request, series


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the stand-in as a folder of models would be."""
    monkeypatch.setitem(models.MODELS, "stand_in", "tests.node.jobs.stand_in:build")
    load_model.cache_clear()


def test_three_objects_lie_in_the_folder_for_this_user_alone(tmp_path: Path) -> None:
    """Under their final names, with the digests that the ledger keeps, and ours."""
    outcome = reported(perform(request(tmp_path, series(tmp_path))))

    assert [made.kind for made in outcome.objects] == ["SEG", "SR", "SC"]
    folder = tmp_path / "results" / "v1"
    assert {path.name for path in folder.iterdir()} == {"SEG.dcm", "SR.dcm", "SC.dcm"}
    for made in outcome.objects:
        assert made.sha256 == sha256_file(made.path)
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
        dataset = dcmread(made.path)
        assert dataset.SOPInstanceUID == made.sop_instance_uid
        assert dataset.file_meta.TransferSyntaxUID == made.transfer_syntax_uid
        assert is_own(dataset)


def test_the_summary_holds_what_the_report_prints(tmp_path: Path) -> None:
    """Measurements in every unit, the grade, the flags by code."""
    outcome = reported(perform(request(tmp_path, series(tmp_path))))

    assert outcome.summary == {
        "Bright volume": "32 mm3, 0.0 mL",
        "grade": "A",
        "flags": "nominal_geometry, stand_in",
    }


def test_every_stage_is_timed(tmp_path: Path) -> None:
    """So that a slow study can be explained."""
    outcome = reported(perform(request(tmp_path, series(tmp_path))))

    assert list(outcome.timings_s) == [
        "model",
        "headers",
        "choose",
        "load",
        "predict",
        "predict.network",
        "identity",
        "compose",
        "write",
    ]


def test_a_second_attempt_writes_the_same_bytes(tmp_path: Path) -> None:
    """A rebuild after a crash is equal, so that nothing is sent under two contents."""
    asked = request(tmp_path, series(tmp_path))

    first, second = (reported(perform(asked)) for _ in range(2))

    assert first.objects == second.objects
    assert first.identity == second.identity


def test_a_study_without_news_is_unchanged(tmp_path: Path) -> None:
    """An image of a series that the model does not read makes no new version."""
    files = series(tmp_path)
    first = reported(perform(request(tmp_path, files)))
    other = series(tmp_path, "localizer", SeriesNumber="2")

    again = perform(
        request(
            tmp_path,
            (*files, *other),
            version=2,
            replaces=first.objects[1].sop_instance_uid,
            previous_identity=first.identity,
            completed_at=T0 + timedelta(hours=1),
            completeness=Completeness.UNCONFIRMED,
            completeness_reason="nobody answered",
            output_dir=tmp_path / "results" / "v2",
        )
    )

    assert again == Unchanged(first.identity)
    assert not (tmp_path / "results" / "v2").exists()


def test_a_late_slice_makes_a_new_version(tmp_path: Path) -> None:
    """Other pixels were read: other identity, other UIDs, and the old SR named."""
    files = series(tmp_path)
    first = reported(perform(request(tmp_path, files[:3])))

    second = reported(
        perform(
            request(
                tmp_path,
                files,
                version=2,
                replaces=first.objects[1].sop_instance_uid,
                previous_identity=first.identity,
                output_dir=tmp_path / "results" / "v2",
            )
        )
    )

    uids = {made.sop_instance_uid for made in (*first.objects, *second.objects)}
    assert len(uids) == 6
    assert "v2, replaces v1" in dcmread(second.objects[1].path).SeriesDescription


def test_an_unconfirmed_study_caps_the_grade(tmp_path: Path) -> None:
    """In the summary as in the report."""
    outcome = reported(
        perform(
            request(tmp_path, series(tmp_path), completeness=Completeness.UNCONFIRMED)
        )
    )

    assert outcome.summary["grade"] == "B"
    assert "completeness_unconfirmed" in outcome.summary["flags"]


def test_a_study_without_a_fitting_series_is_not_applicable(tmp_path: Path) -> None:
    """A line per series: its number and reason code, nothing that identifies."""
    ct = series(tmp_path, "lungs", modality="CT", SeriesNumber="4")
    t2 = series(tmp_path, "T2", SeriesNumber=None)

    outcome = perform(request(tmp_path, (*ct, *t2)))

    assert isinstance(outcome, NotApplicable)
    assert outcome.reason == "no_series_accepted"
    assert outcome.detail == "series 4: modality\nseries ?: description"
    assert [(v.series_number, v.reason) for v in outcome.verdicts] == [
        (4, "modality"),
        (None, "description"),
    ]


def test_a_fitting_series_that_cannot_be_read_gives_its_reason(tmp_path: Path) -> None:
    """Three of four slices with a gap are no volume."""
    files = series(tmp_path)

    outcome = perform(request(tmp_path, (files[0], files[1], files[3])))

    assert isinstance(outcome, NotApplicable)
    assert outcome.reason not in {"no_series_accepted", "description"}
    assert outcome.detail == f"series 1: {outcome.reason}"


def test_the_nodes_own_objects_in_a_study_are_left_out(tmp_path: Path) -> None:
    """The archive may send the results back together with the images."""
    files = series(tmp_path)
    first = reported(perform(request(tmp_path, files)))
    own = tuple(made.path for made in first.objects)

    outcome = perform(
        request(
            tmp_path,
            (*files, *own),
            previous_identity=first.identity,
            version=2,
            replaces=first.objects[1].sop_instance_uid,
        )
    )

    assert outcome == Unchanged(first.identity)


def test_images_that_a_node_like_this_one_made_are_never_read(tmp_path: Path) -> None:
    """Even when the model would take them before the scanner's."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "109102", "DCM"
    item = Dataset()
    item.Manufacturer = MANUFACTURER
    item.PurposeOfReferenceCodeSequence = [code]
    own = series(tmp_path, "crop", ContributingEquipmentSequence=[item])

    outcome = perform(request(tmp_path, own))

    assert isinstance(outcome, NotApplicable)
    assert outcome.reason == "no_series_accepted"
    assert [(v.chosen, v.reason) for v in outcome.verdicts] == [(False, "own_output")]


def second_patient(folder: Path) -> tuple[Path, ...]:
    """Write a series of another patient into the study."""
    return series(folder, "other", PatientID="TEST-2", study_uid=STUDY)


def second_study(folder: Path) -> tuple[Path, ...]:
    """Write a series of another study of the patient."""
    return series(folder, "other", study_uid=uid("another study"))


def other_pixels(folder: Path) -> tuple[Path, ...]:
    """Write an image whose UID is known, with other pixels."""
    array = np.full((1, 16, 16), 7, np.int16)
    return tuple(write_series(folder / "again", array, description="crop"))


@pytest.mark.parametrize(
    ("intruder", "reason"),
    [
        (second_patient, "identity_conflict"),
        (second_study, "identity_conflict"),
        (other_pixels, "conflicting_instances"),
    ],
)
def test_a_study_that_is_not_one_study_of_one_patient_fails(
    tmp_path: Path, intruder: Callable[[Path], tuple[Path, ...]], reason: str
) -> None:
    """For good, by name, without an identifier in the words."""
    outcome = failed(
        perform(request(tmp_path, (*series(tmp_path), *intruder(tmp_path))))
    )

    assert (outcome.reason, outcome.permanent) == (reason, True)
    assert "TEST" not in outcome.message


def test_files_that_are_no_images_fail(tmp_path: Path) -> None:
    """The AI never ran, which is not the same as a study that it does not read."""
    path = tmp_path / "Doe^John.dcm"
    path.write_bytes(b"no DICOM")

    outcome = failed(perform(request(tmp_path, (path,))))

    assert outcome.reason == "no_readable_images"
    assert "Doe" not in outcome.message


def test_compressed_images_are_read_like_others(tmp_path: Path) -> None:
    """The transfer syntax in which the scanner sent them does not matter."""
    files = series(tmp_path, transfer_syntax=JPEGLSLossless)

    outcome = reported(perform(request(tmp_path, files)))

    assert outcome.summary["Bright volume"].startswith("32 mm3")


@pytest.mark.parametrize(
    ("description", "reason", "permanent"),
    [
        ("crop unfit", "constant_image", True),
        ("crop grid", "invalid_findings", True),
        ("crop memory", "out_of_memory", False),
        ("crop error", "internal_error", False),
    ],
)
def test_a_fault_of_the_model_fails_the_job_by_reason(
    tmp_path: Path, description: str, reason: str, permanent: bool
) -> None:
    """No exception leaves the worker, and no text of a foreign one."""
    outcome = failed(perform(request(tmp_path, series(tmp_path, description))))

    assert (outcome.reason, outcome.permanent) == (reason, permanent)
    assert "Doe" not in outcome.message


@pytest.mark.parametrize(
    "changes", [{"model": "no such model"}, {"bundle": Path("broken")}]
)
def test_a_model_that_cannot_be_loaded_fails_the_job(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    """By name, without touching the images."""
    outcome = failed(perform(request(tmp_path, series(tmp_path), **changes)))

    assert outcome.reason == "model_unavailable"


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """A disk may have room later; no half object lies there meanwhile."""
    (tmp_path / "results").write_text("a file where the folder should be")

    outcome = failed(perform(request(tmp_path, series(tmp_path))))

    assert (outcome.reason, outcome.permanent) == ("internal_error", False)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """The limit of a process on a file's size stands for it: nothing is written."""
    made = request(tmp_path, series(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        outcome = failed(perform(made))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)

    assert (outcome.reason, outcome.permanent) == ("no_space", False)
    assert isinstance(perform(made), Reported), "there is room again"


def test_remains_of_a_lost_attempt_are_written_over(tmp_path: Path) -> None:
    """Half a file, half a temporary one: afterwards three whole objects."""
    folder = tmp_path / "results" / "v1"
    folder.mkdir(parents=True)
    (folder / "SEG.dcm").write_bytes(b"half")
    (folder / ".SR.part").write_bytes(b"half")

    outcome = reported(perform(request(tmp_path, series(tmp_path))))

    assert {path.name for path in folder.iterdir()} == {"SEG.dcm", "SR.dcm", "SC.dcm"}
    assert all(made.sha256 == sha256_file(made.path) for made in outcome.objects)


def test_warming_loads_a_model_once(tmp_path: Path) -> None:
    """The first job finds it; a broken bundle is left to the jobs that need it."""
    warm({"stand_in": None, "no such model": None}, JobsSettings(threads=1))

    before = load_model.cache_info().misses
    reported(perform(request(tmp_path, series(tmp_path))))

    assert load_model.cache_info().misses == before

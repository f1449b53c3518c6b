"""A stable study goes to the node in one association, and only when it is news."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from tests.dicom_series import uid, write_series
from tests.pacs.archive import Archive, free_settings, running_archive, until
from tests.pacs.receiver import Receiver, receiving

pytestmark = pytest.mark.pacs

SMALL_CROP = (8, 24, 16)
SMALL = np.zeros((3, 32, 32), np.int16)
SETTLED_S = 3.5
"""StableAge of 1 s, Orthanc's own delay, and a store job that must not come."""


@pytest.fixture
def receiver(archive: Archive) -> Iterator[Receiver]:
    """Listen in the place of the node."""
    with receiving(archive.settings) as running:
        yield running


def crop(folder: Path, seed: int) -> list[Path]:
    """Write the small series of a phantom study and drop the large one."""
    files = write_study(folder, seed, SMALL_CROP)
    kept = [file for file in files if file.parent.name == "hippocrop"]
    for file in set(files) - set(kept):
        file.unlink()
    return kept


def study_of(file: Path) -> str:
    """Return the Study Instance UID of a file."""
    return str(dcmread(file, stop_before_pixels=True).StudyInstanceUID)


def routed(archive: Archive, study_instance_uid: str) -> str:
    """Return the fingerprint of what reached the node, or nothing."""
    return archive.metadata(study_instance_uid).get("AiNodeRouted", "")


def result_of(file: Path, path: Path) -> Path:
    """Write an object of the same study in a series of its own."""
    ds = dcmread(file)
    ds.SeriesInstanceUID = f"{ds.SeriesInstanceUID[:50]}.99"
    ds.SOPInstanceUID = f"{ds.SOPInstanceUID[:50]}.99"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(path)
    return path


def test_a_study_arrives_in_one_association(
    archive: Archive, receiver: Receiver, tmp_path: Path
) -> None:
    """Both series reach the node together, and the archive remembers what it sent."""
    files = write_study(tmp_path, 1, SMALL_CROP)
    sent = {str(dcmread(f, stop_before_pixels=True).SOPInstanceUID) for f in files}

    archive.store(tmp_path)
    fingerprint = until(lambda: routed(archive, study_of(files[0])), "the fingerprint")

    assert [set(one) for one in receiver.associations] == [sent]
    assert sorted(part.split(":")[1] for part in fingerprint.split(",")) == ["64", "8"]
    assert "AiNodePending" not in archive.metadata(study_of(files[0]))


def test_what_no_model_reads_is_not_routed(tmp_path: Path) -> None:
    """A CT goes to a node whose models read CT, and no MR does; mixed studies do."""
    rule = {"hippocampus": {"accept": {"modality": "CT"}}}
    with (
        running_archive(free_settings(tmp_path / "archive", models=rule)) as archive,
        receiving(archive.settings) as receiver,
    ):
        for name, modality in (("head", "MR"), ("both", "MR"), ("both", "CT")):
            folder = tmp_path / name / modality
            write_series(folder, SMALL, modality=modality, study_uid=uid(name))
        archive.store(tmp_path / "head")
        archive.store(tmp_path / "both")
        fingerprint = until(lambda: routed(archive, uid("both")), "the fingerprint")
        time.sleep(SETTLED_S)

        assert len(fingerprint.split(",")) == 2
        assert [len(one) for one in receiver.associations] == [2 * len(SMALL)]
        assert routed(archive, uid("head")) == ""


def test_results_of_the_node_are_not_routed_back(
    archive: Archive, receiver: Receiver, tmp_path: Path
) -> None:
    """What the node's own AE title stored makes the study stable again, no more."""
    files = crop(tmp_path / "study", 2)
    archive.store(tmp_path / "study")
    until(lambda: routed(archive, study_of(files[0])), "the fingerprint")

    result = result_of(files[0], tmp_path / "result.dcm")
    archive.store(result, calling=archive.settings.node.ae_title)
    time.sleep(SETTLED_S)

    assert len(receiver.associations) == 1


def test_a_late_image_routes_the_study_again(
    archive: Archive, receiver: Receiver, tmp_path: Path
) -> None:
    """One more slice changes the fingerprint; the results still stay out."""
    files = crop(tmp_path / "study", 3)
    late = files[-1].rename(tmp_path / "late.dcm")
    archive.store(tmp_path / "study")
    until(lambda: routed(archive, study_of(late)), "the fingerprint")
    result = result_of(files[0], tmp_path / "result.dcm")
    archive.store(result, calling=archive.settings.node.ae_title)

    archive.store(late)
    until(lambda: routed(archive, study_of(late)).endswith(":8"), "the new fingerprint")

    assert [len(one) for one in receiver.associations] == [7, 8]


def test_a_failed_delivery_is_said_and_can_be_repeated(
    archive: Archive, tmp_path: Path
) -> None:
    """With the node down nothing counts as routed; the resubmitted job counts."""
    (file, *_) = crop(tmp_path, 4)
    study_instance_uid = study_of(file)
    archive.store(tmp_path)
    failed = until(
        lambda: [job for job in archive.jobs() if job["State"] == "Failure"],
        "the failed job",
    )
    until(lambda: "NOT delivered to HIPPOAI" in archive.log(), "the line in the log")
    assert routed(archive, study_instance_uid) == ""

    with receiving(archive.settings) as receiver:
        job = f"{archive.url}/jobs/{failed[0]['ID']}/resubmit"
        requests.post(job, data="", timeout=10).raise_for_status()
        until(lambda: routed(archive, study_instance_uid), "the fingerprint")

    assert [len(one) for one in receiver.associations] == [8]


def test_a_study_that_failed_is_routed_with_its_next_image(
    archive: Archive, tmp_path: Path
) -> None:
    """A failure does not bar the way: the next stable study is sent whole."""
    files = crop(tmp_path / "study", 5)
    late = files[-1].rename(tmp_path / "late.dcm")
    archive.store(tmp_path / "study")
    before = archive.log().count("NOT delivered")
    until(lambda: archive.log().count("NOT delivered") > before, "the failure")

    with receiving(archive.settings) as receiver:
        archive.store(late)
        until(lambda: routed(archive, study_of(late)), "the fingerprint")

    assert [len(one) for one in receiver.associations] == [8]


@pytest.mark.parametrize(
    "title", [{"calling": "STRANGER"}, {"called": "SOMEBODY"}], ids=str
)
def test_strangers_cannot_store(
    archive: Archive, tmp_path: Path, title: dict[str, str]
) -> None:
    """An unknown caller, and one that asks for somebody else, are refused."""
    crop(tmp_path, 6)

    with pytest.raises(subprocess.CalledProcessError):
        archive.store(tmp_path, **title)


def test_titles_and_ports_are_written_once(tmp_path: Path) -> None:
    """Other AE titles in the settings reach Orthanc and the script by themselves."""
    settings = free_settings(
        tmp_path / "var",
        node={"ae_title": 'ODD"NODE'},
        archive={"ae_title": "MY_PACS"},
    )
    files = crop(tmp_path / "study", 7)
    with running_archive(settings) as archive, receiving(settings) as receiver:
        archive.store(tmp_path / "study")
        until(lambda: routed(archive, study_of(files[0])), "the fingerprint")
        result = result_of(files[0], tmp_path / "result.dcm")
        archive.store(result, calling=settings.node.ae_title)
        time.sleep(SETTLED_S)

    assert [len(one) for one in receiver.associations] == [8]

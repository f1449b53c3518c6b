"""A result is taken back in a real Orthanc: the note stays, and only ours goes."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from node.app import Node
from node.config import Settings
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.retraction.deletion import (
    NotOursError,
    archive_rest,
    delete_instance,
)
from tests.node.test_main import pacs_node
from tests.pacs.archive import Archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow]

CROP = (36, 51, 35)
WHAT = ("retract", "--model", "hippocampus", "--yes", "--json")


@contextmanager
def running_node(settings: Settings) -> Iterator[Node]:
    """Run a whole node in a thread of its own."""
    stopped = threading.Event()
    node = Node(settings)
    thread = threading.Thread(target=node.run, args=(stopped.wait,))
    thread.start()
    try:
        yield node
    finally:
        stopped.set()
        thread.join()


def held(archive: Archive, study: str) -> dict[str, str]:
    """Return the modality of each instance of a study, by SOP Instance UID."""
    series = archive.get(f"/studies/{archive.study(study)}/series")
    return {
        archive.get(f"/instances/{name}/simplified-tags")["SOPInstanceUID"]: str(
            each["MainDicomTags"]["Modality"]
        )
        for each in series
        for name in each["Instances"]
    }


def typed(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Type the command beside the node."""
    archive = settings.archive
    return pacs_node(
        *WHAT,
        *arguments,
        folder=settings.node.data_dir,
        PACS_NODE_NODE__DATA_DIR=str(settings.node.data_dir),
        PACS_NODE_ARCHIVE__DICOM_PORT=str(archive.dicom_port),
        PACS_NODE_ARCHIVE__HTTP_PORT=str(archive.http_port),
    )


def sent_job(ledger: Ledger) -> JobRow | None:
    """Return the job when its result is in the archive."""
    jobs = [job for job in ledger.jobs.listing() if job.state is JobState.SENT]
    return jobs[0] if jobs else None


def routed(archive: Archive) -> int:
    """Return how many store jobs the routing script has begun."""
    return len([job for job in archive.jobs() if job["Type"] == "DicomModalityStore"])


def test_a_result_is_taken_back_and_deleted_while_the_node_runs(
    archive: Archive, tmp_path: Path
) -> None:
    """The note is there, the objects are not, no input is touched or read again."""
    files = write_study(tmp_path / "study", 7, CROP)
    study = str(dcmread(files[0]).StudyInstanceUID)
    settings = archive.settings
    with running_node(settings) as node:
        archive.store(tmp_path / "study")
        until(lambda: sent_job(node.ledger), "the result", 60)
        job = node.ledger.jobs.listing(study)[0]
        before, routes = held(archive, study), routed(archive)

        status, output, errors = typed(
            settings, "--version", job.model_version, "--delete"
        )
        after = held(archive, study)
        until(lambda: is_stable(archive, study), "a stable study")
        node.reconciliation.run()
        job_after = node.ledger.jobs.get(job.job_id)

    assert status == 0, output + errors
    inputs = {uid for uid, modality in before.items() if modality == "MR"}
    assert len(inputs) == len(files)
    assert sorted(set(before.values())) == ["DOC", "MR", "OT", "SEG", "SR"]
    (note,) = set(after) - inputs
    assert after[note] == "KO"
    assert inputs < set(after)
    assert routed(archive) == routes, "nothing is routed again"
    assert (job_after.state, job_after.version) == (JobState.SENT, 1)
    assert job_after.retracted_at is not None
    assert job_after.attempts == job.attempts


def is_stable(archive: Archive, study: str) -> bool:
    """Tell whether Orthanc has called the study stable."""
    return bool(archive.get(f"/studies/{archive.study(study)}")["IsStable"])


def test_what_is_not_ours_is_not_deleted(archive: Archive, tmp_path: Path) -> None:
    """Whatever UID somebody names: an image of the scanner stays."""
    (image, *_) = write_study(tmp_path / "study", 8, CROP)
    archive.store(image)
    uid = str(dcmread(image).SOPInstanceUID)

    with pytest.raises(NotOursError):
        delete_instance(archive_rest(archive.settings), uid)

    (found,) = requests.post(f"{archive.url}/tools/lookup", data=uid, timeout=5).json()
    content = requests.get(f"{archive.url}{found['Path']}/file", timeout=5).content
    assert dcmread(io.BytesIO(content)).SOPInstanceUID == uid


def test_what_is_there_no_more_counts_as_nothing(archive: Archive) -> None:
    """So that the command may be typed twice."""
    assert delete_instance(archive_rest(archive.settings), "2.25.4711") == 0

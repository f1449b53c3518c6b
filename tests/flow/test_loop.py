"""The clinical loop: scanner, Orthanc, Lua, node, model, and back into Orthanc."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from pydicom import Dataset, dcmread

from models.hippocampus.phantom import write_study
from node.app import Node
from node.jobs.job import Completeness, JobState
from node.jobs.ledger_jobs import JobRow
from tests.conftest import data_folder
from tests.pacs.archive import Archive, free_settings, running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow]

SETTLED_S = 3.5
"""StableAge of 1 s, Orthanc's own delay, and a store job that must not come."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Run an Orthanc that routes to the node of this file."""
    folder = tmp_path_factory.mktemp("loop")
    sections: dict[str, dict[str, Any]] = {
        "node": {"ae_title": "ANOTHERNODE"},
        "archive": {"ae_title": "ANOTHERPACS"},
        "inbound": {"quiet_s": 3.0, "min_free_mib": 0},
        "jobs": {"workers": 1},
    }
    with running_archive(free_settings(folder, **sections)) as running:
        yield running


@pytest.fixture(scope="module")
def node(archive: Archive) -> Iterator[Node]:
    """Run a node with the settings of the archive: other AE titles and ports."""
    running = Node(archive.settings)
    running.start()
    yield running
    running.stop()


def study_of(folder: Path) -> str:
    """Return the Study Instance UID of the files in a folder."""
    file = next(path for path in sorted(folder.rglob("*")) if path.is_file())
    return str(dcmread(file, stop_before_pixels=True).StudyInstanceUID)


def sent_job(node: Node, study_instance_uid: str) -> JobRow:
    """Wait until the study's job is sent and return it."""

    def ask() -> list[JobRow]:
        jobs = node.ledger.jobs.listing(study_instance_uid)
        ended = [j for j in jobs if j.state in {JobState.FAILED, JobState.SENT}]
        return [*ended, *(j for j in jobs if j.state is JobState.NOT_APPLICABLE)]

    (job,) = until(ask, "the end of the job", timeout_s=90)
    assert job.state is JobState.SENT, f"{job.reason}: {job.detail}"
    return job


def results(archive: Archive, study_instance_uid: str) -> list[Dataset]:
    """Return what the node stored in the archive for a study."""
    path = f"/studies/{archive.study(study_instance_uid)}/instances?expand"
    found: list[Dataset] = []
    for instance in archive.get(path):
        if instance["MainDicomTags"].get("SOPInstanceUID") is None:
            continue
        metadata = archive.get(f"/instances/{instance['ID']}/metadata?expand")
        if metadata.get("RemoteAET") == archive.settings.node.ae_title:
            url = f"{archive.url}/instances/{instance['ID']}/file"
            found.append(dcmread(BytesIO(requests.get(url, timeout=10).content)))
    return found


def store_jobs(archive: Archive) -> int:
    """Return how many store jobs Orthanc ever began."""
    return sum(job["Type"] == "DicomModalityStore" for job in archive.jobs())


def test_a_study_comes_back_read(node: Node, archive: Archive, tmp_path: Path) -> None:
    """Three objects of one study and patient, routed once, complete by evidence."""
    write_study(tmp_path, 11)
    before = store_jobs(archive)
    archive.store(tmp_path)
    uid = study_of(tmp_path)

    job = sent_job(node, uid)
    objects = results(archive, uid)

    assert Counter(ds.Modality for ds in objects) == {"SEG": 1, "SR": 1, "OT": 1}
    assert {ds.StudyInstanceUID for ds in objects} == {uid}
    assert len({ds.PatientID for ds in objects}) == 1
    study = node.ledger.studies.get(uid)
    assert study is not None
    assert study.completeness is Completeness.CONFIRMED
    assert job.version == 1
    time.sleep(SETTLED_S)
    assert store_jobs(archive) == before + 1
    assert len(node.ledger.jobs.attempts(job.job_id)) == 1


def test_the_same_study_again_makes_nothing_new(
    node: Node, archive: Archive, tmp_path: Path
) -> None:
    """Sent twice, it is read once: same objects, no second version."""
    write_study(tmp_path, 12)
    archive.store(tmp_path)
    uid = study_of(tmp_path)
    sent_job(node, uid)
    first = {ds.SOPInstanceUID for ds in results(archive, uid)}

    archive.store(tmp_path)
    time.sleep(SETTLED_S)

    assert {ds.SOPInstanceUID for ds in results(archive, uid)} == first
    assert sent_job(node, uid).version == 1


def test_a_study_that_no_model_reads_has_an_outcome_too(
    node: Node, archive: Archive, tmp_path: Path
) -> None:
    """Not applicable, with the reason for each series; nothing is stored."""
    for file in write_study(tmp_path, 13):
        if file.parent.name == "hippocrop":
            file.unlink()
    archive.store(tmp_path)
    uid = study_of(tmp_path)

    def ask() -> list[JobRow]:
        jobs = node.ledger.jobs.listing(uid)
        return [job for job in jobs if job.state is JobState.NOT_APPLICABLE]

    (job,) = until(ask, "the outcome", timeout_s=60)

    assert job.reason
    assert results(archive, uid) == []


@pytest.mark.data
@pytest.mark.parametrize("name", ["Study1", "Study3"])
def test_a_real_study_comes_back_read(node: Node, archive: Archive, name: str) -> None:
    """Total inside the range of the training set, routed once."""
    folder = data_folder() / "mr_studies" / name
    before = store_jobs(archive)
    archive.store(folder)
    uid = study_of(folder)

    job = sent_job(node, uid)
    objects = results(archive, uid)

    assert Counter(ds.Modality for ds in objects) == {"SEG": 1, "SR": 1, "OT": 1}
    totals = [v for k, v in job.summary.items() if k.startswith("Hippocampus")]
    assert any(2427 <= float(v.split()[0]) <= 4358 for v in totals), job.summary
    time.sleep(SETTLED_S)
    assert store_jobs(archive) == before + 1

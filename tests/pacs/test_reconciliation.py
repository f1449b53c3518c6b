"""What was not delivered is brought: node, model and a real Orthanc, end to end.

Judged by the archive: the results of the study lie there, asked for by C-FIND.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from node.app import Node
from node.config import Settings
from node.inbound.archive_dicom import DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from node.jobs.job import Completeness
from tests.pacs.archive import Archive, free_settings, running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow]

RESULTS = {"SEG", "SR", "OT"}
SETTLED_S = 3.5
"""StableAge of 1 s, Orthanc's own delay, and a store job that must not come."""


def quick_settings(folder: Path, look_back_days: int = 1, **archive: Any) -> Settings:
    """Return the settings of a node that looks every half second."""
    return free_settings(
        folder,
        archive=archive,
        inbound={"quiet_s": 30.0, "min_free_mib": 0},
        jobs={"workers": 1},
        reconcile={
            "every_s": 0.5,
            "settle_s": 0.5,
            "backoff_s": 5.0,
            "look_back_days": look_back_days,
        },
    )


@contextmanager
def running_node(settings: Settings) -> Iterator[Node]:
    """Run a node for a block."""
    node = Node(settings)
    try:
        node.start()
        yield node
    finally:
        node.stop()


def crop(folder: Path, seed: int) -> str:
    """Write the series of a phantom that is read, made today; return its study."""
    study = ""
    for file in write_study(folder, seed):
        ds = dcmread(file)
        study = str(ds.StudyInstanceUID)
        ds.StudyDate = ds.SeriesDate = f"{datetime.now(UTC).astimezone():%Y%m%d}"
        if file.parent.name == "hippocrop":
            ds.save_as(file)
        else:
            file.unlink()
    return study


def modalities(settings: Settings, study: str) -> frozenset[str]:
    """Return the modalities that the archive holds of a study, asked by C-FIND."""
    archive = DicomArchive(settings.archive, settings.node.ae_title)
    holding = archive.holding(study)
    return holding.modalities if holding else frozenset()


def results_come(node: Node, study: str) -> None:
    """Wait for the results in the archive, of a study that was read once and whole."""
    settings = node.settings
    until(lambda: modalities(settings, study) >= RESULTS, "the results", 90)
    (job,) = node.ledger.jobs.listing(study)
    row = node.ledger.studies.get(study)

    assert job.version == 1
    assert row is not None
    assert row.completeness is Completeness.CONFIRMED


def store_jobs(archive: Archive) -> list[str]:
    """Return the states of Orthanc's store jobs."""
    jobs = archive.jobs()
    return [job["State"] for job in jobs if job["Type"] == "DicomModalityStore"]


def changes(archive: Archive) -> set[str]:
    """Return the kinds of change that Orthanc tells of."""
    return {change["ChangeType"] for change in archive.get("/changes")["Changes"]}


def due(node: Node) -> bool:
    """Return whether a study of the archive is still to be compared."""
    return bool(node.ledger.archive.due(datetime.max.replace(tzinfo=UTC)))


def has_looked(node: Node) -> bool:
    """Return whether the archive was looked through once."""
    archives = (
        OrthancArchive(node.settings.archive),
        DicomArchive(node.settings.archive, node.settings.node.ae_title),
    )
    records = node.ledger.archive
    return any(records.position(archive.source) for archive in archives)


def test_a_study_that_was_routed_to_a_node_that_was_down_comes_back_read(
    tmp_path: Path,
) -> None:
    """The failed job is sent again: no second job, and the archive knows it arrived."""
    settings = quick_settings(tmp_path)
    study = crop(tmp_path / "study", 31)
    with running_archive(settings) as archive:
        archive.store(tmp_path / "study")
        until(lambda: store_jobs(archive) == ["Failure"], "the failed job")

        with running_node(settings) as node:
            results_come(node, study)

        assert store_jobs(archive) == ["Success"]
        assert "AiNodeRouted" in archive.metadata(study)


def test_a_study_that_was_never_routed_comes_back_read(tmp_path: Path) -> None:
    """Found by /changes and fetched; when its results come, it is not routed either."""
    settings = quick_settings(tmp_path)
    study = crop(tmp_path / "study", 32)
    with running_archive(settings, routes=False) as archive:
        archive.store(tmp_path / "study")
        until(lambda: "StableStudy" in changes(archive), "the stable study")

    with running_archive(settings) as archive, running_node(settings) as node:
        results_come(node, study)
        time.sleep(SETTLED_S)

        assert store_jobs(archive) == []


def test_an_archive_that_speaks_dicom_alone_gets_its_studies_read(
    tmp_path: Path,
) -> None:
    """C-FIND by date, C-GET, C-FIND for completeness, C-STORE: HTTP is switched off."""
    settings = quick_settings(tmp_path, rest=False)
    study = crop(tmp_path / "study", 33)
    with running_archive(settings, routes=False, http=False) as archive:
        archive.store(tmp_path / "study")

        with running_node(settings) as node:
            results_come(node, study)
            until(lambda: not due(node), "the end of the comparison")


@pytest.mark.parametrize("rest", [True, False])
def test_what_was_there_before_the_first_start_is_left_alone(
    tmp_path: Path, rest: bool
) -> None:
    """By /changes and by study date; what comes later is found and read."""
    settings = quick_settings(tmp_path, rest=rest, look_back_days=0)
    before, later = crop(tmp_path / "before", 34), crop(tmp_path / "later", 35)
    with running_archive(settings, routes=False) as archive:
        archive.store(tmp_path / "before")
        until(lambda: "StableStudy" in changes(archive), "the stable study")

        with running_node(settings) as node:
            until(lambda: has_looked(node), "the first look")
            archive.store(tmp_path / "later")
            results_come(node, later)

            until(lambda: not due(node), "the end of the comparison")
            assert node.ledger.studies.get(before) is None

"""A chest CT on the wire: routed by its modality, read by the model that is for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from models.chest_ct.golden import SHARE
from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Finding
from models.chest_ct.simulator.dicom import write_dicom
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import shipped, tiny
from models.chest_ct.simulator.study import simulate
from models.reading import read
from node.app import Node
from node.jobs.job import JobState
from node.jobs.ledger_jobs import JobRow
from tests.flow.test_loop import results, study_of
from tests.pacs.archive import Archive, free_settings, running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow]

PROBABILITY = "122157"
"""Probability, as PS3.16 names it."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Run an Orthanc for a site that lets demonstrations speak."""
    sections: dict[str, dict[str, Any]] = {
        "inbound": {"quiet_s": 3.0, "min_free_mib": 0},
        "jobs": {"workers": 1, "device": "cpu", "precision": "fp32"},
        "models": {"allow_demonstration": True},
    }
    folder = tmp_path_factory.mktemp("chest")
    with running_archive(free_settings(folder, **sections)) as running:
        yield running


@pytest.fixture(scope="module")
def node(archive: Archive) -> Iterator[Node]:
    """Run the node of this site."""
    running = Node(archive.settings)
    running.start()
    yield running
    running.stop()


def write_chest(folder: Path) -> None:
    """Write a simulated chest with a consolidation."""
    settings = tiny(shipped())
    disease = (Finding(Kind.CONSOLIDATION, SHARE),)
    planned = replace(plan(settings)[1], findings=disease, is_positive=True)
    write_dicom(simulate(planned, settings), folder)


def items(dataset: Dataset) -> Iterator[Dataset]:
    """Yield every content item of a report."""
    for item in dataset.get("ContentSequence", ()):
        yield item
        yield from items(item)


def numbers(report: Dataset, code: str) -> set[float]:
    """Return the values of a concept."""
    return {
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in items(report)
        if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeValue == code
    }


def test_a_chest_comes_back_read(node: Node, archive: Archive, tmp_path: Path) -> None:
    """By one model; the report says what the same files give at the desk."""
    write_chest(tmp_path)
    archive.store(tmp_path)
    uid = study_of(tmp_path)

    def ended() -> dict[str, JobRow]:
        jobs = node.ledger.jobs.listing(uid)
        open_ = {JobState.QUEUED, JobState.RUNNING, JobState.REPORTED}
        done = {job.model: job for job in jobs if job.state not in open_}
        return done if len(done) == len(jobs) > 1 else {}

    jobs = until(ended, "the end of the jobs", timeout_s=120)
    objects = {ds.Modality: ds for ds in results(archive, uid)}
    (answer,) = read("chest_ct", tmp_path).classifications

    assert {name: job.state for name, job in jobs.items()} == {
        "chest_ct": JobState.SENT,
        "hippocampus": JobState.NOT_APPLICABLE,
    }
    assert Counter(objects.keys()) == {"SEG": 1, "SR": 1, "OT": 1}
    assert {ds.SeriesDescription.split()[0] for ds in objects.values()} == {
        "DEMONSTRATION"
    }
    (told,) = numbers(objects["SR"], PROBABILITY)
    assert told == pytest.approx(answer.probability, abs=0.005)
    segments = {each.SegmentLabel for each in objects["SEG"].SegmentSequence}
    assert {"Left lung", "Right lung"} <= segments

"""One person who is scanned more than once, and a node that reads every visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

import models
from models.history import Prior
from node.errors import ParserError
from node.inbound.archive import SearchableArchive
from node.inbound.prior_images import PriorImages
from node.inbound.prior_search import PriorSearch
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger_jobs import JobRow
from tests.dicom_series import uid, write_series
from tests.flow.readings import MODEL, OneNode, bright, use_stand_in
from tests.node.jobs.stand_in import StandIn

SCANNER = {"ManufacturerModelName": "Model 7", "MagneticFieldStrength": "3"}
"""Without it nobody would know how the images were taken."""

RULES = {MODEL: StandIn.bundle.acceptance}

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def at_once(
    question: Callable[Given, Answer], *given: Given.args, **named: Given.kwargs
) -> Answer:
    """Open foreign files in this process: of a test, they are its own."""
    return question(*given, **named)


def refused(*_: object, **__: object) -> Any:
    """Open nothing, as a process that dies of what it opens."""
    raise ParserError("the process died of it")


def use_named_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stand-in be ``MODEL`` by its own word too, as a report names it."""
    monkeypatch.setattr(models, "MODELS", dict(models.MODELS))
    monkeypatch.setattr(StandIn, "bundle", replace(StandIn.bundle, name=MODEL))
    use_stand_in()


def visit(folder: Path, day: str, **tags: Any) -> list[Path]:
    """Write a study of a day, such as ``20240301``; ``tags`` are header values."""
    patient = tags.get("PatientID", "TEST-1")
    return write_series(
        folder / day,
        bright(),
        description="crop",
        study_uid=uid("visit", str(patient), day, str(tags.get("PatientBirthDate"))),
        StudyDate=day,
        **{**SCANNER, **tags},
    )


def study_of(files: list[Path]) -> str:
    """Return the Study Instance UID of some files."""
    return str(dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)


def sought(
    node: OneNode,
    files: list[Path],
    archive: SearchableArchive | None = None,
    images: PriorImages | None = None,
) -> KnownPriors | None:
    """Receive a study, look for priors, and keep what is found with its job."""
    node.receive(files)
    (job,) = node.ledger.jobs.listing(study_of(files))
    return search_for(node, job, archive, images)


def search_for(
    node: OneNode,
    job: JobRow,
    archive: SearchableArchive | None = None,
    images: PriorImages | None = None,
) -> KnownPriors | None:
    """Look for priors of a queued job, and keep what is found with it."""
    search = PriorSearch(
        node.ledger, archive, ask=at_once, rules=RULES, timeout_s=5.0, images=images
    )
    known = search.search(job, search.look(job.study_instance_uid), node.now)
    if known is not None:
        assert node.ledger.priors.keep(job.job_id, known, node.now)
    return known


def found(
    node: OneNode, files: list[Path], archive: SearchableArchive | None = None
) -> tuple[list[Prior], list[str]]:
    """Return the priors of a study that is received, and the reasons beside them."""
    known = sought(node, files, archive)
    assert known is not None, "an earlier study is still to be read"
    return list(known.priors), list(known.withheld)


def read(node: OneNode, files: list[Path]) -> tuple[JobRow, Dataset]:
    """Receive and read a study with what is known of the person; return its SR."""
    found(node, files)
    job = node.read()
    assert job.state == "reported", (job.reason, job.detail)
    (sr,) = (o for o in node.ledger.jobs.objects(job.job_id) if o.kind == "SR")
    return job, dcmread(sr.path)


def came_again(folder: Path, day: str, visit: str) -> None:
    """Make another visit of a study: other UIDs, another day."""
    for file in folder.rglob("*.dcm"):
        dataset = dcmread(file)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            words = [visit, str(dataset[keyword].value)]
            setattr(dataset, keyword, generate_uid(entropy_srcs=words))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.StudyDate = day
        dataset.save_as(file)

"""A patient comes again, and the first report lies in a real archive alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from models.terms import Code
from node.config import Settings
from node.config_reading import ReportSettings
from node.inbound.archive import SearchableArchive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from node.jobs.worker import load_model
from node.report.rejection import Rejected, build_rejection
from tests.dicom_series import save
from tests.flow.readings import OneNode
from tests.flow.visits import (
    came_again,
    found,
    read,
    study_of,
    use_named_stand_in,
    visit,
)
from tests.pacs.archive import Archive, free_settings, running_archive, until
from tests.pacs.test_reconciliation import RESULTS, modalities, running_node

pytestmark = pytest.mark.pacs


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Run an Orthanc that routes nothing."""
    settings = free_settings(tmp_path_factory.mktemp("archive"))
    with running_archive(settings, routes=False) as running:
        yield running


@pytest.fixture(params=["REST", "DIMSE"])
def asked(request: pytest.FixtureRequest, archive: Archive) -> SearchableArchive:
    """Return the archive as it is asked: by Orthanc's REST, or by C-FIND and C-GET."""
    settings = archive.settings
    if request.param == "REST":
        return OrthancArchive(settings.archive, ae_title=settings.node.ae_title)
    return DicomArchive(settings.archive, settings.node.ae_title)


@pytest.fixture
def nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[OneNode, OneNode]]:
    """Return a node, and the one that came in its place and knows nobody."""
    use_named_stand_in(monkeypatch)
    made = OneNode(tmp_path / "before"), OneNode(tmp_path / "after")
    yield made
    for node in made:
        node.ledger.close()
    load_model.cache_clear()


def archived(archive: Archive, node: OneNode, files: list[Path]) -> Path:
    """Have a study read by a node and its report stored; return the report."""
    job, _ = read(node, files)
    (sr,) = (o for o in node.ledger.jobs.objects(job.job_id) if o.kind == "SR")
    archive.store(sr.path, calling=archive.settings.node.ae_title)
    return sr.path


def test_a_report_in_the_archive_is_a_prior(
    archive: Archive,
    asked: SearchableArchive,
    nodes: tuple[OneNode, OneNode],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Fetched, known again by its equipment, and read back to the digit.

    The ID has a letter of another alphabet.
    """
    patient = {
        "PatientID": f"\u0410-{request.node.callspec.id}",
        "SpecificCharacterSet": "ISO_IR 192",
    }
    archived(archive, nodes[0], visit(tmp_path, "20240301", **patient))

    (prior,), withheld = found(nodes[1], visit(tmp_path, "20250301", **patient), asked)

    assert withheld == []
    assert prior.source == "report in the archive"
    assert prior.study_date == date(2024, 3, 1)
    assert [m.printed for m in prior.measurements] == ["32", "0.0"]


def test_one_number_of_two_persons_in_the_archive_is_no_prior(
    archive: Archive,
    asked: SearchableArchive,
    nodes: tuple[OneNode, OneNode],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Orthanc keeps both under one patient; the report says another birth date."""
    patient = {"PatientID": f"B-{request.node.callspec.id}"}
    files = visit(tmp_path, "20240301", PatientBirthDate="19630405", **patient)
    archived(archive, nodes[0], files)

    later = visit(tmp_path, "20250301", **patient)

    assert found(nodes[1], later, asked) == ([], ["identity_conflict"])


def test_a_report_that_the_archive_rejects_is_no_prior(
    archive: Archive,
    asked: SearchableArchive,
    nodes: tuple[OneNode, OneNode],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """A note lies beside it, whoever stored it (IHE IOCM)."""
    patient = {"PatientID": f"C-{request.node.callspec.id}"}
    report = archived(archive, nodes[0], visit(tmp_path, "20240301", **patient))
    archive.store(note_about(report, tmp_path / "note.dcm"))

    later = visit(tmp_path, "20250301", **patient)

    assert found(nodes[1], later, asked) == ([], ["prior_retracted"])


def note_about(report: Path, note: Path) -> Path:
    """Write a rejection note about a report."""
    sr = dcmread(report)
    rejected = Rejected(
        sr.SOPClassUID, sr.SOPInstanceUID, sr.SeriesInstanceUID, is_image=False
    )
    title = Code("113001", "DCM", "Rejected for Quality Reasons")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = build_rejection(sr, [rejected], title, "wrong", now, ReportSettings())
    return save(made, note, "1.2.840.10008.1.2.1")


def test_a_number_with_a_wild_card_asks_for_nobody_else(
    archive: Archive,
    asked: SearchableArchive,
    nodes: tuple[OneNode, OneNode],
    tmp_path: Path,
) -> None:
    """An archive would take it for a pattern, and hand out other people's reports."""
    files = visit(tmp_path, "20250301", PatientID="A*")

    assert found(nodes[1], files, asked) == ([], ["patient_id_not_asked"])


@pytest.mark.parametrize("rest", [True, False])
def test_an_archive_that_is_down_costs_the_prior_and_not_the_reading(
    nodes: tuple[OneNode, OneNode], tmp_path: Path, rest: bool
) -> None:
    """The job goes on at once, and says why it knows of no earlier visit."""
    node, settings = nodes[0], free_settings(tmp_path / "nobody")

    _, withheld = found(node, visit(tmp_path, "20250301"), down(settings, rest))
    job = node.read()

    (result,) = node.ledger.history.results(job.job_id)
    assert withheld == ["archive_unavailable"]
    assert result.known.withheld == ("archive_unavailable",)


def down(settings: Settings, rest: bool) -> SearchableArchive:
    """Return an archive where nobody listens."""
    if rest:
        return OrthancArchive(settings.archive)
    return DicomArchive(settings.archive, settings.node.ae_title)


def is_answered(settings: Settings, study: str) -> bool:
    """Tell whether the archive holds the results of a study."""
    return modalities(settings, study) >= RESULTS


@pytest.mark.slow
def test_a_node_tells_the_second_visit_of_the_first(tmp_path: Path) -> None:
    """Scanner, archive, node, model and archive again: nothing stands in for them."""
    settings = free_settings(
        tmp_path / "node",
        inbound={"min_free_mib": 0},
        jobs={"workers": 1},
    )
    write_study(tmp_path / "first", 61)
    write_study(tmp_path / "second", 61)
    came_again(tmp_path / "second", "20270105", "second")
    with running_archive(settings) as archive, running_node(settings) as node:
        told, reports = [], []
        for folder in (tmp_path / "first", tmp_path / "second"):
            archive.store(folder)
            study = study_of(sorted(folder.rglob("*.dcm")))
            until(partial(is_answered, settings, study), "the results", 240)
            (job,) = node.ledger.jobs.listing(study)
            (result,) = node.ledger.history.results(job.job_id)
            told.append(result.known)
            reports.append(job.sr_uid)

    assert [p.sr_instance_uid for p in told[1].priors] == reports[:1]
    assert [known.withheld for known in told] == [(), ()]

"""A patient comes again, and a real archive has the images of the first visit alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from models.volume.device import device_uid
from node.inbound.archive import SearchableArchive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from node.inbound.prior_images import MOST_BYTES, PriorImages, sweep
from node.jobs.job import Failed, Reported
from node.jobs.known_priors import KnownPriors
from node.jobs.repeat import repeat_request
from node.jobs.request import request_of
from node.jobs.worker import load_model, perform
from tests.dicom_series import write_series
from tests.flow.readings import SETTINGS, OneNode, bright
from tests.flow.visits import (
    RULES,
    at_once,
    read,
    sought,
    study_of,
    use_named_stand_in,
    visit,
)
from tests.node.jobs.stand_in import StandIn
from tests.pacs.archive import Archive, free_settings, running_archive

pytestmark = pytest.mark.pacs

SCANNER = {"Manufacturer": "Maker", "ManufacturerModelName": "Model 7"}


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
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneNode]:
    """Return a node whose model sees what is bright."""
    use_named_stand_in(monkeypatch)
    made = OneNode(tmp_path / "node")
    yield made
    made.ledger.close()
    load_model.cache_clear()


@pytest.fixture
def patient(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return a person whom no other test scans."""
    number = abs(hash(request.node.nodeid)) % 10**9
    return {"PatientID": f"I-{number}", **SCANNER}


def looked(
    node: OneNode,
    files: list[Path],
    archive: SearchableArchive,
    most_bytes: int = MOST_BYTES,
) -> KnownPriors:
    """Receive a study and look for reports, then for images; return what is known."""
    folder = node.folder / "priors"
    images = PriorImages(archive, folder, at_once, RULES, most_bytes=most_bytes)
    known = sought(node, files, archive, images)
    assert known is not None
    return known


def fetched(node: OneNode) -> list[Path]:
    """Return the files that were fetched for some job."""
    return sorted((node.folder / "priors").rglob("*.dcm"))


def told(node: OneNode) -> KnownPriors:
    """Read the study that is queued; return what its result was told."""
    job = node.read()
    assert job.state == "reported", (job.reason, job.detail)
    (result,) = node.ledger.history.results(job.job_id)
    return result.known


def test_images_of_an_earlier_exam_are_read_anew(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """With today's weights, for the numbers alone: no object, no study, no job."""
    first = visit(tmp_path, "20240301", **patient)
    archive.store(first[0].parent)

    looked(node, visit(tmp_path, "20250301", **patient), asked)
    count = len(fetched(node))
    known = told(node)
    swept = sweep(node.folder / "priors", node.ledger)

    (prior,) = known.priors
    assert (prior.study_date, prior.source) == (
        date(2024, 3, 1),
        "images in the archive",
    )
    assert (prior.study_instance_uid, prior.sr_instance_uid) == (study_of(first), "")
    assert prior.device_uid == device_uid(StandIn.bundle.weights_digest)
    assert [m.printed for m in prior.measurements] == ["32", "0.0"]
    assert prior.protocol.items() >= SCANNER.items()
    assert known.withheld == ()
    assert (count, swept, fetched(node)) == (len(first), 1, [])
    assert node.ledger.studies.get(study_of(first)) is None
    assert len(node.ledger.jobs.listing()) == 1
    assert len(node.objects()) == 3


def test_the_earliest_and_the_two_latest_of_many_exams_are_read(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """The longest span, and what came last; the day itself and later are not asked."""
    for year in ("2018", "2019", "2020", "2021", "2026"):
        archive.store(visit(tmp_path, f"{year}0301", **patient)[0].parent)

    looked(node, visit(tmp_path, "20250301", **patient), asked)

    years = [prior.study_date.year for prior in told(node).priors]
    assert years == [2018, 2020, 2021]


def test_the_result_comes_out_again_without_the_images(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """Byte for byte, from what the ledger keeps; and a retry finds it unchanged."""
    archive.store(visit(tmp_path, "20240301", **patient)[0].parent)
    looked(node, visit(tmp_path, "20250301", **patient), asked)
    job = node.read()
    sweep(node.folder / "priors", node.ledger)

    outcome = perform(repeat_request(job, node.ledger, SETTINGS, tmp_path / "again"))
    node.ledger.repeats.queue_again([job.job_id], node.now)

    assert isinstance(outcome, Reported), outcome
    made = node.ledger.jobs.objects(job.job_id)
    assert [o.sha256 for o in outcome.objects] == [o.sha256 for o in made]
    assert node.read().version == 1


def test_what_was_reported_or_taken_back_is_not_read_anew(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """A report that does not count any more has a reason: its images are no way out."""
    first = visit(tmp_path, "20240301", **patient)
    archive.store(first[0].parent)
    job, sr = read(node, first)
    (report,) = (o for o in node.ledger.jobs.objects(job.job_id) if o.kind == "SR")
    report.path.write_bytes(b"")  # gone, and not known to be taken back

    known = looked(node, visit(tmp_path, "20250301", **patient), asked)

    assert sr.StudyInstanceUID == study_of(first)
    assert known.withheld == ("prior_report_unreadable",)
    assert (known.images, fetched(node)) == ((), [])


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PatientBirthDate": "19630405"}, "identity_conflict"),
        ({"PatientSex": "M"}, "identity_conflict"),
        ({"PatientBirthDate": ""}, "identity_unproven"),
    ],
)
def test_images_of_another_person_are_not_kept(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
    tags: dict[str, str],
    reason: str,
) -> None:
    """Their own headers say so, under the number that the archive was asked for."""
    archive.store(visit(tmp_path, "20240301", **patient | tags)[0].parent)

    known = looked(node, visit(tmp_path, "20250301", **patient), asked)

    assert (known.images, known.withheld, fetched(node)) == ((), (reason,), [])


def test_a_sibling_says_what_a_cut_out_series_lacks(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """One image of it is looked at for the birth date, and not kept."""
    bare = patient | {"PatientBirthDate": ""}
    first = visit(tmp_path, "20240301", **bare)
    whole: dict[str, Any] = {"study_uid": study_of(first), "StudyDate": "20240301"}
    write_series(tmp_path / "T1", bright(), description="T1", **whole, **patient)
    archive.store(first[0].parent)
    archive.store(tmp_path / "T1")

    known = looked(node, visit(tmp_path, "20250301", **patient), asked)

    assert known.withheld == ()
    assert len(fetched(node)) == len(first)
    assert [p.study_date for p in told(node).priors] == [date(2024, 3, 1)]


def test_images_that_contradict_one_another_are_not_kept(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """One slice names another birth date: whose brain it is nobody knows."""
    first = visit(tmp_path, "20240301", **patient)
    dataset = dcmread(first[-1])
    dataset.PatientBirthDate = "19630405"
    dataset.save_as(first[-1])
    archive.store(first[0].parent)

    known = looked(node, visit(tmp_path, "20250301", **patient), asked)

    assert (known.images, known.withheld) == ((), ("identity_conflict",))


def test_a_series_that_the_rule_refuses_is_not_fetched(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """By what can be asked: another name."""
    first = visit(tmp_path, "20240301", SeriesDescription="T2", **patient)
    archive.store(first[0].parent)

    known = looked(node, visit(tmp_path, "20250301", **patient), asked)

    assert (known.priors, known.images, known.withheld) == ((), (), ())


def test_more_than_may_be_fetched_is_not(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """What came of it is removed, and the study is read without."""
    first = visit(tmp_path, "20240301", **patient)
    archive.store(first[0].parent)
    most = first[0].stat().st_size * 2

    known = looked(node, visit(tmp_path, "20250301", **patient), asked, most)

    assert (known.images, known.withheld) == ((), ("prior_images_too_large",))
    assert fetched(node) == []
    assert told(node).withheld == ("prior_images_too_large",)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crop unfit", "prior_images_unreadable"),
        ("crop error", "prior_images_unreadable"),
        ("crop doubtful", "prior_images_unreliable"),
    ],
)
def test_images_that_the_model_cannot_read_cost_the_prior_alone(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
    fault: str,
    reason: str,
) -> None:
    """Whatever it raises, and what it does not believe itself."""
    first = visit(tmp_path, "20240301", SeriesDescription=fault, **patient)
    archive.store(first[0].parent)

    looked(node, visit(tmp_path, "20250301", **patient), asked)

    known = told(node)
    assert (known.priors, known.withheld) == ((), (reason,))


def test_junk_in_place_of_pixels_costs_the_prior_alone(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """Fewer bytes than rows and columns want."""
    first = visit(tmp_path, "20240301", **patient)
    for file in first:
        dataset = dcmread(file)
        dataset.PixelData = b"\x07\x00"
        dataset.save_as(file)
    archive.store(first[0].parent)

    looked(node, visit(tmp_path, "20250301", **patient), asked)

    known = told(node)
    assert (known.priors, known.withheld) == ((), ("prior_images_unreadable",))


def test_images_that_kill_the_worker_are_left_out_of_the_last_attempt(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """They stay for each attempt before; what nobody ordered fails no job."""
    first = visit(tmp_path, "20240301", SeriesDescription="crop killer", **patient)
    archive.store(first[0].parent)
    looked(node, visit(tmp_path, "20250301", **patient), asked)
    lost = Failed("worker_died", "", permanent=False)

    ends = []
    (job,) = node.ledger.jobs.listing()
    for _ in range(SETTINGS.jobs.attempts - 1):
        claimed = node.ledger.jobs.claim(node.now)
        assert claimed is not None
        job = claimed
        asked_for = request_of(job, node.ledger, SETTINGS, node.folder / "results")
        worker = get_context("fork").Process(target=perform, args=(asked_for,))
        worker.start()
        worker.join()
        ends.append(worker.exitcode)
        node.ledger.jobs.try_again(job.job_id, lost, node.now, node.now)
        sweep(node.folder / "priors", node.ledger)
        assert len(fetched(node)) == len(first)

    last = replace(job, attempts=SETTINGS.jobs.attempts)
    results = node.folder / "results"
    assert request_of(last, node.ledger, SETTINGS, results).earlier == ()
    known = told(node)
    assert ends == [-signal.SIGKILL] * len(ends)
    assert (known.priors, known.withheld) == ((), ("prior_images_unread",))
    assert sweep(node.folder / "priors", node.ledger) == 1


def test_images_that_were_removed_before_their_time_cost_the_prior_alone(
    archive: Archive,
    asked: SearchableArchive,
    node: OneNode,
    tmp_path: Path,
    patient: dict[str, Any],
) -> None:
    """Somebody tidied up the data folder."""
    archive.store(visit(tmp_path, "20240301", **patient)[0].parent)
    known = looked(node, visit(tmp_path, "20250301", **patient), asked)
    for file in fetched(node):
        file.unlink()
    known.images[0].folder.rmdir()

    assert told(node).withheld == ("prior_images_gone",)

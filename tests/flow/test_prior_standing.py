"""Whether an earlier result still stands, and what is said where nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from node.jobs.job import ObjectFile
from node.jobs.worker import load_model
from tests.flow.readings import OneNode, altered
from tests.flow.visits import found, read, search_for, use_named_stand_in, visit
from tests.node.inbound.filing import Filing, note


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneNode]:
    """Return a node whose model sees what is bright."""
    use_named_stand_in(monkeypatch)
    made = OneNode(tmp_path / "node")
    yield made
    made.ledger.close()
    load_model.cache_clear()


def of_another_person(dataset: Dataset) -> None:
    """Let an image be another one, of somebody else."""
    dataset.PatientID, dataset.PatientBirthDate = "TEST-2", "19770707"
    dataset.SOPInstanceUID = generate_uid(
        entropy_srcs=["other", dataset.SOPInstanceUID]
    )
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def test_a_result_of_a_study_that_mixes_two_persons_since_is_no_prior(
    node: OneNode, tmp_path: Path
) -> None:
    """Neither our own file nor the archive's; the reason says why."""
    files = visit(tmp_path, "20240301")
    _, sr = read(node, files)
    archive = Filing()
    archive.takes([sr])
    node.receive(altered(files, tmp_path / "mixed", of_another_person))
    assert node.read().reason == "identity_conflict"

    told = found(node, visit(tmp_path, "20250301"), archive)

    assert told == ([], ["prior_not_renewed"])


def report_of(node: OneNode, job_id: int) -> ObjectFile:
    """Return the report of a job's last result."""
    return next(o for o in node.ledger.jobs.objects(job_id) if o.kind == "SR")


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_report_that_is_gone_or_altered_is_no_prior_and_that_is_said(
    node: OneNode, tmp_path: Path, is_gone: bool
) -> None:
    """What an altered file says nobody has said; the archive may have the true one."""
    job, sr = read(node, visit(tmp_path, "20240301"))
    file = report_of(node, job.job_id).path
    content = file.read_bytes()
    file.unlink()
    if not is_gone:
        file.write_bytes(content.replace(b"32", b"99"))
    archive = Filing()
    archive.takes([sr])

    (prior,), withheld = found(node, visit(tmp_path, "20250302"), archive)
    assert (prior.source, withheld) == ("report in the archive", [])
    lost = found(node, visit(tmp_path, "20250301"))
    assert lost == ([], ["prior_report_unreadable"])


def test_where_nobody_can_be_asked_our_word_stands_and_that_is_said(
    node: OneNode, tmp_path: Path
) -> None:
    """A note may have rejected it."""
    first, _ = read(node, visit(tmp_path, "20240301"))

    away = Filing(error="refused")
    (prior,), withheld = found(node, visit(tmp_path, "20250301"), away)

    assert prior.study_instance_uid == first.study_instance_uid
    assert withheld == ["prior_rejections_unknown"]


def test_our_own_result_is_not_told_while_a_note_about_it_does_not_come(
    node: OneNode, tmp_path: Path
) -> None:
    """The archive has one, and nobody knows what it rejects; other studies stand."""
    first, _ = read(node, visit(tmp_path, "20230301"))
    second, _ = read(node, visit(tmp_path, "20240301"))
    archive = Filing()
    about = note("1.4", "1.7")
    about.StudyInstanceUID = first.study_instance_uid
    archive.takes([about])
    archive.withheld = {first.study_instance_uid}

    (prior,), withheld = found(node, visit(tmp_path, "20250301"), archive)

    assert prior.study_instance_uid == second.study_instance_uid
    assert withheld == ["prior_reports_not_fetched"]


def test_an_archive_that_is_away_takes_no_change_out_of_a_result(
    node: OneNode, tmp_path: Path
) -> None:
    """A localizer comes late, on a day when nobody can be asked: the result stands."""
    _, sr = read(OneNode(tmp_path / "other"), visit(tmp_path, "20240301"))
    archive, away = Filing(), Filing(error="refused")
    archive.takes([sr])
    files = visit(tmp_path, "20250301")
    (prior,), _ = found(node, files, archive)
    told = node.read()

    late = altered(files[:1], tmp_path / "late", as_localizer)
    node.receive(late)
    assert search_for(node, told, away) is not None

    assert node.read().version == 1
    (result,) = node.ledger.history.results(told.job_id)
    assert result.known.priors == (prior,)


def as_localizer(dataset: Dataset) -> None:
    """Let an image be one of another series, which no model reads."""
    for keyword in ("SeriesInstanceUID", "SOPInstanceUID"):
        words = ["late", str(dataset[keyword].value)]
        setattr(dataset, keyword, generate_uid(entropy_srcs=words))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SeriesDescription, dataset.Modality = "localizer", "OT"


def test_one_fuller_name_costs_no_prior(node: OneNode, tmp_path: Path) -> None:
    """The search has looked at another image than the one that states it."""
    read(node, visit(tmp_path, "20240301"))
    files = visit(tmp_path, "20250301")
    first = str(dcmread(files[0]).SOPInstanceUID)

    def fuller(dataset: Dataset) -> None:
        if dataset.SOPInstanceUID == first:
            dataset.PatientName = f"{dataset.PatientName}^Middle"

    job, _ = read(node, altered(files, tmp_path / "named", fuller))

    (result,) = node.ledger.history.results(job.job_id)
    assert [p.study_date for p in result.known.priors] == [date(2024, 3, 1)]
    assert result.known.withheld == ()

"""Visit after visit: what was read of a person before is told when they come again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from node.config import PriorsSettings
from node.jobs.job import Reported
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_retractions import Retraction
from node.jobs.repeat import repeat_request
from node.jobs.request import request_of
from node.jobs.worker import load_model, perform
from tests.flow.readings import MODEL, SETTINGS, OneNode, altered
from tests.flow.visits import (
    found,
    read,
    search_for,
    sought,
    study_of,
    use_named_stand_in,
    visit,
)
from tests.node.inbound.filing import Filing, note


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneNode]:
    """Return a node whose model sees what is bright."""
    use_named_stand_in(monkeypatch)
    made = OneNode(tmp_path / "node")
    yield made
    made.ledger.close()
    load_model.cache_clear()


@dataclass(frozen=True)
class Visits:
    """A node that has read a person's visits, and what it made of the second."""

    node: OneNode
    second: JobRow


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visits]:
    """Return a node after a visit, the next one, and an earlier one that came late.

    It is made once, for tests that change nothing of it.
    """
    folder = tmp_path_factory.mktemp("visits")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_named_stand_in(monkeypatch)
        node = OneNode(folder / "node")
        read(node, visit(folder, "20240301"))
        second, _ = read(node, visit(folder, "20250301"))
        read(node, visit(folder, "20230301"))
        yield Visits(node, second)
        node.ledger.close()
    load_model.cache_clear()


def test_the_second_visit_is_told_of_the_first(node: OneNode, tmp_path: Path) -> None:
    """The numbers as they were printed, when they were measured, by which weights."""
    first, sr = read(node, visit(tmp_path, "20240301"))

    (prior,), withheld = found(node, visit(tmp_path, "20250301"))

    assert withheld == []
    assert prior.study_instance_uid == first.study_instance_uid
    assert prior.sr_instance_uid == sr.SOPInstanceUID
    assert prior.study_date == date(2024, 3, 1)
    assert (prior.source, prior.model_version) == ("own results", "1.0")
    assert prior.device_uid == sr.ContributingEquipmentSequence[0].DeviceUID
    told = [(m.structure, m.name.meaning, m.printed) for m in prior.measurements]
    kept = [(m.structure, m.name, m.printed) for m in first.measurements]
    assert told == kept
    assert prior.protocol["Manufacturer"] == "Test"


def test_the_worker_gets_the_priors_and_the_result_keeps_them(visits: Visits) -> None:
    """They are part of what the result is: with others it is another result."""
    (result,) = visits.node.ledger.history.results(visits.second.job_id)

    assert [p.study_date for p in result.known.priors] == [date(2024, 3, 1)]


def test_a_structure_has_one_tracking_uid_over_the_years(
    node: OneNode, tmp_path: Path
) -> None:
    """A viewer that follows it needs nothing else; another person's has another."""
    _, before = read(node, visit(tmp_path, "20240301"))
    _, after = read(node, visit(tmp_path, "20250301"))
    _, other = read(node, visit(tmp_path, "20250302", PatientID="TEST-2"))

    assert tracking(before) == tracking(after) != tracking(other)


def tracking(item: Dataset) -> set[str]:
    """Return the tracking UIDs (112040, DCM) below an item of a report."""
    inside = (tracking(each) for each in item.get("ContentSequence", ()))
    names = item.get("ConceptNameCodeSequence", ())
    is_one = any(name.CodeValue == "112040" for name in names)
    return set[str]().union(*inside, {str(item.UID)} if is_one else ())


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PatientBirthDate": "19600102"}, "identity_conflict"),
        ({"PatientSex": "M"}, "identity_conflict"),
        ({"PatientBirthDate": ""}, "identity_unproven"),
    ],
)
def test_one_number_of_two_persons_is_no_prior(
    node: OneNode, tmp_path: Path, tags: dict[str, str], reason: str
) -> None:
    """Withheld with its reason: a number may have been given out twice."""
    read(node, visit(tmp_path, "20240301", **tags))

    assert found(node, visit(tmp_path, "20250301")) == ([], [reason])


def test_a_sex_that_nobody_states_is_a_caution(node: OneNode, tmp_path: Path) -> None:
    """The birth date agrees, and so the prior is told with what speaks against it."""
    read(node, visit(tmp_path, "20240301", PatientSex=""))

    (prior,), withheld = found(node, visit(tmp_path, "20250301"))

    assert (prior.cautions, withheld) == (("identity_unproven",), [])


@pytest.mark.parametrize(
    ("earlier", "tags"),
    [
        ("20250301", {}),  # the same day, another study
        ("20260301", {}),  # later
        ("20240301", {"PatientID": "TEST-2"}),
        ("20240301", {"IssuerOfPatientID": "Elsewhere"}),
    ],
)
def test_what_is_no_earlier_study_of_the_person_is_not_told(
    node: OneNode, tmp_path: Path, earlier: str, tags: dict[str, str]
) -> None:
    """Nor a word about it: it is somebody's own affair."""
    read(node, visit(tmp_path / "one", earlier, **{"AccessionNumber": "9"} | tags))

    again = visit(tmp_path / "two", "20250301", IssuerOfPatientID="Here")
    for file in again:
        give_study(file, "1.2.3.4")

    assert found(node, again) == ([], [])


def give_study(file: Path, study: str) -> None:
    """Let a file belong to another study."""
    dataset = dcmread(file)
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = f"{study}.1"
    dataset.SOPInstanceUID = f"{study}.{file.stem}.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(file)


def take_back(node: OneNode, job_id: int) -> None:
    """Take the last result of a job back, as ``retract`` does."""
    ((result_id,),) = node.ledger.database.read(
        "SELECT MAX(result_id) FROM results WHERE job_id = ?", (job_id,)
    )
    why = Retraction("113001", "wrong", node.now)
    node.ledger.retractions.take_back([(result_id, why)], node.now)


def test_a_result_that_was_taken_back_is_no_prior(
    node: OneNode, tmp_path: Path
) -> None:
    """Nor is the version before it, which it had replaced."""
    first, _ = read(node, visit(tmp_path, "20240301"))
    take_back(node, first.job_id)

    assert found(node, visit(tmp_path, "20250301")) == ([], ["prior_retracted"])


def test_our_own_result_falls_with_images_that_the_archive_rejects(
    node: OneNode, tmp_path: Path
) -> None:
    """A wrong worklist entry, say."""
    first = visit(tmp_path, "20240301")
    read(node, first)
    archive = Filing()
    archive.takes([note("1.4", str(dcmread(first[0]).SOPInstanceUID))])

    later = visit(tmp_path, "20250301")

    assert found(node, later, archive) == ([], ["prior_images_rejected"])


def test_a_prior_that_is_taken_back_later_is_told_no_more(
    node: OneNode, tmp_path: Path
) -> None:
    """The next attempt does without; what was said already can be made once more."""
    first, _ = read(node, visit(tmp_path, "20240301"))
    second, _ = read(node, visit(tmp_path, "20250301"))
    take_back(node, first.job_id)

    request = request_of(second, node.ledger, SETTINGS, tmp_path)
    again = repeat_request(second, node.ledger, SETTINGS, tmp_path)

    assert (request.priors, request.priors_withheld) == ((), ("prior_retracted",))
    assert [p.study_date for p in again.priors] == [date(2024, 3, 1)]


def test_a_result_with_a_prior_comes_out_again_byte_for_byte(
    visits: Visits, tmp_path: Path
) -> None:
    """Its priors come from the ledger, whatever else was read meanwhile."""
    ledger, second = visits.node.ledger, visits.second

    outcome = perform(repeat_request(second, ledger, SETTINGS, tmp_path / "again"))

    assert isinstance(outcome, Reported), outcome
    made = ledger.jobs.objects(second.job_id)
    assert [o.sha256 for o in outcome.objects] == [o.sha256 for o in made]


def test_a_prior_that_comes_late_makes_no_new_version(
    node: OneNode, tmp_path: Path
) -> None:
    """A retry is told what the first reading was: the result stands."""
    files = visit(tmp_path, "20250301")
    second, _ = read(node, files)
    read(node, visit(tmp_path, "20240301"))
    node.ledger.repeats.queue_again([second.job_id], node.now)

    assert node.read().version == 1


def test_a_retry_has_sought_what_nobody_could_look_for(
    node: OneNode, tmp_path: Path
) -> None:
    """On a day when the archive answers; until then nobody looks again by himself."""
    read(node, visit(tmp_path, "20240301"))
    node.receive(visit(tmp_path, "20250301"))
    without = node.read()
    assert node.ledger.priors.unsought() == []
    node.ledger.repeats.queue_again([without.job_id], node.now)

    search_for(node, without)
    again = node.read()

    (_, told) = node.ledger.history.results(again.job_id)
    assert [p.study_date for p in told.known.priors] == [date(2024, 3, 1)]


def test_an_answer_that_comes_after_a_correction_is_told_to_nobody(
    node: OneNode, tmp_path: Path
) -> None:
    """It was sought for whom the study named before: the reason says so."""
    read(node, visit(tmp_path, "20240301"))
    files = visit(tmp_path, "20250301")
    known = sought(node, files)
    assert known is not None
    assert known.priors

    node.receive(altered(files, tmp_path / "corrected", of_another_person))
    (job,) = node.ledger.jobs.listing(study_of(files))
    assert node.ledger.priors.keep(job.job_id, known, node.now)  # too late

    (result,) = node.ledger.history.results(node.read().job_id)
    assert result.known.priors == ()
    assert result.known.withheld == ("prior_person_changed",)


def test_a_report_of_before_a_correction_is_no_prior_of_whom_it_names(
    node: OneNode, tmp_path: Path
) -> None:
    """The archive holds it still, under the wrong person; here another replaced it."""
    files = visit(tmp_path, "20240301")
    _, wrong = read(node, files)
    archive = Filing()
    archive.takes([wrong])
    node.receive(altered(files, tmp_path / "corrected", of_another_person))
    assert node.read().version == 2

    assert found(node, visit(tmp_path, "20250301"), archive) == (
        [],
        ["prior_retracted"],
    )


def test_a_note_that_nobody_understands_costs_no_result_of_our_own(
    node: OneNode, tmp_path: Path
) -> None:
    """What it rejects is unknown; our own word stands."""
    first, _ = read(node, visit(tmp_path, "20240301"))
    odd = note("1.4", "1.7")
    del odd.CurrentRequestedProcedureEvidenceSequence
    odd.add_new("CurrentRequestedProcedureEvidenceSequence", "LO", "odd")
    archive = Filing()
    archive.takes([odd])

    (prior,), _ = found(node, visit(tmp_path, "20250301"), archive)

    assert prior.study_instance_uid == first.study_instance_uid


def of_another_person(dataset: Dataset) -> None:
    """Let a study be of somebody else."""
    dataset.PatientID, dataset.PatientBirthDate = "TEST-2", "19770707"


def test_a_visit_waits_for_an_earlier_one_that_is_being_read(
    node: OneNode, tmp_path: Path
) -> None:
    """Both came at once: the earlier is read first, and then told."""
    earlier, later = visit(tmp_path, "20240301"), visit(tmp_path, "20250301")
    found(node, earlier)

    assert sought(node, later) is None
    node.read()
    (prior,), _ = found(node, later)
    assert prior.study_instance_uid == study_of(earlier)


def test_the_ledger_holds_no_word_of_the_person(node: OneNode, tmp_path: Path) -> None:
    """Neither the number, nor the birth date, in any table or index."""
    tags = {"PatientID": "GEHEIM-77", "PatientBirthDate": "19511123"}
    read(node, visit(tmp_path, "20240301", **tags))
    read(node, visit(tmp_path, "20250301", **tags))
    node.ledger.close()
    content = b"".join(f.read_bytes() for f in node.folder.glob("ledger.sqlite*"))
    node.start()

    assert b"GEHEIM" not in content
    assert b"19511123" not in content
    assert b"1951-11-23" not in content


def test_who_does_not_want_priors_gets_none(visits: Visits, tmp_path: Path) -> None:
    """Not even a reason."""
    without = SETTINGS.model_copy(update={"priors": PriorsSettings(enabled=False)})

    request = request_of(visits.second, visits.node.ledger, without, tmp_path)

    assert (request.model, request.priors, request.priors_withheld) == (MODEL, (), ())

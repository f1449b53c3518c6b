"""Finding what came into an archive, and what it did not deliver: a real Orthanc."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt

from node.config import ArchiveSettings
from node.errors import ArchiveError
from node.inbound.archive import Found, FoundStudy, SearchableArchive
from node.inbound.archive_dicom import STUDY_ROOT_FIND, DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from tests.node.inbound.archives import without_the_optional
from tests.node.inbound.conftest import Orthanc
from tests.node.inbound.objects import build_instance, eventually
from tests.ports import free_port

NODE = "HIPPOAI"
needs_orthanc = pytest.mark.pacs


def by_rest(orthanc: Orthanc) -> OrthancArchive:
    """Return the running Orthanc, asked by REST."""
    return OrthancArchive(orthanc.settings, orthanc.user, orthanc.password, NODE)


@pytest.fixture(params=["REST", "C-FIND"])
def archive(request: pytest.FixtureRequest, orthanc: Orthanc) -> SearchableArchive:
    """Return the running Orthanc, asked one way or the other."""
    if request.param == "REST":
        return by_rest(orthanc)
    return DicomArchive(orthanc.settings, NODE)


def today() -> str:
    """Return the date of today as a study has it."""
    return f"{datetime.now(UTC).astimezone():%Y%m%d}"


def upload(
    orthanc: Orthanc, number: int = 1, modality: str = "CT", date: str = ""
) -> str:
    """Put a new study of one series into Orthanc and return its UID."""
    study, series = str(generate_uid()), str(generate_uid())
    for _ in range(number):
        image = build_instance(
            study, series, Modality=modality, StudyDate=date or today()
        )
        orthanc.upload(image)
    return study


def store(orthanc: Orthanc, ds: Dataset, calling: str) -> None:
    """Send one instance by C-STORE."""
    ae = AE(ae_title=calling)
    ae.add_requested_context(ds.SOPClassUID, ExplicitVRLittleEndian)
    settings = orthanc.settings
    association = ae.associate(
        settings.host, settings.dicom_port, ae_title=settings.ae_title
    )
    assert association.send_c_store(ds).Status == 0
    association.release()


def found(
    archive: SearchableArchive, position: str | None = None
) -> dict[str, FoundStudy]:
    """Return everything that is found from a position on, by its UID."""
    studies: dict[str, FoundStudy] = {}
    while True:
        page = archive.search(position, datetime.now(UTC), 1)
        studies |= {each.study_instance_uid: each for each in page.studies}
        position = page.position
        if page.is_last:
            return studies


def position_now(archive: SearchableArchive) -> str:
    """Return the position behind everything that is there."""
    position: str | None = None
    while True:
        page = archive.search(position, datetime.now(UTC), 1)
        position = page.position
        if page.is_last:
            return position


@needs_orthanc
def test_what_came_is_found_with_modality_and_number(
    archive: SearchableArchive, orthanc: Orthanc
) -> None:
    """At the first search, which has no position; by REST series by series."""
    study = upload(orthanc, 3, "MR")
    told = found(archive)[study]

    assert (told.modalities, told.instances) == (frozenset({"MR"}), 3)
    series = None if isinstance(archive, DicomArchive) else [3]
    assert (told.series and list(told.series.values())) == series


@needs_orthanc
def test_what_came_after_a_position_is_found_from_there(
    archive: SearchableArchive, orthanc: Orthanc
) -> None:
    """The position is text that a ledger keeps."""
    before = position_now(archive)
    study = upload(orthanc)

    assert study in found(archive, before)


@needs_orthanc
def test_changes_are_found_once(orthanc: Orthanc) -> None:
    """Behind the position nothing is told again."""
    upload(orthanc)
    archive = by_rest(orthanc)

    assert found(archive, position_now(archive)) == {}


@needs_orthanc
def test_the_first_look_begins_at_its_day(orthanc: Orthanc) -> None:
    """Seen from two days later nothing of today is found; from today all is."""
    study = upload(orthanc)
    archive = by_rest(orthanc)
    later = datetime.now(UTC) + timedelta(days=2)

    assert archive.search(None, later, 1).studies == ()
    page = archive.search(None, later, 3)
    assert study in {each.study_instance_uid for each in page.studies}


@needs_orthanc
def test_with_no_day_to_look_back_the_first_look_begins_behind_all(
    orthanc: Orthanc,
) -> None:
    """One page, without a study; also when the clock of the archive is ahead."""
    upload(orthanc)
    archive = by_rest(orthanc)
    last = position_now(archive)
    earlier = datetime.now(UTC) - timedelta(days=2)

    assert archive.search(None, earlier, 0) == Found((), last)
    study = upload(orthanc)
    page = archive.search(last, earlier, 0)
    assert study in {each.study_instance_uid for each in page.studies}


@needs_orthanc
def test_a_position_of_another_database_begins_anew(orthanc: Orthanc) -> None:
    """An Orthanc that was set up afresh counts from one again."""
    study = upload(orthanc)
    archive = by_rest(orthanc)

    assert study in found(archive, "999999999")


@needs_orthanc
def test_a_search_by_date_goes_back_before_its_position(orthanc: Orthanc) -> None:
    """A study enters the archive later than it was made; an older one is not asked."""
    yesterday = f"{datetime.now(UTC).astimezone() - timedelta(days=1):%Y%m%d}"
    study = upload(orthanc, date=yesterday)
    old = upload(orthanc, date="20200101")
    archive = DicomArchive(orthanc.settings, NODE)

    studies = found(archive, today_as_position())
    assert study in studies
    assert old not in studies


def today_as_position() -> str:
    """Return the position behind a search of today."""
    return datetime.now(UTC).astimezone().date().isoformat()


@needs_orthanc
def test_what_an_archive_leaves_out_is_not_known_and_can_be_asked_for(
    orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modalities in Study and the number of instances, at the levels below."""
    study = upload(orthanc, 2, "MR")
    without_the_optional(monkeypatch)
    archive = DicomArchive(orthanc.settings, NODE)

    assert found(archive)[study] == FoundStudy(study, None, None)
    holding = archive.holding(study)
    assert holding is not None
    assert list(holding.series.values()) == [2]
    assert holding.modalities == {"MR"}


@needs_orthanc
def test_a_holding_tells_series_and_modalities(
    archive: SearchableArchive, orthanc: Orthanc
) -> None:
    """None for a study that is not there."""
    study = upload(orthanc, 2, "MR")
    holding = archive.holding(study)

    assert holding is not None
    assert list(holding.series.values()) == [2]
    assert holding.modalities == {"MR"}
    assert archive.holding(generate_uid()) is None


@needs_orthanc
def test_a_study_that_just_came_is_not_stable(orthanc: Orthanc) -> None:
    """By Orthanc's own settling time, a minute here."""
    holding = by_rest(orthanc).holding(upload(orthanc))

    assert holding is not None
    assert not holding.is_stable


@needs_orthanc
def test_what_the_node_stored_does_not_count(orthanc: Orthanc) -> None:
    """Neither in a search nor in a holding; a study of results alone is none."""
    study = upload(orthanc, 2, "MR")
    store(orthanc, build_instance(study, Modality="SR", StudyDate=today()), NODE)
    alone = build_instance(Modality="SR", StudyDate=today())
    store(orthanc, alone, NODE)
    archive = by_rest(orthanc)

    told = found(archive)[study]
    assert (told.modalities, told.instances) == (frozenset({"MR"}), 2)
    holding = archive.holding(study)
    assert holding is not None
    assert sum(holding.series.values()) == 2
    assert archive.holding(alone.StudyInstanceUID) is None
    assert alone.StudyInstanceUID not in found(archive)


def ask(orthanc: Orthanc, method: str, path: str, body: str = "") -> Any:
    """Ask the running Orthanc and return its JSON answer."""
    response = requests.request(
        method,
        f"http://127.0.0.1:{orthanc.settings.http_port}{path}",
        data=body,
        auth=(orthanc.user, orthanc.password.get_secret_value()),
        timeout=10,
    )
    assert response.ok
    return response.json() if response.content else None


def send_to(orthanc: Orthanc, ae_title: str, study: str) -> None:
    """Have Orthanc send a study to somebody who is not there."""
    modality = f'["{ae_title}","127.0.0.1",{free_port()}]'
    ask(orthanc, "PUT", f"/modalities/{ae_title}", modality)
    (found,) = ask(orthanc, "POST", "/tools/lookup", study)
    body = f'{{"Resources":["{found["ID"]}"],"Asynchronous":true}}'
    ask(orthanc, "POST", f"/modalities/{ae_title}/store", body)


@needs_orthanc
def test_a_failed_store_job_is_found_and_sent_again(orthanc: Orthanc) -> None:
    """By study; jobs to others are not ours, and neither is a job of the past."""
    study, other = upload(orthanc), upload(orthanc)
    send_to(orthanc, NODE, study)
    send_to(orthanc, "SOMEBODY", other)
    archive = by_rest(orthanc)

    job = str(eventually(lambda: archive.routing().failed.get(study)))
    assert other not in archive.routing().failed
    begun = ask(orthanc, "GET", f"/jobs/{job}")["CompletionTime"]
    archive.send_again(job)

    eventually(
        lambda: ask(orthanc, "GET", f"/jobs/{job}").get("CompletionTime", begun) > begun
    )
    assert eventually(lambda: archive.routing().failed.get(study)) == job


@needs_orthanc
def test_a_job_whose_study_is_gone_is_no_ones(orthanc: Orthanc) -> None:
    """It cannot be sent any more, and troubles no other."""
    study, kept = upload(orthanc), upload(orthanc)
    for each in (study, kept):
        send_to(orthanc, NODE, each)
    archive = by_rest(orthanc)
    eventually(lambda: study in archive.routing().failed)
    (found,) = ask(orthanc, "POST", "/tools/lookup", study)
    ask(orthanc, "DELETE", f"/studies/{found['ID']}")

    failed = by_rest(orthanc).routing().failed
    assert study not in failed
    assert kept in failed


@needs_orthanc
def test_a_job_that_orthanc_forgot_cannot_be_sent_again(orthanc: Orthanc) -> None:
    """An error like any other of the archive."""
    with pytest.raises(ArchiveError, match="refuses with HTTP 4"):
        by_rest(orthanc).send_again("0" * 8)


@needs_orthanc
def test_an_orthanc_without_our_script_keeps_no_account(orthanc: Orthanc) -> None:
    """It has no metadata of that name: that is no error."""
    study = upload(orthanc)
    archive = by_rest(orthanc)
    holding = archive.holding(study)
    assert holding is not None

    archive.note_fetched(study, holding)

    assert archive.holding(study) == holding


def test_dicom_knows_no_jobs() -> None:
    """Nothing is seen, and nothing can be sent again."""
    archive = DicomArchive(ArchiveSettings(), NODE)

    assert archive.routing() is None
    with pytest.raises(ArchiveError, match="has no job"):
        archive.send_again("1")


def test_a_host_that_nobody_knows_is_one_line() -> None:
    """The resolver's error comes through pynetdicom as it is."""
    settings = ArchiveSettings(host="no-such-host.invalid", timeout_s=2)

    with pytest.raises(ArchiveError, match="cannot be reached: gaierror"):
        DicomArchive(settings, NODE).echo()


@contextmanager
def pacs(*answers: Dataset) -> Iterator[DicomArchive]:
    """Run an archive that answers C-FIND with these identifiers and has no C-GET."""
    settings = ArchiveSettings(ae_title="PACS", dicom_port=free_port(), timeout_s=2)
    ae = AE(ae_title="PACS")
    ae.add_supported_context(STUDY_ROOT_FIND)
    for answer in answers:
        ae.add_supported_context(answer.SOPClassUID, scu_role=True, scp_role=True)

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset]]:
        yield from ((0xFF00, answer) for answer in answers)

    server = ae.start_server(
        (settings.host, settings.dicom_port),
        block=False,
        evt_handlers=[(evt.EVT_C_FIND, find)],
    )
    try:
        yield DicomArchive(settings, NODE)
    finally:
        server.shutdown()  # type: ignore[union-attr]  # None only when it blocks


def image() -> Dataset:
    """Return the answer to a question about images."""
    ds = build_instance()
    ds.QueryRetrieveLevel = "IMAGE"
    return ds


def test_a_pacs_without_c_get_is_one_line() -> None:
    """Where no context was accepted pynetdicom raises ValueError."""
    with (
        pacs(image()) as archive,
        pytest.raises(ArchiveError, match="does not offer the service"),
    ):
        archive.fetch_study("1.2", lambda _: None)


def test_an_answer_without_uids_is_one_line() -> None:
    """Nor does a number that is none bring an exception of pydicom's."""
    nameless = image()
    del nameless.SeriesInstanceUID
    with (
        pacs(nameless) as archive,
        pytest.raises(ArchiveError, match="answers amiss: AttributeError"),
    ):
        archive.series_counts("1.2")

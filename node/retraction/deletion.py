"""Deleting what was taken back from an Orthanc: exactly these instances, no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from models.volume.headers import quiet
from node.config import Destination, Settings
from node.errors import ArchiveError
from node.inbound.orthanc_rest import OrthancRest
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import SentResult
from node.report.provenance import is_own
from node.send.outbox import destination_name

NOT_OURS = "the archive holds something under it that is not ours"
NOTE_WAS_REFUSED = (
    "its note was not taken: see pacs-node explain, then pacs-node retry --destination"
)
NOTE_IS_NOT_THERE = "its note is not there yet: the same command deletes it later"


class NotOursError(ArchiveError):
    """What lies under the UID was not made by a node of this kind."""


@dataclass(slots=True)
class Deletions:
    """What became of objects that were to be deleted, by SOP Instance UID.

    Attributes
    ----------
    absent
        The archive did not hold them (any more).
    kept
        With the reason, in words.
    """

    deleted: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)


def delete_all(
    ledger: Ledger, settings: Settings, results: Sequence[SentResult], now: datetime
) -> Deletions:
    """Delete from the archive what was taken back, and record that it is gone.

    Nothing is deleted whose note is not there: who finds the objects gone must find
    the reason. Where there is no REST, and after the archive failed to answer, what
    is left is kept and told.
    """
    done, rest, trouble = Deletions(), archive_rest(settings), ""
    for uid, result in _standing(results):
        done.kept += _elsewhere(result, uid, settings)
        if trouble or why_not_yet(result):
            done.kept.append((uid, trouble or why_not_yet(result)))
            continue
        try:
            copies = delete_instance(rest, uid)
        except NotOursError as error:
            done.kept.append((uid, str(error)))
        except ArchiveError as error:
            trouble = str(error)
            done.kept.append((uid, trouble))
        else:
            (done.deleted if copies else done.absent).append(uid)
            if copies or result.sent_to(uid):  # else it may still come
                ledger.retractions.deleted(uid, now)
    return done


def why_not_yet(result: SentResult) -> str:
    """Return why the objects of a result stay for now; "" when they need not."""
    note = result.retraction.note if result.retraction else None
    states = {
        state
        for (uid, _), state in result.states.items()
        if note is not None and uid == note.sop_instance_uid
    }
    if "failed" in states:
        return NOTE_WAS_REFUSED
    return NOTE_IS_NOT_THERE if "pending" in states else ""


def is_on_its_way(result: SentResult) -> bool:
    """Tell whether the note of a result is still to be delivered somewhere."""
    return why_not_yet(result) == NOTE_IS_NOT_THERE


def archive_rest(settings: Settings) -> OrthancRest:
    """Return the REST API of the configured archive."""
    archive = settings.archive
    return OrthancRest(
        f"http://{archive.host}:{archive.http_port}",
        archive.timeout_s,
        settings.archive_user,
        settings.archive_password,
    )


def delete_instance(rest: OrthancRest, sop_instance_uid: str) -> int:
    """Delete one of our objects from the archive; return how many copies there were.

    Each copy is fetched and looked at first: it must be that instance, and bear our
    equipment. A series or a study is never deleted.

    Raises
    ------
    NotOursError
        The archive holds something else under this UID.
    ArchiveError
        The archive does not answer, or refuses.
    """
    with rest.translated():
        found = rest.ask("POST", "/tools/lookup", sop_instance_uid).json()
        names = [str(each["ID"]) for each in found if each["Type"] == "Instance"]
    for name in names:
        content = rest.ask("GET", f"/instances/{name}/file").content
        if not _is_this(content, sop_instance_uid):
            raise NotOursError(NOT_OURS)
    for name in names:
        rest.ask("DELETE", f"/instances/{name}")
    return len(names)


@quiet()
def _is_this(content: bytes, sop_instance_uid: str) -> bool:
    """Tell whether a file is this object, made by a node of this kind."""
    try:
        ds = dcmread(BytesIO(content), stop_before_pixels=True)
    except InvalidDicomError:
        return False
    return ds.get("SOPInstanceUID") == sop_instance_uid and is_own(ds)


def _standing(results: Sequence[SentResult]) -> Iterator[tuple[str, SentResult]]:
    """Yield the objects that were taken back and are not known to be deleted."""
    for result in results:
        gone = result.retraction.deleted if result.retraction else frozenset()
        for made in result.objects:
            if result.retraction and made.sop_instance_uid not in gone:
                yield made.sop_instance_uid, result


def _elsewhere(
    result: SentResult, uid: str, settings: Settings
) -> Iterator[tuple[str, str]]:
    """Yield where an object lies that no REST of ours reaches."""
    archive = settings.archive
    for destination in settings.destinations:
        is_archive = destination == Destination(
            ae_title=archive.ae_title, host=archive.host, port=archive.dicom_port
        )
        name = destination_name(destination)
        if name in result.sent_to(uid) and not is_archive:
            yield uid, f"{name} offers no REST: delete it there by hand"

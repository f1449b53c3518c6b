"""With ``--store``: an object of nobody goes where results go, and is deleted again.

It carries the mark of our own objects and comes from the node's AE title: the routing
script leaves it where it is, and a node that meets it nevertheless reads it not. At
Orthanc it serves for one question more: the routing script answers it (Lua).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import requests
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from node.config import Destination, Settings
from node.doctor.echo import Outcome, tried
from node.doctor.finding import Finding, State, not_examined, ok, wrong
from node.doctor.peers import orthanc_line
from node.doctor.rest import Rest
from node.doctor.specimen import write_specimen
from node.errors import SendError
from node.send.scu import Answer, Outgoing, Peer, store

ASK = "pacs-node check --store"
ASKED, ANSWERED = "AiNodeAsked", "AiNodeServes"
"""Metadata of a study: our question, and the AE title that the script routes to."""

SCRIPT = "routing script (Lua)"
ANSWER_S = 2.0
"""Longest wait for the script, which answers within milliseconds."""

SCRIPT_LINE = '"LuaScripts": ["route_dicoms.lua"]  # its full path'
RESTART = "./launch_orthanc.sh --stop; ./launch_orthanc.sh"


def examine_store(settings: Settings, rest: Rest, *, asked: bool) -> Iterator[Finding]:
    """Store the self-test object everywhere, if that was asked for."""
    if not asked:
        yield not_examined("test C-STORE", "only when asked for", "", ASK)
        yield not_examined(SCRIPT, "it answers for a stored object alone", "", ASK)
        return
    has_archive = False
    with tempfile.TemporaryDirectory() as folder:
        for destination in settings.destinations:
            is_archive = _is_archive(settings, destination)
            has_archive |= is_archive
            there = rest if is_archive else None
            yield from _tried(settings, destination, Path(folder), there)
    if not has_archive:
        yield not_examined(
            SCRIPT, "no results go to the archive", "[send] destinations"
        )


def _is_archive(settings: Settings, destination: Destination) -> bool:
    archive = settings.archive
    place = (destination.host, destination.port)
    return place == (archive.host, archive.dicom_port)


def _tried(
    settings: Settings, destination: Destination, folder: Path, rest: Rest | None
) -> Iterator[Finding]:
    """Store at one destination; where that is an Orthanc, ask, look and delete."""
    path = folder / "self-test.dcm"
    uid = write_specimen(path)  # a new one each time: none is ever there already
    peer = Peer(destination.ae_title, destination.host, destination.port)
    stored = _stored(
        settings,
        peer,
        Outgoing(SecondaryCaptureImageStorage, uid, ExplicitVRLittleEndian, path),
    )
    yield stored
    if rest is not None and not rest.why_not:
        instance = _instance(rest, uid)  # it may be there though no answer came
        try:
            yield _script(settings, rest, instance)
        finally:
            deleted = _deleted(rest, instance, uid, expected=stored.state is State.OK)
        yield from deleted
        return
    if rest is not None:
        yield not_examined(SCRIPT, rest.why_not)
    if stored.state is State.OK:
        because = "it stays there: only an Orthanc with REST lets it be deleted"
        remedy = f"have SOP Instance UID {uid} deleted"
        yield not_examined("self-test object", because, f"{peer}", remedy)


def _stored(settings: Settings, peer: Peer, outgoing: Outgoing) -> Finding:
    subject, ours = "test C-STORE", settings.node.ae_title
    where = f"the configuration of {peer.ae_title}"
    line = orthanc_line(settings)
    remedy = f"let {ours} store (C-STORE); of an Orthanc, orthanc.json:\n{line}"
    if tried(peer, ours, settings.archive.timeout_s) is not Outcome.ANSWERS:
        return not_examined(subject, f"{peer} does not answer C-ECHO")
    try:
        sent = next(store([outgoing], peer, ours, settings.send.timeout_s), None)
    except SendError as error:
        return wrong(subject, f"{error}", where, remedy)
    if sent is None or sent.answer is not Answer.STORED:
        detail = sent.detail if sent else "the association broke"
        return wrong(subject, f"{peer}: {detail}", where, remedy)
    return ok(subject, f"stored at {peer}")


def _instance(rest: Rest, uid: str) -> str:
    """Return Orthanc's name of the test object; empty when it is not there."""
    try:
        found = rest.ask("POST", "/tools/lookup", uid).json()
    except (requests.RequestException, ValueError):
        return ""
    names = [str(one["ID"]) for one in found if one.get("Type") == "Instance"]
    return names[0] if len(names) == 1 else ""


def _script(settings: Settings, rest: Rest, instance: str) -> Finding:
    """Put the question to the study of the test object, and wait for the answer."""
    study = (rest.get(f"/instances/{instance}/study") or {}) if instance else {}
    if not study:
        return not_examined(SCRIPT, "the test object did not come to the archive")
    answer = _answered(rest, f"/studies/{study['ID']}/metadata")
    ours = settings.node.ae_title
    if answer == ours:
        return ok(SCRIPT, f"it is loaded and routes to {ours}")
    if answer:
        found = f"it routes to {answer}, not to {ours}"
        where, line = "orthanc.json, AiNode and DicomModalities", orthanc_line(settings)
        return wrong(SCRIPT, found, where, f"{RESTART}\nor write\n{line}")
    found = "it is not loaded, or is that of another version: nothing is routed here"
    remedy = f"{RESTART}\nor write\n{SCRIPT_LINE}"
    return wrong(SCRIPT, found, "orthanc.json, LuaScripts", remedy)


def _answered(rest: Rest, metadata: str) -> str:
    """Return the AE title that the script wrote; empty when none did in time.

    An Orthanc whose configuration lacks the two names refuses the question at once.
    """
    try:
        asked = rest.ask("PUT", f"{metadata}/{ASKED}", "check")
    except requests.RequestException:
        return ""
    if asked.status_code != HTTPStatus.OK:
        return ""
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        answer = (rest.get(f"{metadata}?expand") or {}).get(ANSWERED)
        if answer:
            return str(answer)
        time.sleep(0.02)
    return ""


def _deleted(
    rest: Rest, instance: str, uid: str, *, expected: bool
) -> Iterator[Finding]:
    """Delete exactly the test object, and look that it is gone."""
    subject = "self-test object"
    if not instance:
        if expected:
            found = "stored, says the archive, and cannot be found in it"
            remedy = f"look for SOP Instance UID {uid}"
            yield wrong(subject, found, "the archive", remedy)
        return
    with suppress(requests.RequestException):  # whether it is gone is looked up
        rest.ask("DELETE", f"/instances/{instance}")
    if not _instance(rest, uid):
        yield ok(subject, "found again in the archive, and deleted")
        return
    found = "the archive did not delete it"
    remedy = f"curl -X DELETE {rest.address}/instances/{instance}  # SOP Instance {uid}"
    yield wrong(subject, found, "the archive", remedy)

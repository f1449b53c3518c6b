"""From the node: every destination, and the archive, by C-ECHO and a real question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from node.app import archive_of
from node.config import Settings
from node.doctor.echo import Outcome, tried
from node.doctor.finding import Finding, ok, wrong
from node.doctor.network import ANY_ADDRESS, is_loopback
from node.doctor.rest import Rest
from node.errors import NodeError
from node.send.scu import Peer

NO_STUDY = "2.25.0"
"""A Study Instance UID that no study has."""


def examine_peers(settings: Settings, rest: Rest) -> Iterator[Finding]:
    """Call everybody that the node calls."""
    archive = settings.archive
    called = Peer(archive.ae_title, archive.host, archive.dicom_port)
    peers = [Peer(d.ae_title, d.host, d.port) for d in settings.destinations]
    for peer in dict.fromkeys((*peers, called)):
        yield _called(settings, _call(settings, rest, peer))
    if not archive.rest:
        yield _questions(settings)


def orthanc_line(settings: Settings) -> str:
    """Return the line of ``orthanc.json`` that makes the node known to Orthanc."""
    node, host = settings.node, settings.node.listen
    if is_loopback(settings.archive.host):
        host = "127.0.0.1"
    elif is_loopback(host) or host in ANY_ADDRESS:
        host = "ADDRESS OF THIS MACHINE"
    entry = f'"ai-node": ["{node.ae_title}", "{host}", {node.port}]'
    return f'"DicomModalities": {{{entry}}}'


@dataclass(frozen=True, slots=True)
class _Call:
    """Somebody who is called: as what, and where the settings name it."""

    subject: str
    section: str
    port_key: str
    peer: Peer
    rest: Rest | None
    """Of an archive that can be asked about itself."""


def _call(settings: Settings, rest: Rest, peer: Peer) -> _Call:
    archive = settings.archive
    if peer == Peer(archive.ae_title, archive.host, archive.dicom_port):
        return _Call("archive", "[archive]", "dicom_port", peer, rest)
    subject, section = f"destination {peer.ae_title}", "[[send.destinations]]"
    return _Call(subject, section, "port", peer, None)


def _called(settings: Settings, call: _Call) -> Finding:
    """Call, and say who has to change what when there is no answer."""
    ours, peer = settings.node.ae_title, call.peer
    outcome = tried(peer, ours, settings.archive.timeout_s)
    if outcome is Outcome.ANSWERS:
        return ok(call.subject, f"{peer} answers C-ECHO")
    if outcome is Outcome.NO_SUCH_HOST:
        found = f"{peer}: that name has no address"
        remedy = 'host = "its address", or a name that `getent hosts` knows'
        return wrong(call.subject, found, f"{call.section} host", remedy)
    if outcome is Outcome.CALLED_REFUSED:
        return _called_refused(call)
    if outcome is Outcome.CALLING_REFUSED:
        return _calling_refused(settings, call)
    found = {
        Outcome.SILENT: f"{peer} does not answer",
        Outcome.NOT_DICOM: f"{peer}: another program is there, it speaks no DICOM",
    }.get(outcome, f"{peer} refuses the C-ECHO")
    where = f"{call.section} host, {call.port_key}"
    return wrong(call.subject, found, where, _start(call))


def _start(call: _Call) -> str:
    """Return how to get somebody to answer at that port."""
    real = call.rest.system.get("DicomPort") if call.rest else None
    if real not in (None, call.peer.port):
        return f"{call.port_key} = {real}"
    is_ours = call.rest is not None and is_loopback(call.peer.host)
    start = "./launch_orthanc.sh" if is_ours else "start it"
    return f"{start}, or {call.port_key} = the port that it listens at"


def _called_refused(call: _Call) -> Finding:
    """Another AE title lives there; Orthanc tells its own."""
    real = call.rest.system.get("DicomAet") if call.rest else None
    found = f"{call.peer}: nobody of that AE title is there"
    if real:
        found += f"; Orthanc says that it is {real}"
    remedy = f'ae_title = "{real or "TITLE OF THAT ARCHIVE"}"'
    return wrong(call.subject, found, f"{call.section} ae_title", remedy)


def _calling_refused(settings: Settings, call: _Call) -> Finding:
    ours, port = settings.node.ae_title, settings.node.port
    return wrong(
        call.subject,
        f"{call.peer} does not know the AE title {ours}",
        f"the configuration of {call.peer.ae_title}",
        f"ask its administrator to let {ours}, port {port}, store and query; "
        f"of an Orthanc, orthanc.json:\n{orthanc_line(settings)}",
    )


def _questions(settings: Settings) -> Finding:
    """Ask what the node asks, by C-FIND; some answer C-ECHO and refuse that."""
    subject, ours = "questions by C-FIND", settings.node.ae_title
    try:
        archive_of(settings).series_counts(NO_STUDY)
    except NodeError as error:
        return wrong(
            subject,
            str(error),
            f"the configuration of {settings.archive.ae_title}",
            f"let {ours} query (C-FIND); of an Orthanc, orthanc.json:\n"
            f"{orthanc_line(settings)}",
        )
    return ok(subject, f"{settings.archive.ae_title} answers {ours}")

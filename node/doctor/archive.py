"""What an Orthanc tells by REST: itself, its way back to the node, DICOMweb."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import requests

from node.config import Settings
from node.doctor.finding import Finding, not_examined, ok, wrong
from node.doctor.network import Port, is_loopback
from node.doctor.peers import orthanc_line
from node.doctor.rest import Rest

WAY_BACK = "way back to the node"
RESTART = "./launch_orthanc.sh --stop; ./launch_orthanc.sh"
CREDENTIALS = (
    "export PACS_NODE_ARCHIVE_USER=... PACS_NODE_ARCHIVE_PASSWORD=...",
    "the environment of the node",
)


def examine_archive(settings: Settings, rest: Rest, port: Port) -> Iterator[Finding]:
    """Examine the archive by REST; what then cannot be known is said."""
    yield _rest(settings, rest)
    yield _way_back(settings, rest, port)
    yield _dicomweb(rest)


def _rest(settings: Settings, rest: Rest) -> Finding:
    subject = "archive REST"
    if not rest.is_wanted:
        return not_examined(subject, rest.why_not)
    if rest.system:
        version = rest.system.get("Version")
        return ok(subject, f"Orthanc {version} answers at {rest.address}")
    if rest.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        given = "the user and password" if settings.archive_user else "without a user"
        found = f"{rest.address} refuses {given} (HTTP {rest.status})"
        remedy, where = CREDENTIALS
        return wrong(subject, found, where, remedy)
    if rest.is_tls:
        found = f"{rest.address} speaks HTTPS; the node asks by HTTP alone"
        where = "orthanc.json, or [archive] http_port"
        return wrong(subject, found, where, '"SslEnabled": false')
    where = "[archive] http_port, rest"
    if rest.status is not None:
        found = f"{rest.address} does not answer as Orthanc (HTTP {rest.status})"
        remedy = "http_port = Orthanc's; for an archive without REST: rest = false"
        return wrong(subject, found, where, remedy)
    start = "./launch_orthanc.sh" if is_loopback(settings.archive.host) else "start it"
    remedy = f"{start}; for an archive without REST: rest = false"
    return wrong(subject, f"{rest.address} does not answer", where, remedy)


def _way_back(settings: Settings, rest: Rest, port: Port) -> Finding:
    """Have Orthanc call the node: first whom it would call, then whether it can."""
    node = settings.node
    if rest.why_not:
        by_hand = f"let its administrator C-ECHO {node.ae_title} at port {node.port}"
        where, do = ("", "") if rest.is_wanted else ("the archive", by_hand)
        return not_examined(WAY_BACK, rest.why_not, where, do)
    modalities = rest.get("/modalities?expand") or {}
    ours = {name: m for name, m in modalities.items() if m.get("AET") == node.ae_title}
    if not ours:
        return _unknown(settings, rest, modalities)
    name, modality = next(
        ((name, m) for name, m in ours.items() if m.get("Port") == node.port),
        next(iter(ours.items())),
    )
    if modality.get("Port") != node.port:
        found = f"Orthanc calls {node.ae_title} at port {modality.get('Port')}"
        return _at_orthanc(settings, rest, f"{found}; the node is at {node.port}")
    if modality.get("AllowStore") is False:
        found = f"Orthanc takes no results from {node.ae_title} (AllowStore is false)"
        return _at_orthanc(settings, rest, found)
    if not port.answers:
        return not_examined(WAY_BACK, f"see {port.finding.subject}")
    return _echoed(settings, rest, name, modality)


def _unknown(settings: Settings, rest: Rest, modalities: dict[str, Any]) -> Finding:
    node = settings.node
    at_port = (m for m in modalities.values() if m.get("Port") == node.port)
    title = next((str(m.get("AET", "")) for m in at_port), "")
    found = f"Orthanc knows no modality {node.ae_title}"
    if title:
        found += f"; it calls {title} at port {node.port}"
    return _at_orthanc(settings, rest, found, title)


def _at_orthanc(settings: Settings, rest: Rest, found: str, title: str = "") -> Finding:
    """Return a fault of Orthanc's configuration, and the line for it.

    Our launch script writes that line itself, from the settings. ``title`` is what
    Orthanc calls whoever is at the node's port: the settings may be what is wrong.
    """
    line = orthanc_line(settings)
    remedy = f"{RESTART}\nwhich writes\n{line}" if rest.is_launched else line
    if title:
        remedy += f'\nor, if that is its title: ae_title = "{title}"'
    where = f"{'[node] ae_title, or ' if title else ''}orthanc.json, DicomModalities"
    return wrong(WAY_BACK, found, where, remedy)


def _echoed(
    settings: Settings, rest: Rest, name: str, modality: dict[str, Any]
) -> Finding:
    place = f"{modality.get('AET')}@{modality.get('Host')}:{modality.get('Port')}"
    try:
        answer = rest.ask("POST", f"/modalities/{name}/echo", "{}")
    except requests.RequestException:
        return wrong(
            WAY_BACK,
            f"Orthanc waits in vain for {place}",
            "the network between Orthanc and the node",
            f"let port {settings.node.port} of this machine through its firewall",
        )
    if answer.status_code == HTTPStatus.OK:
        return ok(WAY_BACK, f"Orthanc's modality {name} reaches {place} by C-ECHO")
    return _at_orthanc(
        settings, rest, f"Orthanc does not reach {place}: {_reason(answer)}"
    )


def _reason(answer: requests.Response) -> str:
    """Return the end of Orthanc's explanation, which says what happened."""
    try:
        said = str(answer.json().get("Details") or answer.json().get("Message"))
    except (ValueError, AttributeError):
        return f"HTTP {answer.status_code}"
    return said.rpartition(": ")[2]


def _dicomweb(rest: Rest) -> Finding:
    subject = "DICOMweb"
    if rest.why_not:
        return not_examined(subject, rest.why_not)
    if isinstance(rest.get("/dicom-web/studies?limit=1"), list):
        return ok(subject, f"{rest.address}/dicom-web answers")
    if "dicom-web" in (rest.get("/plugins") or ()):
        where, line = (
            "orthanc.json",
            '"DicomWeb": {"Enable": true, "Root": "/dicom-web/"}',
        )
        return wrong(subject, f"nothing at {rest.address}/dicom-web", where, line)
    return wrong(
        subject,
        "Orthanc runs without its DICOMweb plugin: no viewer can show anything",
        "the machine of Orthanc",
        f"sudo apt-get install orthanc-dicomweb; {RESTART}",
    )

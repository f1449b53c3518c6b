"""The node's own door: who is at its DICOM port, and whom it lets in."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from node.config import Settings
from node.doctor.echo import Outcome, answering, tried
from node.doctor.finding import Finding, advice, not_examined, ok, wrong
from node.lock import holder
from node.send.scu import Peer

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - never bound here
PORT_SUBJECT = "DICOM port"
NOBODYS = "PACSNODE-NOBODY"
"""A called AE title that a node refuses, as everybody's but its own."""


@dataclass(frozen=True, slots=True)
class Port:
    """What was found at the node's port.

    Attributes
    ----------
    answers
        Somebody of the node's AE title answers C-ECHO, if only the doctor.
    finding
        How that stands.
    """

    answers: bool
    finding: Finding


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine's loopback, without asking a name server.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "pacs")]
    [True, True, True, False]
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def held_port(settings: Settings) -> Iterator[Port]:
    """Look who is at the port; where nobody is, answer C-ECHO there meanwhile."""
    node = settings.node
    us = Peer(node.ae_title, ANY_ADDRESS.get(node.listen, node.listen), node.port)
    outcome = tried(us, _caller(settings), settings.archive.timeout_s)
    if outcome is not Outcome.SILENT:
        yield _taken(settings, us, outcome)
        return
    with ExitStack() as ends:
        try:
            ends.enter_context(answering(node.ae_title, (node.listen, node.port)))
        except OSError as error:
            port = Port(False, _unusable(settings, error))
        else:
            port = Port(True, _free(settings))
        yield port


def examine_port(settings: Settings, port: Port) -> Iterator[Finding]:
    """Say who is at the port, and who may call."""
    yield port.finding
    yield _callers(settings)


def _caller(settings: Settings) -> str:
    """Return an AE title that the node lets in: its own need not be one."""
    return next(iter(settings.inbound.allow_ae_titles), settings.node.ae_title)


def _taken(settings: Settings, us: Peer, outcome: Outcome) -> Port:
    if outcome is Outcome.NO_SUCH_HOST:
        found = f"{us.host} is no address of this machine"
        return Port(False, _wrong_address(found))
    if outcome is not Outcome.ANSWERS:
        found = {
            Outcome.CALLED_REFUSED: f"a DICOM node of another AE title than {us}",
            Outcome.CALLING_REFUSED: f"another DICOM node answers at {us}",
            Outcome.REFUSED: f"a DICOM program that refuses answers at {us}",
        }.get(outcome, f"another program, that speaks no DICOM, is at {us}")
        return Port(False, _other(us, found))
    anybody = Peer(NOBODYS, us.host, us.port)
    timeout_s = settings.archive.timeout_s
    if tried(anybody, _caller(settings), timeout_s) is Outcome.ANSWERS:
        found = f"{us.host}:{us.port} answers to every AE title: no pacs-node does"
        return Port(False, _other(us, found))
    return Port(True, _running(settings, us))


def _other(us: Peer, found: str) -> Finding:
    remedy = f"end that program (ss -ltnp 'sport = :{us.port}'), or port = a free one"
    return wrong(PORT_SUBJECT, found, "[node] port, ae_title", remedy)


def _running(settings: Settings, us: Peer) -> Finding:
    """Tell a node of these settings from one of the same title with another folder."""
    process = holder(settings.node.data_dir)
    if process is None:
        return wrong(
            PORT_SUBJECT,
            f"a node answers at {us}, but not over {settings.node.data_dir}",
            "[node] port, data_dir",
            "stop that node, or name its data_dir, or give this one another port",
        )
    return ok(PORT_SUBJECT, f"the node (process {process}) answers C-ECHO at {us}")


def _free(settings: Settings) -> Finding:
    node = settings.node
    place = f"{node.listen}:{node.port}"
    process = holder(node.data_dir)
    if process is None:
        return ok(PORT_SUBJECT, f"{place} is free; no node runs")
    return wrong(
        PORT_SUBJECT,
        f"process {process} works in {node.data_dir} and does not listen at {place}",
        "the running node",
        f"kill {process}; pacs-node run",
    )


def _unusable(settings: Settings, error: OSError) -> Finding:
    node = settings.node
    found = f"{node.listen}:{node.port}: {error.strerror}"
    if error.errno == errno.EACCES:  # below 1024 without the right to it
        return wrong(PORT_SUBJECT, found, "[node] port", "port = 11112")
    return _wrong_address(found)


def _wrong_address(found: str) -> Finding:
    remedy = 'listen = "127.0.0.1", or an address that `ip -brief address` shows'
    return wrong(PORT_SUBJECT, found, "[node] listen", remedy)


def _callers(settings: Settings) -> Finding:
    """Say who may send: the archive must, and not everybody should."""
    listen, archive = settings.node.listen, settings.archive
    titles = settings.inbound.allow_ae_titles
    if titles and archive.ae_title not in titles:
        listed = ", ".join(f'"{title}"' for title in (*titles, archive.ae_title))
        return wrong(
            "callers",
            f"the archive {archive.ae_title} is not among those that may send",
            "[inbound] allow_ae_titles",
            f"allow_ae_titles = [{listed}]",
        )
    if is_loopback(listen):
        return ok("callers", "this machine alone")
    if not settings.inbound.allow_addresses:
        return advice(
            "callers",
            f"whoever reaches {listen}:{settings.node.port} may send",
            "[inbound] allow_addresses",
            f'allow_addresses = ["{_network(archive.host)}"]',
        )
    return _from_addresses(settings)


def _from_addresses(settings: Settings) -> Finding:
    allowed = settings.inbound.allow_addresses
    listed = ", ".join(map(str, allowed))
    try:
        address = ip_address(settings.archive.host)
    except ValueError:
        found = f"whether {settings.archive.host} lies in {listed} was not looked up"
        return not_examined("callers", found)
    if any(address in network for network in allowed):
        return ok("callers", f"addresses of {listed}")
    wanted = ", ".join(f'"{one}"' for one in (*allowed, f"{address}"))
    return wrong(
        "callers",
        f"the archive at {address} is not in {listed}: it cannot send",
        "[inbound] allow_addresses",
        f"allow_addresses = [{wanted}]",
    )


def _network(host: str) -> str:
    """Return what to write for a host: its address, or a word in its place."""
    try:
        return str(ip_address(host))
    except ValueError:
        return f"address of {host}"

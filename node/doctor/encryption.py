"""Encryption: none is spoken yet, so whatever leaves this machine is in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from node.config import Settings
from node.doctor.finding import Finding, advice, ok
from node.doctor.network import is_loopback


def examine_encryption(settings: Settings) -> Iterator[Finding]:
    """Name the ways on which images and results travel unencrypted."""
    hosts = [settings.archive.host, *(d.host for d in settings.destinations)]
    abroad = [host for host in dict.fromkeys(hosts) if not is_loopback(host)]
    if not is_loopback(settings.node.listen):
        abroad.append(f"whoever calls {settings.node.listen}:{settings.node.port}")
    if not abroad:
        yield ok("certificates", "none in use; nothing leaves this machine")
        return
    yield advice(
        "certificates",
        f"none in use: unencrypted between here and {', '.join(abroad)}",
        "the network",
        "keep both ends in one protected network, or join them by a VPN",
    )

"""The doctor: what is wrong with this installation, where, and what to write."""

from __future__ import annotations

from collections.abc import Iterator

from node.config import Settings
from node.doctor.archive import examine_archive
from node.doctor.calibration import examine_calibration
from node.doctor.clock import examine_clock
from node.doctor.encryption import examine_encryption
from node.doctor.finding import Finding, State
from node.doctor.folders import examine_folders
from node.doctor.network import examine_port, held_port
from node.doctor.peers import examine_peers
from node.doctor.priors import examine_priors
from node.doctor.rest import Rest
from node.doctor.self_test import examine_store
from node.doctor.viewer import examine_viewer
from node.doctor.weights import examine_weights

__all__ = ["Finding", "State", "examine"]


def examine(settings: Settings, *, store: bool = False) -> Iterator[Finding]:
    """Examine everything that the node needs, a finding at a time.

    Parameters
    ----------
    store
        Store a self-test object where the results go, and delete it again; without
        it nothing is changed anywhere.
    """
    yield from examine_folders(settings)
    yield from examine_weights(settings)
    yield from examine_calibration(settings)
    yield from examine_priors(settings)
    rest = Rest(settings)
    with held_port(settings) as port:  # so that the archive has somebody to call
        yield from examine_port(settings, port)
        yield from examine_peers(settings, rest)
        yield from examine_archive(settings, rest, port)
    yield from examine_store(settings, rest, asked=store)
    yield from examine_viewer(settings)
    yield from examine_clock(settings, rest)
    yield from examine_encryption(settings)

"""The node's port is held while the archive calls back, and let go of afterwards."""

from __future__ import annotations

from pathlib import Path

from node.doctor.echo import Outcome, tried
from node.doctor.finding import State
from node.doctor.network import held_port
from node.lock import FolderLock
from node.send.scu import Peer
from tests.node.doctor.grounds import Ground, dicom_node

PATIENT = {"timeout_s": 20.0}
"""Where somebody answers, however busy the machine is."""


def test_a_free_port_answers_meanwhile(tmp_path: Path) -> None:
    """C-ECHO of the node's title is answered inside, and nobody is there after."""
    settings = Ground(tmp_path).settings()
    us = Peer("HIPPOAI", "127.0.0.1", settings.node.port)

    with held_port(settings) as port:
        inside = tried(us, "ANYBODY", 1.0)
        foreign = tried(Peer("OTHER", us.host, us.port), "ANYBODY", 1.0)
    after = tried(us, "ANYBODY", 1.0)

    assert port.answers
    assert (inside, foreign) == (Outcome.ANSWERS, Outcome.CALLED_REFUSED)
    assert after is Outcome.SILENT


def test_a_running_node_is_known_by_its_lock(tmp_path: Path) -> None:
    """It answers, and a process works in the data folder: all is well."""
    settings = Ground(tmp_path).settings(archive=PATIENT)
    settings.node.data_dir.mkdir()
    lock = FolderLock(settings.node.data_dir)
    lock.acquire()
    try:
        with (
            dicom_node("HIPPOAI", settings.node.port),
            held_port(settings) as port,
        ):
            finding = port.finding
    finally:
        lock.release()

    assert finding.state is State.OK
    assert "answers C-ECHO" in finding.found


def test_a_node_that_admits_only_the_archive_is_asked_in_its_name(
    tmp_path: Path,
) -> None:
    """`allow_ae_titles` shuts out the node's own title; that is no fault."""
    only = {"allow_ae_titles": ("ORTHANC",)}
    settings = Ground(tmp_path).settings(inbound=only, archive=PATIENT)

    with (
        dicom_node("HIPPOAI", settings.node.port, calling=("ORTHANC",)),
        held_port(settings) as port,
    ):
        assert port.answers

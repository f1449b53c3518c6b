"""The test object goes to every destination, once, and is cleared away where it can."""

from __future__ import annotations

from pathlib import Path

from node.doctor.finding import State
from node.doctor.rest import Rest
from node.doctor.self_test import examine_store
from tests.node.doctor.grounds import Ground, dicom_node
from tests.ports import free_ports


def test_what_stays_is_named_by_its_uid(tmp_path: Path) -> None:
    """A destination without REST keeps it: the UID to delete is the one that came."""
    (port,) = free_ports(1)
    place = {"ae_title": "PACS2", "host": "127.0.0.1", "port": port}
    settings = Ground(tmp_path).settings(send={"destinations": (place,)})

    with dicom_node("PACS2", port) as come:
        findings = list(examine_store(settings, Rest(settings), asked=True))

    states = {one.subject: one for one in findings}
    assert states["test C-STORE"].state is State.OK
    (uid,) = come
    assert states["self-test object"].remedy == f"have SOP Instance UID {uid} deleted"
    assert states["routing script (Lua)"].state is State.NOT_EXAMINED


def test_nothing_is_stored_unless_it_was_asked_for(tmp_path: Path) -> None:
    """The destination is not even called."""
    (port,) = free_ports(1)
    place = {"ae_title": "PACS2", "host": "127.0.0.1", "port": port}
    settings = Ground(tmp_path).settings(send={"destinations": (place,)})

    with dicom_node("PACS2", port) as come:
        findings = list(examine_store(settings, Rest(settings), asked=False))

    assert come == []
    assert {one.state for one in findings} == {State.NOT_EXAMINED}
    assert {one.remedy for one in findings} == {"pacs-node check --store"}

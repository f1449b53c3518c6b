"""Storing over real associations on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, evt

from node.errors import SendError
from node.send.scu import STATUSES, Answer, Outgoing, Peer, echo, meaning, store
from tests.dicom_series import write_series


class StandInArchive:
    """A real SCP that answers each C-STORE with the status it is told."""

    def __init__(self) -> None:
        self.status = 0x0000
        self.statuses: dict[str, int] = {}
        self.on_store: Callable[[], object] = lambda: None
        self.received: list[str] = []
        self.abort_after: int | None = None
        ae = AE(ae_title="ARCHIVE")
        ae.require_called_aet = True
        ae.supported_contexts = list(AllStoragePresentationContexts)
        ae.add_supported_context(UID("1.2.840.10008.1.1"))
        server: Any = ae.start_server(
            ("127.0.0.1", 0),
            block=False,
            evt_handlers=[(evt.EVT_C_STORE, self._store)],
        )
        self.server = server
        self.peer = Peer("ARCHIVE", "127.0.0.1", self.server.server_address[1])

    def _store(self, event: Any) -> int:
        if self.abort_after is not None and len(self.received) >= self.abort_after:
            event.assoc.abort()
            return 0xC211
        uid = str(event.request.AffectedSOPInstanceUID)
        self.on_store()
        self.received.append(uid)
        return self.statuses.get(uid, self.status)


@pytest.fixture
def archive() -> Iterator[StandInArchive]:
    """Start a stand-in archive on a free port."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()


def build_objects(folder: Path, count: int = 3) -> list[Outgoing]:
    """Return small objects ready to send."""
    paths = write_series(folder, slices(count))
    headers = [dcmread(path, stop_before_pixels=True) for path in paths]
    return [
        Outgoing(
            str(ds.SOPClassUID),
            str(ds.SOPInstanceUID),
            str(ds.file_meta.TransferSyntaxUID),
            path,
        )
        for ds, path in zip(headers, paths, strict=True)
    ]


def slices(count: int) -> Any:
    """Return ``(count, 8, 8)`` pixels."""
    return np.arange(count * 64, dtype=np.int16).reshape(count, 8, 8)


@pytest.mark.parametrize(("first", "last", "answer", "words"), STATUSES)
def test_every_row_of_the_status_table_is_found_by_both_its_ends(
    first: int, last: int, answer: Answer, words: str
) -> None:
    """A status inside a row has the row's meaning and says the status."""
    for status in (first, last):
        assert meaning(status) == (answer, f"{words} (0x{status:04X})")


def test_a_status_outside_the_table_is_permanent() -> None:
    """Nobody retries for days what nobody understands."""
    assert meaning(0xFE00)[0] is Answer.PERMANENT


def test_objects_travel_in_one_association_and_are_answered_in_order(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Every object is stored, in the order given."""
    objects = build_objects(tmp_path)

    sent = list(store(objects, archive.peer, "NODE", 5.0))

    assert [s.answer for s in sent] == [Answer.STORED] * 3
    assert archive.received == [o.sop_instance_uid for o in objects]


@pytest.mark.parametrize(
    ("status", "answer"),
    [(0xA700, Answer.TRANSIENT), (0xC001, Answer.PERMANENT), (0xB007, Answer.STORED)],
)
def test_the_answer_of_the_archive_is_sorted(
    archive: StandInArchive, tmp_path: Path, status: int, answer: Answer
) -> None:
    """The status comes back with its meaning."""
    archive.status = status

    sent = list(store(build_objects(tmp_path, 1), archive.peer, "NODE", 5.0))

    assert (sent[0].answer, sent[0].status) == (answer, status)


def test_what_a_broken_association_did_not_answer_is_not_called_stored(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """After an abort the rest stays open: no answer is no success."""
    archive.abort_after = 1

    sent = list(store(build_objects(tmp_path), archive.peer, "NODE", 2.0))

    stored = [s.sop_instance_uid for s in sent if s.answer is Answer.STORED]
    assert stored == archive.received
    assert len(stored) == 1


def test_a_closed_port_is_transient(tmp_path: Path) -> None:
    """An archive that is down may be up later."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(SendError, match="does not answer") as caught:
        list(
            store(build_objects(tmp_path, 1), Peer("X", "127.0.0.1", port), "NODE", 2.0)
        )

    assert not caught.value.permanent


@pytest.mark.parametrize("host", ["archive.invalid", "a..b", "x" * 64])
def test_a_host_without_an_address_is_transient(tmp_path: Path, host: str) -> None:
    """The name server may be down; a name that cannot be one is told the same way."""
    with pytest.raises(SendError, match="cannot be reached") as caught:
        list(store(build_objects(tmp_path, 1), Peer("X", host, 104), "NODE", 2.0))

    assert not caught.value.permanent
    with pytest.raises(SendError):
        echo(Peer("X", host, 104), "NODE", 2.0)


def test_a_file_that_breaks_the_reader_spoils_only_itself(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Whatever pydicom makes of a file cut within its meta information."""
    first, second = build_objects(tmp_path, 2)
    first.path.write_bytes(first.path.read_bytes()[:200])

    sent = list(store([first, second], archive.peer, "NODE", 2.0))

    assert [s.sop_instance_uid for s in sent] == [
        o.sop_instance_uid for o in (first, second)
    ]
    assert sent[0].answer is not Answer.STORED
    assert sent[1].answer is Answer.STORED


def test_a_wrong_called_ae_title_is_permanent(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Rejected permanent (PS3.8 9.3.4) is shown at once and not retried."""
    stranger = Peer("STRANGER", archive.peer.host, archive.peer.port)

    with pytest.raises(SendError) as caught:
        list(store(build_objects(tmp_path, 1), stranger, "NODE", 2.0))

    assert caught.value.permanent


def test_echo_is_answered(archive: StandInArchive) -> None:
    """C-ECHO raises nothing when the peer answers."""
    assert echo(archive.peer, "NODE", 2.0) is None  # type: ignore[func-returns-value]  # the absence of an error is the result


def test_no_delay_is_set_on_the_connection(
    archive: StandInArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nagle's algorithm is off: forty milliseconds per small message otherwise."""
    seen: list[tuple[Any, ...]] = []
    original = socket.socket.setsockopt

    def spy(self: socket.socket, *arguments: Any) -> None:
        seen.append(arguments)
        original(self, *arguments)

    monkeypatch.setattr(socket.socket, "setsockopt", spy)

    list(store(build_objects(tmp_path, 1), archive.peer, "NODE", 5.0))

    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in seen

"""Who gets in at the SCP, and what a hostile caller cannot do to the others."""

from __future__ import annotations

import contextlib
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

from node.config import InboundSettings, NodeSettings
from node.errors import (
    ConfigError,
)
from node.inbound.scp import StorageSCP
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger
from tests.node.inbound.conftest import StartReceiver
from tests.node.inbound.objects import (
    build_instance,
    eventually,
)
from tests.ports import free_port


def rejection(association: Any) -> tuple[int, int, int]:
    """Return result, source and reason of a rejected association."""
    assert association.is_rejected
    primitive = association.acceptor.primitive
    return primitive.result, primitive.result_source, primitive.diagnostic


def test_unknown_callers_are_rejected_when_there_is_a_list(
    start_receiver: StartReceiver,
) -> None:
    """Permanent, calling AE title not recognised (PS3.8 9.3.4)."""
    receiver = start_receiver(allow_ae_titles=("ORTHANC",))

    assert rejection(receiver.associate(calling="SCANNER")) == (1, 1, 3)
    known = receiver.associate(calling="ORTHANC")
    assert known.is_established
    known.release()


def test_another_called_ae_title_is_rejected(start_receiver: StartReceiver) -> None:
    """Permanent, called AE title not recognised."""
    assert rejection(start_receiver().associate(called="SOMEBODY")) == (1, 1, 7)


@pytest.mark.parametrize(
    ("networks", "allowed"),
    [(("10.0.0.0/8",), False), (("10.0.0.0/8", "127.0.0.0/8"), True), ((), True)],
)
def test_addresses_outside_the_allowed_networks_get_no_association(
    start_receiver: StartReceiver, networks: tuple[str, ...], allowed: bool
) -> None:
    """Their connection is closed before they are read."""
    association = start_receiver(allow_addresses=networks).associate()

    assert association.is_established == allowed
    if allowed:
        association.release()


def test_one_association_too_many_is_rejected_as_transient(
    start_receiver: StartReceiver,
) -> None:
    """Local limit exceeded: the sender may try again, and then gets in."""
    receiver = start_receiver(max_associations=2)
    first, second = receiver.associate(), receiver.associate()

    assert rejection(receiver.associate()) == (2, 3, 2)
    first.release()
    eventually(lambda: receiver.released)
    again = eventually(lambda: established(receiver.associate()))
    for association in (second, again):
        association.release()


def established(association: Any) -> Any:
    """Return the association if it was accepted."""
    return association if association.is_established else None


def test_silent_and_dripping_connections_do_not_hold_the_door(
    start_receiver: StartReceiver,
) -> None:
    """Slow-loris: three bytes and silence, or one byte now and then."""
    receiver = start_receiver(max_associations=3, socket_timeout_s=0.5)
    holding = [receiver.connect() for _ in range(20)]
    stopped = threading.Event()

    def drip() -> None:
        while not stopped.wait(0.1):
            for connection in holding[10:]:
                with contextlib.suppress(OSError):
                    connection.sendall(b"\1")

    for connection in holding:
        connection.sendall(b"\1\0\0")
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        association = eventually(lambda: established(receiver.associate()))
        association.release()
    finally:
        stopped.set()
        thread.join()
        for connection in holding:
            connection.close()


def test_a_pdu_of_300_megabytes_is_not_swallowed(start_receiver: StartReceiver) -> None:
    """The connection ends at the header, whatever follows."""
    connection = start_receiver().connect()
    with connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 300_000_000))
        written = 0
        try:
            while written < 300_000_000:
                written += connection.send(bytes(1 << 16))
        except OSError:
            pass

    assert written < 16 << 20  # what the buffers of both ends take


def test_other_senders_are_served_beside_a_hostile_one(
    start_receiver: StartReceiver,
) -> None:
    """Random bytes on one connection spoil only that one."""
    receiver = start_receiver()
    with receiver.connect() as connection:
        connection.sendall(bytes(range(256)) * 16)
        association = receiver.associate()
        assert association.send_c_store(build_instance()).Status == 0x0000
        association.release()


def test_a_used_port_is_one_line(start_receiver: StartReceiver) -> None:
    """What to change is in the message."""
    running = start_receiver()
    another = StorageSCP(
        running.node,
        InboundSettings(),
        running.spool,
        running.ledger,
        on_stored=lambda *_: None,
        on_released=lambda *_: None,
    )

    with pytest.raises(ConfigError, match=r"\[node\] listen and port"):
        another.start()
    another.stop()


@pytest.mark.parametrize(
    ("listen", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)]  # noqa: S104 - the test is about it
)  # fmt: skip
def test_listening_to_the_network_is_warned_about(
    tmp_path: Path,
    ledger: Ledger,
    capsys: pytest.CaptureFixture[str],
    listen: str,
    warned: bool,
) -> None:
    """Loopback is silent."""
    settings = InboundSettings()
    server = StorageSCP(
        NodeSettings(listen=listen, port=free_port()),
        settings,
        Spool(tmp_path / "spool", settings),
        ledger,
        on_stored=lambda *_: None,
        on_released=lambda *_: None,
    )
    server.start()
    server.stop()
    captured = capsys.readouterr()

    assert ("open_to_the_network" in captured.out + captured.err) == warned


def test_stopping_ends_what_is_open(start_receiver: StartReceiver) -> None:
    """Aborted, told, and no thread left."""
    receiver = start_receiver()
    association = receiver.associate()
    association.send_c_store(build_instance())

    receiver.scp.stop()

    assert receiver.released == [(receiver.stored[0][1], True)]
    eventually(lambda: not association.is_established)
    assert not [t for t in threading.enumerate() if "storage-scp" in t.name]

"""The SCP over real associations: what is kept, what is answered, what is endured."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import threading
import time
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    MRImageStorage,
    RLELossless,
)
from pynetdicom import AllStoragePresentationContexts

from node.config import InboundSettings
from node.errors import (
    BadUidError,
    NoSpaceError,
    SpoolError,
    UnreadableError,
)
from node.inbound import scp
from node.inbound.scp import STATUSES
from node.inbound.spool import MismatchError, OwnObjectError, Spool
from node.jobs.ledger import Ledger
from tests.node.inbound.conftest import Receiver, StartReceiver
from tests.node.inbound.objects import (
    as_file,
    build_instance,
    encoded,
    eventually,
    send,
)

VERIFICATION = "1.2.840.10008.1.1"
PRIVATE_STORAGE = "1.3.46.670589.5.0.1"
STORESCU = "/usr/bin/storescu"  # pynetdicom installs a script of the same name


def test_every_storage_class_is_accepted(start_receiver: StartReceiver) -> None:
    """All of pynetdicom's, private ones, and ones that nobody knows yet."""
    receiver = start_receiver()
    classes = [str(each.abstract_syntax) for each in AllStoragePresentationContexts]
    classes += [PRIVATE_STORAGE, "1.2.840.10008.5.1.4.1.1.9999.1"]
    for first in range(0, len(classes), 128):
        some = tuple(classes[first : first + 128])
        association = receiver.associate(some)
        accepted = {each.abstract_syntax for each in association.accepted_contexts}
        association.release()

        assert accepted == set(some)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEG2000Lossless,
        "1.2.840.113619.5.2",  # GE's private one
    ],
)
def test_every_transfer_syntax_arrives_byte_for_byte(
    start_receiver: StartReceiver, syntax: str
) -> None:
    """Nothing is decoded on the way: not even what cannot be."""
    receiver = start_receiver()
    ds = build_instance(syntax=syntax)
    if syntax in (RLELossless, JPEG2000Lossless):
        ds.PixelData = encapsulate([b"never decoded"])
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"
    private = syntax.startswith("1.2.840.113619")
    stream = encoded(build_instance()) if private else encoded(ds)
    uid = dcmread_uid(stream) if private else ds.SOPInstanceUID

    association = receiver.associate(syntaxes=(syntax,))
    status = send(association, stream, uid=uid)
    association.release()

    assert status == 0x0000
    (path,) = receiver.files
    assert path.read_bytes().endswith(stream)
    assert dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax


def dcmread_uid(stream: bytes) -> str:
    """Return the SOP Instance UID of a bare data set."""
    return str(dcmread(BytesIO(stream), force=True).SOPInstanceUID)


def test_a_private_storage_class_is_kept(start_receiver: StartReceiver) -> None:
    """The node may not know it; the study is not whole without it."""
    receiver = start_receiver()
    ds = build_instance(SOPClassUID=PRIVATE_STORAGE)
    association = receiver.associate((PRIVATE_STORAGE,))

    assert association.send_c_store(ds).Status == 0x0000
    association.release()
    assert receiver.stored[0][0].sop_class_uid == PRIVATE_STORAGE


def test_dcmtk_sends_a_study(start_receiver: StartReceiver, tmp_path: Path) -> None:
    """Another implementation: storescu with required transfer syntaxes."""
    if not Path(STORESCU).exists():
        pytest.skip("Debian package missing: dcmtk")
    receiver = start_receiver()
    sources = []
    for number in range(5):
        ds = build_instance("1.2", "1.3", PixelData=bytes(512), BitsAllocated=8)
        (tmp_path / f"{number}.dcm").write_bytes(as_file(ds))
        sources.append(str(tmp_path / f"{number}.dcm"))

    done = subprocess.run(
        [STORESCU, "-aet", "SCANNER", "-aec", receiver.node.ae_title,
         "127.0.0.1", str(receiver.node.port), *sources],
        timeout=30, check=False, env={"TCP_NODELAY": "1"},
    )  # fmt: skip

    assert done.returncode == 0
    eventually(lambda: receiver.released)
    assert len(receiver.stored) == 5
    assert {dcmread(p).SOPInstanceUID for p in receiver.files} == {
        dcmread(source).SOPInstanceUID for source in sources
    }


def test_echo_is_answered(start_receiver: StartReceiver) -> None:
    """C-ECHO, as every archive sends when it is set up."""
    association = start_receiver().associate((VERIFICATION,))

    assert association.send_c_echo().Status == 0x0000
    association.release()


def test_success_is_answered_after_the_file_has_its_name(
    start_receiver: StartReceiver,
) -> None:
    """At the moment of the answer the object lies under its name, and was told."""
    receiver = start_receiver()
    association = receiver.associate()
    for number in range(20):
        ds = build_instance()
        assert association.send_c_store(ds).Status == 0x0000
        assert len(receiver.stored) == number + 1
        assert receiver.stored[-1][0].path.is_file()
    association.release()


def test_an_association_that_ends_is_told_once(start_receiver: StartReceiver) -> None:
    """Released, aborted and lost ones, each with the id of what it had sent."""
    receiver = start_receiver()
    for end in ("release", "abort", "lose"):
        association = receiver.associate()
        association.send_c_store(build_instance())
        if end == "lose":
            association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
        else:
            getattr(association, end)()
        eventually(lambda: len(receiver.released) == len(receiver.stored))
    time.sleep(0.6)  # a second report would come with the next look at dead threads

    assert [aborted for _, aborted in receiver.released] == [False, True, True]
    assert [each for each, _ in receiver.released] == [
        each for _, each in receiver.stored
    ]


def test_the_release_is_answered_after_everything_is_on_disk(
    start_receiver: StartReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With durability ``association`` that is what the release means."""
    receiver = start_receiver(durability="association")
    released = threading.Event()
    synced_before: list[bool] = []
    monkeypatch.setattr(
        receiver.spool, "sync", lambda: synced_before.append(not released.is_set())
    )
    association = receiver.associate()
    association.send_c_store(build_instance())
    association.release()
    released.set()

    assert association.is_released
    assert synced_before == [True]


def test_what_cannot_be_forced_to_disk_is_not_released(
    start_receiver: StartReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender sees an abort instead, and sends again."""
    receiver = start_receiver(durability="association")

    def fail() -> None:
        raise NoSpaceError("EIO")

    monkeypatch.setattr(receiver.spool, "sync", fail)
    association = receiver.associate()
    association.send_c_store(build_instance())
    association.release()

    assert eventually(lambda: association.is_aborted)
    assert eventually(lambda: receiver.released)[0][1]


def test_every_error_of_the_spool_has_its_status() -> None:
    """The table of statuses is the standard's (PS3.4 B.2.3, PS3.7 C)."""
    assert {
        NoSpaceError: 0xA700,
        MismatchError: 0xA900,
        UnreadableError: 0xC000,
        BadUidError: 0x0117,
        OwnObjectError: 0x0000,
    } == STATUSES
    assert set(STATUSES) == set(SpoolError.__subclasses__())


def refused(receiver: Receiver, stream: bytes, **command: str) -> int | None:
    """Send something that must not be kept; return its status."""
    association = receiver.associate()
    status = send(association, stream, **command)
    association.release()

    assert receiver.stored == []
    assert receiver.files == []
    return status


def test_a_path_as_instance_uid_is_answered_0117(start_receiver: StartReceiver) -> None:
    """``../../x`` reaches the handler; no file does."""
    stream = encoded(build_instance())

    assert refused(start_receiver(), stream, uid="../../x") == 0x0117


def test_a_truncated_data_set_is_answered_c000(start_receiver: StartReceiver) -> None:
    """It is not acknowledged as stored."""
    ds = build_instance(PixelData=bytes(1000), BitsAllocated=8)
    stream = encoded(ds)[:-10]

    assert refused(start_receiver(), stream, uid=ds.SOPInstanceUID) == 0xC000


def test_a_data_set_of_another_instance_is_answered_a900(
    start_receiver: StartReceiver,
) -> None:
    """Command and data set disagree."""
    assert refused(start_receiver(), encoded(build_instance()), uid="1.2.3") == 0xA900


def test_a_class_that_was_not_negotiated_is_answered_0122(
    start_receiver: StartReceiver,
) -> None:
    """The presentation context says CT, the command says MR."""
    ds = build_instance(SOPClassUID=MRImageStorage)
    status = refused(
        start_receiver(), encoded(ds), uid=ds.SOPInstanceUID, sop_class=MRImageStorage
    )

    assert status == 0x0122


def test_no_space_is_answered_a700(start_receiver: StartReceiver) -> None:
    """Free space lies under the mark."""
    ds = build_instance()
    receiver = start_receiver(min_free_mib=1 << 40)

    assert refused(receiver, encoded(ds), uid=ds.SOPInstanceUID) == 0xA700


def test_a_ledger_that_fails_is_answered_0110(
    start_receiver: StartReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transient: the sender shall try again."""
    receiver = start_receiver()

    def fail(uid: str) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(receiver.ledger.studies, "is_own", fail)
    ds = build_instance()

    assert refused(receiver, encoded(ds), uid=ds.SOPInstanceUID) == 0x0110


def test_the_nodes_own_output_is_acknowledged_and_not_kept(
    start_receiver: StartReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that routes everything back gets no error to retry."""
    receiver = start_receiver()
    ds = build_instance()
    monkeypatch.setattr(
        receiver.ledger.studies, "is_own", lambda uid: uid == ds.SOPInstanceUID
    )

    assert refused(receiver, encoded(ds), uid=ds.SOPInstanceUID) == 0x0000


def test_the_same_object_again_is_acknowledged(start_receiver: StartReceiver) -> None:
    """Stored once, told each time: the watcher wants to know who is sending."""
    receiver = start_receiver()
    ds = build_instance()
    association = receiver.associate()

    assert [association.send_c_store(ds).Status for _ in range(3)] == [0, 0, 0]
    association.release()
    assert len(receiver.files) == 1
    assert len(receiver.stored) == 3


def test_the_log_names_no_patient_and_no_uid(
    start_receiver: StartReceiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither on success nor on refusal, pynetdicom's own lines included."""
    receiver = start_receiver(durability="none")
    ds = build_instance(PixelData=bytes(100), BitsAllocated=8)
    association = receiver.associate()
    send(association, encoded(ds), uid=ds.SOPInstanceUID)
    send(association, encoded(ds)[:-3], uid=ds.SOPInstanceUID)
    association.release()
    receiver.scp.stop()

    captured = capfd.readouterr()
    text = captured.out + captured.err
    assert "not_stored" in text
    for secret in (
        "Secret",
        "SECRET",
        str(ds.SOPInstanceUID),
        str(receiver.spool.root),
    ):
        assert secret not in text


def test_the_handler_needs_no_socket(tmp_path: Path, ledger: Ledger) -> None:
    """It is a function of an event and what it is bound with."""
    spool = Spool(tmp_path / "spool", InboundSettings(min_free_mib=0))
    ds = build_instance()
    told = []
    event: Any = SimpleNamespace(
        request=SimpleNamespace(
            AffectedSOPClassUID=ds.SOPClassUID, AffectedSOPInstanceUID=ds.SOPInstanceUID
        ),
        context=SimpleNamespace(
            abstract_syntax=CTImageStorage, transfer_syntax=ExplicitVRLittleEndian
        ),
        assoc=SimpleNamespace(requestor=SimpleNamespace(ae_title="SCANNER")),
        encoded_dataset=lambda include_meta: encoded(ds),
    )

    status = scp.handle_store(event, spool, ledger, lambda *kept: told.append(kept))

    assert status == 0x0000
    assert told[0][0].sop_instance_uid == ds.SOPInstanceUID

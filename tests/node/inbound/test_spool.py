"""The spool: nothing acknowledged is lost, nothing half-written has a name."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from node.errors import BadUidError, NoSpaceError, SpoolError, UnreadableError
from node.inbound.recovery import Recovery
from node.inbound.spool import MismatchError, Sent, Spool, checked_uid
from tests.node.inbound.objects import (
    build_instance,
    build_spool,
    encoded,
    files,
    sent,
)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
@pytest.mark.parametrize("durability", ["instance", "association", "none"])
def test_a_stored_object_lies_complete_under_its_uids(
    tmp_path: Path, syntax: str, durability: str
) -> None:
    """The data set is kept byte for byte, and pydicom reads the file."""
    spool = build_spool(tmp_path, durability=durability)
    ds = build_instance(syntax=syntax)

    kept = spool.store(encoded(ds), sent(ds))
    spool.sync()

    path = kept.instance.path
    assert kept.is_new
    assert path == (
        spool.root
        / ds.StudyInstanceUID
        / ds.SeriesInstanceUID
        / f"{ds.SOPInstanceUID}.dcm"
    )
    assert path.read_bytes().endswith(encoded(ds))
    assert dcmread(path) == ds
    assert files(spool) == [path]


def test_only_this_user_can_read_what_was_received(spool: Spool) -> None:
    """Folders have mode 0700 and files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        path = spool.store(encoded(ds := build_instance()), sent(ds)).instance.path
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, spool.root):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_equal_data_set_is_not_stored_twice(spool: Spool, tmp_path: Path) -> None:
    """Nor after a restart: the file itself is what is compared."""
    ds = build_instance()
    first = spool.store(encoded(ds), sent(ds))

    again = build_spool(tmp_path).store(encoded(ds), sent(ds, "ANOTHER"))

    assert not again.is_new
    assert again.instance.path == first.instance.path
    assert again.instance.digest == first.instance.digest
    assert len(files(spool)) == 1


def test_the_same_uid_with_other_bytes_is_kept_beside_the_first(spool: Spool) -> None:
    """Never swallowed, never overwritten; and sent again it is known."""
    ds = build_instance()
    first = spool.store(encoded(ds), sent(ds))
    ds.PatientID = "OTHER"

    second = spool.store(encoded(ds), sent(ds))
    third = spool.store(encoded(ds), sent(ds))

    assert second.is_new
    assert second.instance.path.name == (
        f"{ds.SOPInstanceUID}.{second.instance.digest[:8]}.dcm"
    )
    assert dcmread(first.instance.path).PatientID == "SECRET-1"
    assert not third.is_new
    assert third.instance.path == second.instance.path
    assert len(files(spool)) == 2


def test_one_object_sent_over_many_associations_at_once_is_stored_once(
    spool: Spool,
) -> None:
    """Threads that race for a name agree on one file."""
    ds = build_instance(PixelData=bytes(1 << 16), BitsAllocated=8)
    kept = []
    threads = [
        threading.Thread(target=lambda: kept.append(spool.store(encoded(ds), sent(ds))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each.is_new for each in kept) == 1
    assert len(files(spool)) == 1


@pytest.mark.parametrize(
    "uid", ["", ".", "..", "../../x", "1/2", "1.2\n", ".1", "1.2\0", "é", "1" * 65]
)
def test_a_bad_uid_never_becomes_a_path(spool: Spool, uid: str) -> None:
    """Neither in the command nor in the data set."""
    ds = build_instance()
    with pytest.raises(BadUidError):
        spool.store(encoded(ds), Sent("1.2", ds.SOPClassUID, uid, "SCANNER"))
    with pytest.raises(BadUidError):
        spool.study_folder(uid)
    assert files(spool) == []


def test_a_path_in_the_study_uid_is_refused(spool: Spool) -> None:
    """The data set's own UIDs are foreign too."""
    ds = build_instance("2.999.111")
    stream = encoded(ds).replace(b"2.999.111", b"../../../")

    with pytest.raises(BadUidError):
        spool.store(stream, sent(ds))


@given(st.text(max_size=70))
def test_a_uid_that_is_accepted_stays_inside_its_folder(text: str) -> None:
    """Whatever the text: refused, or one name below the folder."""
    try:
        uid = checked_uid(text)
    except BadUidError:
        return
    path = (Path("/spool") / uid).resolve()

    assert path.parent == Path("/spool")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_storing_is_idempotent_in_any_order(sends: list[tuple[int, int]]) -> None:
    """After any sequence of sends there is one file per UID and content."""
    with tempfile.TemporaryDirectory() as folder:
        spool = build_spool(Path(folder), durability="none")
        for number, content in sends:
            ds = build_instance("1.2", "1.3", SOPInstanceUID=f"1.4.{number}")
            ds.PatientID = str(content)
            spool.store(encoded(ds), sent(ds))

        found = [(i.sop_instance_uid, i.digest) for i in Recovery(spool).instances()]
        assert len(found) == len(set(found)) == len(set(sends))


def test_another_class_or_instance_than_announced_is_a_mismatch(spool: Spool) -> None:
    """The command and the data set must agree (0xA900)."""
    ds = build_instance()
    other = build_instance(Modality="MR")
    with pytest.raises(MismatchError):
        spool.store(encoded(ds), sent(other))
    with pytest.raises(MismatchError):
        spool.store(
            encoded(ds),
            Sent(ds.file_meta.TransferSyntaxUID, "1.2.3", ds.SOPInstanceUID, "SCANNER"),
        )
    assert files(spool) == []


def test_a_cut_off_data_set_is_refused(spool: Spool) -> None:
    """It is not answered as stored."""
    ds = build_instance(PixelData=bytes(1000), BitsAllocated=8)

    with pytest.raises(UnreadableError):
        spool.store(encoded(ds)[:-1], sent(ds))
    assert files(spool) == []


def test_free_space_under_the_mark_refuses_every_object(tmp_path: Path) -> None:
    """The mark keeps room for ledger and results."""
    spool = build_spool(tmp_path, min_free_mib=1 << 40)
    ds = build_instance()

    with pytest.raises(NoSpaceError, match="under the mark"):
        spool.store(encoded(ds), sent(ds))


def test_an_object_over_the_limit_is_refused(tmp_path: Path) -> None:
    """One object cannot fill the disk."""
    spool = build_spool(tmp_path, max_object_mib=1)
    ds = build_instance(PixelData=bytes(1 << 20), BitsAllocated=8)

    with pytest.raises(NoSpaceError, match="larger"):
        spool.store(encoded(ds), sent(ds))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync", "mkdir"])
def test_a_disk_that_refuses_leaves_nothing_behind(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """The error is one that the sender may overcome by sending again."""

    def fail(*arguments: object, **options: object) -> int:
        raise OSError(number, os.strerror(number))

    ds = build_instance()
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(NoSpaceError) as error:
        spool.store(encoded(ds), sent(ds))
    monkeypatch.undo()

    assert errno.errorcode[number] in str(error.value)
    assert files(spool) == []
    assert spool.store(encoded(ds), sent(ds)).is_new


def test_a_disk_that_takes_only_a_part_of_each_write_gets_the_whole(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``os.write`` may write less than it is asked to."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:7]))
    ds = build_instance()

    path = spool.store(encoded(ds), sent(ds)).instance.path

    assert dcmread(path) == ds


def test_a_disk_that_claims_more_than_it_wrote_is_not_believed(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size is compared before the file gets its name."""
    write = os.write

    def claim(descriptor: int, data: memoryview) -> int:
        write(descriptor, bytes(data)[:7])
        return len(data)

    monkeypatch.setattr(os, "write", claim)
    ds = build_instance()

    with pytest.raises(NoSpaceError):
        spool.store(encoded(ds), sent(ds))
    assert files(spool) == []


@pytest.mark.parametrize("durability", ["instance", "none"])
def test_the_file_is_forced_before_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    """Only with ``instance``: fsync of the file, rename, fsync of the folder."""
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def note_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("folder" if is_folder else "file")
        fsync(descriptor)

    def note_rename(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    spool = build_spool(tmp_path, durability=durability)
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    spool.store(encoded(ds := build_instance()), sent(ds))

    new_folders = ["folder", "folder"]
    assert done == (
        [*new_folders, "file", "rename", "folder"]
        if durability == "instance"
        else ["rename"]
    )


@pytest.mark.parametrize("durability", ["instance", "none"])
def test_that_it_came_again_is_forced_to_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str
) -> None:
    """Only with ``instance``: the mark of the file, then the folder as always."""
    spool = build_spool(tmp_path, durability=durability)
    ds = build_instance()
    path = spool.store(encoded(ds), sent(ds)).instance.path
    forced: list[tuple[bool, int]] = []

    def note_fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        forced.append((stat.S_ISDIR(status.st_mode), stat.S_IMODE(status.st_mode)))

    monkeypatch.setattr(os, "fsync", note_fsync)
    spool.store(encoded(ds), sent(ds))

    assert forced == (
        [(False, 0o700), (True, 0o700)] if durability == "instance" else []
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_what_never_got_its_name_is_removed_at_a_start(spool: Spool) -> None:
    """It was not acknowledged."""
    leftover = spool.root / ".incoming" / "4711-0"
    leftover.write_bytes(b"half")

    spool.remove_unfinished()

    assert not leftover.exists()


def test_a_study_is_claimed_until_the_ledger_knows_its_images(spool: Spool) -> None:
    """By each of them; one that was refused, or lay there already, leaves nothing."""
    ds = build_instance("1.2")
    kept = [spool.store(encoded(ds), sent(ds)).instance for _ in range(2)]
    with pytest.raises(UnreadableError):
        spool.store(encoded(ds)[:-1], sent(ds))
    free = []
    for instance in kept:
        with spool.claims.alone("1.2") as is_free:
            free.append(is_free)
        spool.recorded([instance])
    with spool.claims.alone("1.2") as is_free:
        free.append(is_free)

    assert free == [False, False, True]


def test_errors_name_no_patient(spool: Spool) -> None:
    """One line each, without names, numbers of patients, or UIDs."""
    ds = build_instance(PixelData=bytes(100), BitsAllocated=8)
    other = build_instance()
    for stream, said in ((encoded(ds)[:-1], sent(ds)), (encoded(ds), sent(other))):
        with pytest.raises(SpoolError) as error:
            spool.store(stream, said)
        message = str(error.value)
        assert "\n" not in message
        assert "Secret" not in message.title()
        assert ds.StudyInstanceUID not in message

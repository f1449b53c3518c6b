"""The spool: the one door through which bytes come in and stay.

Layout: ``<root>/<study uid>/<series uid>/<sop uid>.dcm``. An object is written under
a temporary name in the same file system, its size is compared, it is forced to disk
as the durability setting says, and only then gets its name. So every file with a
name is complete, and at a restart the files alone say what was received.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import itertools
import os
import re
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from node import log
from node.config import InboundSettings
from node.errors import BadUidError, NoSpaceError, SpoolError, UnreadableError
from node.inbound.dataset import Identity, file_head, identify, open_file
from node.jobs.ledger_studies import ReceivedInstance

DROP_AE_TITLE = "DROP"
"""Stands as the sender of files that were laid into the drop folder."""

_UID = re.compile(r"[0-9][0-9.]{0,63}", re.ASCII)
_MIB = 1 << 20


class MismatchError(SpoolError):
    """The data set is of another SOP class or instance than the C-STORE said."""


class OwnObjectError(SpoolError):
    """A node of this kind made the object: no input, so it is not kept."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the sender says about the data set that it sends."""

    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    calling_ae_title: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance that lies in the spool; ``is_new`` is False when it lay there."""

    instance: ReceivedInstance
    is_new: bool


def checked_uid(uid: str) -> str:
    """Return a UID that may become a path.

    Digits and dots, at most 64, beginning with a digit: laxer than PS3.5 9.1, since
    real archives hold worse, and never ``.``, ``..`` or a hidden file.

    Raises
    ------
    BadUidError
        It may not.
    """
    if not _UID.fullmatch(uid):
        raise BadUidError("a UID has other characters than digits and dots")
    return uid


class Spool:
    """Received objects as files.

    Parameters
    ----------
    root
        Folder of the studies; made with mode 0700. Beside it lie ``drop``, where
        files may be laid, and ``refused``, where those go that are no DICOM.
    settings
        Durability, free-space mark and largest object.

    Raises
    ------
    NoSpaceError
        The folders cannot be made.
    """

    def __init__(self, root: Path, settings: InboundSettings) -> None:
        self.root = root
        self.drop = root.parent / "drop"
        self.refused = root.parent / "refused"
        self._incoming = root / ".incoming"
        self._durability = settings.durability
        self._min_free_bytes = settings.min_free_mib * _MIB
        self._max_object_bytes = settings.max_object_mib * _MIB
        self._naming = threading.Lock()  # looking for a free name and taking it
        self._numbers = itertools.count()
        try:
            for folder in (root, self._incoming, self.drop, self.refused):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _no_space(error) from None

    def study_folder(self, study_instance_uid: str) -> Path:
        """Return the folder of a study, whether it exists or not.

        Raises
        ------
        BadUidError
            The UID must not become a path.
        """
        return self.root / checked_uid(study_instance_uid)

    def store(self, dataset: bytes, sent: Sent) -> Kept:
        """Keep one object; when this returns it lies complete under its name.

        The same UID with an equal data set is not stored twice; with another one it
        is kept beside the first, for the worker to judge.

        Parameters
        ----------
        dataset
            The encoded data set without file meta information, kept byte for byte.

        Raises
        ------
        BadUidError
            A UID must not become a path.
        UnreadableError
            The bytes are not a whole data set with UIDs.
        MismatchError
            The data set is not what the sender says it is.
        OwnObjectError
            A node of this kind made it.
        NoSpaceError
            Disk, quota, free-space mark or size limit do not allow it.
        """
        checked_uid(sent.sop_instance_uid)
        self._check_space(len(dataset))
        identity = self._identify(dataset, sent.transfer_syntax_uid)
        if (identity.sop_class_uid, identity.sop_instance_uid) != (
            sent.sop_class_uid,
            sent.sop_instance_uid,
        ):
            raise MismatchError("SOP class or instance UID differ from the data set's")
        head = file_head(sent.transfer_syntax_uid, identity, sent.calling_ae_title)
        digest = hashlib.sha256(dataset).hexdigest()
        try:
            path, is_new = self._keep(identity, digest, (head, dataset))
        except OSError as error:
            raise _no_space(error) from None
        return Kept(_received(identity, digest, path, sent.calling_ae_title), is_new)

    def store_file(self, content: bytes, calling_ae_title: str) -> Kept:
        """Keep the data set of a DICOM file, or a bare data set; as ``store``."""
        file = open_file(content)
        identity = self._identify(file.dataset, file.transfer_syntax_uid)
        sent = Sent(
            file.transfer_syntax_uid,
            identity.sop_class_uid,
            identity.sop_instance_uid,
            calling_ae_title,
        )
        return self.store(file.dataset, sent)

    def ingest(self, path: Path) -> Kept | None:
        """Move a dropped file in; None when it is refused.

        Raises
        ------
        NoSpaceError
            There is no room: the file stays where it is.
        """
        content = b""
        try:
            content = self._read(path)
            kept = self.store_file(content, DROP_AE_TITLE)
        except NoSpaceError:
            raise
        except SpoolError as error:
            self._refuse(path, content, str(error))
            return None
        with suppress(FileNotFoundError):
            path.unlink()
        return kept

    def scan(
        self, known: Callable[[str], Collection[Path]] = lambda _: ()
    ) -> Iterator[ReceivedInstance]:
        """Yield what lies in the spool, and remove what never got its name.

        In the order in which it was received, as far as the files tell.

        Parameters
        ----------
        known
            Returns the files of a study that need not be read and yielded.
        """
        for stale in self._incoming.iterdir():
            stale.unlink()
        for study in sorted(self.root.glob("[0-9]*")):
            unknown = set(study.glob("*/*.dcm")) - set(known(study.name))
            for path in sorted(unknown, key=_written):
                instance = self._recovered(path)
                if instance is not None:
                    yield instance

    def sync(self) -> None:
        """Force everything received so far to disk (``durability = association``).

        Raises
        ------
        NoSpaceError
            The disk reports that something could not be written.
        """
        if self._durability != "association":
            return
        try:
            _sync_file_system(self.root)
        except OSError as error:
            raise _no_space(error) from None

    def _identify(self, dataset: bytes, transfer_syntax_uid: str) -> Identity:
        """Return the identity of an object that may be kept as input."""
        identity = identify(dataset, transfer_syntax_uid, self._max_object_bytes)
        if identity.is_own:
            raise OwnObjectError("a node of this kind made it")
        return identity

    def _check_space(self, size: int) -> None:
        if size > self._max_object_bytes:
            raise NoSpaceError(f"the object is larger than {self._max_object_bytes} B")
        try:
            free = shutil.disk_usage(self.root).free
        except OSError as error:
            raise _no_space(error) from None
        if free - size < self._min_free_bytes:
            raise NoSpaceError("free space is under the mark")

    def _keep(
        self, identity: Identity, digest: str, parts: tuple[bytes, bytes]
    ) -> tuple[Path, bool]:
        """Write the parts to disk and name the file; tell whether it is new."""
        folder = self._folder(identity)
        path = _free_name(folder, identity.sop_instance_uid, digest)
        if path.exists():
            self._force(folder)  # the first to store it may not have come so far
            return path, False
        temporary = self._incoming / f"{os.getpid()}-{next(self._numbers)}"
        try:
            self._write(temporary, parts)
            with self._naming:
                path = _free_name(folder, identity.sop_instance_uid, digest)
                is_new = not path.exists()
                if is_new:
                    self._name(temporary, path, identity)
        finally:
            temporary.unlink(missing_ok=True)
        self._force(folder)
        return path, is_new

    def _folder(self, identity: Identity) -> Path:
        study = self.study_folder(identity.study_instance_uid)
        series = study / checked_uid(identity.series_instance_uid)
        for folder in (study, series):
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                continue
            self._force(folder.parent)
        return series

    def _name(self, temporary: Path, path: Path, identity: Identity) -> None:
        try:
            temporary.rename(path)
        except FileNotFoundError:  # retention removed the folder a moment ago
            self._folder(identity)
            temporary.rename(path)

    def _write(self, path: Path, parts: tuple[bytes, ...]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for part in parts:
                _write_all(descriptor, part)
            if os.fstat(descriptor).st_size != sum(map(len, parts)):
                raise OSError(errno.ENOSPC, "short file")
            if self._durability == "instance":
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _force(self, folder: Path) -> None:
        """Force the names in a folder to disk, when each instance is promised."""
        if self._durability != "instance":
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, path: Path) -> bytes:
        try:
            if path.is_symlink() or not path.is_file():
                raise UnreadableError("not a file")
            if path.stat().st_size > self._max_object_bytes:
                raise UnreadableError("larger than the largest object")
            return path.read_bytes()
        except OSError as error:
            raise UnreadableError(_errno_name(error)) from None

    def _recovered(self, path: Path) -> ReceivedInstance | None:
        content = b""
        try:
            content = self._read(path)
            file = open_file(content)
            identity = self._identify(file.dataset, file.transfer_syntax_uid)
        except SpoolError as error:
            self._refuse(path, content, str(error))
            return None
        digest = hashlib.sha256(file.dataset).hexdigest()
        return _received(identity, digest, path, file.sending_ae_title)

    def _refuse(self, path: Path, content: bytes, reason: str) -> None:
        name = hashlib.sha256(content).hexdigest()[:16]
        try:
            shutil.move(path, self.refused / name)
        except OSError as error:
            reason = f"{reason}; not moved: {_errno_name(error)}"
        log.get("inbound").warning("file_refused", refused=name, reason=reason)


def _written(path: Path) -> tuple[int, Path]:
    return path.stat().st_mtime_ns, path


def _received(
    identity: Identity, digest: str, path: Path, calling_ae_title: str
) -> ReceivedInstance:
    return ReceivedInstance(
        study_instance_uid=identity.study_instance_uid,
        series_instance_uid=identity.series_instance_uid,
        sop_instance_uid=identity.sop_instance_uid,
        sop_class_uid=identity.sop_class_uid,
        digest=digest,
        path=path,
        calling_ae_title=calling_ae_title,
    )


def _free_name(folder: Path, sop_instance_uid: str, digest: str) -> Path:
    """Return the first name that is free, or that holds an equal data set."""
    for mark in ("", f".{digest[:8]}"):
        path = folder / f"{sop_instance_uid}{mark}.dcm"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return path
        with suppress(UnreadableError):  # damaged after it was stored: not ours
            if hashlib.sha256(open_file(content).dataset).hexdigest() == digest:
                return path
    return folder / f"{sop_instance_uid}.{digest}.dcm"


def _write_all(descriptor: int, content: bytes) -> None:
    """Write to the last byte: ``os.write`` may write less than it is asked to."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_file_system(folder: Path) -> None:
    """Force one file system to disk; ``os`` has no syncfs."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def _errno_name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _no_space(error: OSError) -> NoSpaceError:
    """Translate: whatever the disk refuses may be possible later (0xA700)."""
    return NoSpaceError(f"the spool cannot be written: {_errno_name(error)}")

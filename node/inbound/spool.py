"""The spool: the one door through which bytes come in and stay.

Layout: ``<root>/<study uid>/<series uid>/<sop uid>.dcm``. An object is written under
a temporary name in the same file system, its size is compared, it is forced to disk
as the durability setting says, and only then gets its name. So every file with a
name is complete, and at a restart the files alone say what was received.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import stat
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from node.config import InboundSettings
from node.errors import BadUidError, NoSpaceError, SpoolError, UnreadableError
from node.inbound.claims import Claims
from node.inbound.dataset import Identity, file_head, identify, open_file
from node.inbound.disk import (
    force_file,
    force_file_system,
    force_folder,
    refused_by_disk,
    write_new,
)
from node.inbound.receipts import Receipts
from node.inbound.refused import RefusedFolder
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

    Each instance that ``store``, ``store_file`` or ``ingest`` returns holds a claim on
    its study until ``recorded`` is told that the ledger knows it.

    Parameters
    ----------
    root
        Folder of the studies; made with mode 0700. Beside it lie ``drop``, where
        files may be laid, and ``refused``, where those go that are no DICOM.
    settings
        Durability, free-space mark and largest object.

    Attributes
    ----------
    claims
        Which studies must not be removed now.
    receipts
        What the ledger is still to hear of.

    Raises
    ------
    NoSpaceError
        The folders cannot be made.
    """

    def __init__(self, root: Path, settings: InboundSettings) -> None:
        self.root = root
        self.drop = root.parent / "drop"
        self.refused = RefusedFolder(root.parent / "refused")
        self.claims = Claims()
        self.receipts = Receipts()
        self._incoming = root / ".incoming"
        self._durability = settings.durability
        self._min_free_bytes = settings.min_free_mib * _MIB
        self._max_object_bytes = settings.max_object_mib * _MIB
        self._naming = threading.Lock()  # looking for a free name and taking it
        self._numbers = itertools.count()
        try:
            for folder in (root, self._incoming, self.drop, self.refused.folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise refused_by_disk(error) from None

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

        The same UID with an equal data set is not stored twice, but counts as the
        last received, after a crash too; with another data set it is kept beside the
        first, for the worker to judge.

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
        return self._store(dataset, identity, sent)

    def store_file(self, content: bytes, calling_ae_title: str) -> Kept:
        """Keep the data set of a DICOM file, or a bare data set; as ``store``."""
        file = open_file(content)
        self._check_space(len(file.dataset))
        identity = self._identify(file.dataset, file.transfer_syntax_uid)
        checked_uid(identity.sop_instance_uid)
        sent = Sent(
            file.transfer_syntax_uid,
            identity.sop_class_uid,
            identity.sop_instance_uid,
            calling_ae_title,
        )
        return self._store(file.dataset, identity, sent)

    def ingest(self, path: Path) -> Kept | None:
        """Move a dropped file in; None when it is refused, or gone.

        Raises
        ------
        NoSpaceError
            There is no room, or the disk does not give the file: it stays where it
            is.
        """
        try:
            kept = self.store_file(self._read(path), DROP_AE_TITLE)
        except FileNotFoundError:
            return None
        except NoSpaceError:
            raise
        except SpoolError as error:
            self.refused.take(path, str(error))
            return None
        with suppress(OSError):  # where it cannot be removed it is known the next time
            path.unlink()
        return kept

    def recorded(self, instances: Iterable[ReceivedInstance]) -> None:
        """Give back the claims of instances that the ledger knows by now."""
        for instance in instances:
            self.receipts.recorded(instance.path)
            self.claims.give_back(instance.study_instance_uid)

    def remove_unfinished(self) -> None:
        """Remove what never got its name; only while nobody stores."""
        for stale in self._incoming.iterdir():
            stale.unlink()

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
            force_file_system(self.root)
        except OSError as error:
            raise refused_by_disk(error) from None

    def _identify(self, dataset: bytes, transfer_syntax_uid: str) -> Identity:
        """Return the identity of an object that may be kept as input."""
        identity = identify(dataset, transfer_syntax_uid, self._max_object_bytes)
        if identity.is_own:
            raise OwnObjectError("a node of this kind made it")
        return identity

    def _store(self, dataset: bytes, identity: Identity, sent: Sent) -> Kept:
        head = file_head(sent.transfer_syntax_uid, identity, sent.calling_ae_title)
        digest = hashlib.sha256(dataset).hexdigest()
        with self.claims.taking(identity.study_instance_uid):
            try:
                path, is_new = self._keep(identity, digest, (head, dataset))
            except OSError as error:
                raise refused_by_disk(error) from None
        return Kept(received(identity, digest, path, sent.calling_ae_title), is_new)

    def _check_space(self, size: int) -> None:
        if size > self._max_object_bytes:
            raise NoSpaceError(f"the object is larger than {self._max_object_bytes} B")
        try:
            free = shutil.disk_usage(self.root).free
        except OSError as error:
            raise refused_by_disk(error) from None
        if free - size < self._min_free_bytes:
            raise NoSpaceError("free space is under the mark")

    def _keep(
        self, identity: Identity, digest: str, parts: tuple[bytes, bytes]
    ) -> tuple[Path, bool]:
        """Write the parts to disk and name the file; tell whether it is new."""
        folder = self._folder(identity)
        path = _free_name(folder, identity.sop_instance_uid, digest)
        is_new = not path.exists()
        if is_new:
            path, is_new = self._name(folder, identity, digest, parts)
        else:
            self.receipts.acknowledge(path, is_new=False)
        if not is_new and self._durability == "instance":
            force_file(path)
        self._force(folder)  # the first to store it may not have come so far
        return path, is_new

    def _name(
        self, folder: Path, identity: Identity, digest: str, parts: tuple[bytes, bytes]
    ) -> tuple[Path, bool]:
        """Write the parts under a temporary name, then take the one that is free."""
        temporary = self._incoming / f"{os.getpid()}-{next(self._numbers)}"
        try:
            write_new(temporary, parts, force=self._durability == "instance")
            with self._naming:
                path = _free_name(folder, identity.sop_instance_uid, digest)
                is_new = not path.exists()
                if is_new:
                    temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)
        self.receipts.acknowledge(path, is_new=is_new)
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

    def _force(self, folder: Path) -> None:
        """Force the names in a folder to disk, when each instance is promised."""
        if self._durability == "instance":
            force_folder(folder)

    def _read(self, path: Path) -> bytes:
        """Return a dropped file; FileNotFoundError when somebody took it back."""
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("not a file")
            if status.st_size > self._max_object_bytes:
                raise UnreadableError("larger than the largest object")
            return path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise refused_by_disk(error) from None


def received(
    identity: Identity, digest: str, path: Path, calling_ae_title: str
) -> ReceivedInstance:
    """Return what the ledger is to know of an object in the spool."""
    return ReceivedInstance(
        study_instance_uid=identity.study_instance_uid,
        series_instance_uid=identity.series_instance_uid,
        sop_instance_uid=identity.sop_instance_uid,
        sop_class_uid=identity.sop_class_uid,
        digest=digest,
        path=path,
        calling_ae_title=calling_ae_title,
        accession_number=identity.accession_number,
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

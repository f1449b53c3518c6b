"""ZIPs, read without trusting them: what one claims is bounded before it is believed.

A ZIP is looked into where it lies, and nothing in it is unpacked under a name of its
own, so that no name in it leads anywhere. A ZIP inside a ZIP is opened once; one that
lies deeper is refused by name.
"""

from __future__ import annotations

import errno
import io
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import fstat, strerror
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from node.errors import NodeError

CHUNK_BYTES = 1 << 20
"""So much of a file is in memory while it is unpacked."""

MAX_ENTRIES = 100_000

MAX_DIRECTORY_BYTES = 1 << 24
"""A longer directory of a ZIP is not read: it would be taken into memory whole."""

MODEST_BYTES = 1 << 30
MAX_RATIO = 200
"""A ZIP may claim ``MODEST_BYTES``; beyond that, so many times what it is itself.

Deflate reaches 1032 to one, an empty image nearly that; no whole study comes close.
"""

LOCAL_HEADER_BYTES = 30
"""What lies before each file in a ZIP, at least (APPNOTE 4.3.7)."""

SMALL_GAP = 1024
"""So many bytes between two files in a ZIP are not looked at: no image is so short."""

DESCRIPTORS = (0, 12, 16, 20, 24)
"""Bytes that may follow the content of a file in a ZIP (APPNOTE 4.3.9)."""

ENCRYPTED = 0x41
"""Flags of an encrypted file, the old way or the strong (APPNOTE 4.4.4)."""

UTF8 = 0x800
"""Flag of a name that is UTF-8; any other name is in nobody knows which code page."""

WORD = re.compile(r"[^\W\d_]+")
RUSSIAN = re.compile(r"[\u0400-\u04ff]+")

BEGINNINGS = (b"PK\3\4", b"PK\5\6", b"PK00PK\3\4", b"PK\7\x08PK\3\4")
"""How a ZIP begins: with a file, empty, or as one that was to be split in parts."""

MARK_BYTES = 4
"""Length of the mark of one that was to be split, before its first file."""

FOREIGN = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What ``zipfile`` raises over bytes that are no ZIP."""


class ZipRefusedError(NodeError):
    """A ZIP, or a file in it, cannot be read; ``reason`` is its reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Archive:
    """One ZIP as it lay there when it was first looked into.

    Attributes
    ----------
    path
        Where a person finds it: a file, or as if the ZIP around it were a folder.
    file
        The file on the disk.
    size, modified_ns
        Of the file: another one has others.
    inner
        The entry of ``file`` that is this ZIP; None when it is the file itself.
    """

    path: Path
    file: Path
    size: int
    modified_ns: int
    inner: ZipInfo | None = None

    @classmethod
    def at(cls, file: Path) -> Archive:
        """Return the ZIP that is a file.

        Raises
        ------
        OSError
            The disk does not give it.
        """
        status = file.stat()
        return cls(file, file, status.st_size, status.st_mtime_ns)

    @property
    def stated_bytes(self) -> int:
        """Size of the ZIP itself."""
        return self.inner.file_size if self.inner else self.size


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a ZIP."""

    archive: Archive
    entry: ZipInfo

    @property
    def mark(self) -> str:
        """What the ZIP says of its content: no proof, but another has another."""
        return f"{self.entry.CRC:08x} {self.entry.file_size}"


class _Bounded(io.BufferedReader):
    """A file that nobody takes into memory whole, whatever it claims to hold."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes.

        Raises
        ------
        ZipRefusedError
            They are more than the directory of a ZIP may have.
        """
        rest = max(fstat(self.fileno()).st_size - self.tell(), 0)
        wanted = rest if size is None or size < 0 else min(size, rest)
        if wanted > MAX_DIRECTORY_BYTES:
            raise ZipRefusedError("zip_too_many_files")
        return super().read(wanted)


@contextmanager
def opened(archive: Archive) -> Iterator[ZipFile]:
    """Open a ZIP; one inside another is copied to a file without a name meanwhile.

    Raises
    ------
    ZipRefusedError
        It is none, damaged, or claims what cannot be real.
    OSError
        The disk does not give it, or it is not the one that was looked into.
    """
    with ExitStack() as ends:
        now = Archive.at(archive.file)
        if (now.size, now.modified_ns) != (archive.size, archive.modified_ns):
            raise FileNotFoundError(errno.ENOENT, strerror(errno.ENOENT))
        file = _Bounded(io.FileIO(archive.file))
        outer = ends.enter_context(_zip_file(ends.enter_context(file)))
        if archive.inner is None:
            yield outer
            return
        copy = ends.enter_context(TemporaryFile(buffering=0))
        with reading(outer, archive.inner) as stream:
            copyfileobj(stream, copy, CHUNK_BYTES)
        copy.seek(0)
        inner = ends.enter_context(_Bounded(copy))
        yield ends.enter_context(_zip_file(inner))


def _zip_file(stream: _Bounded) -> ZipFile:
    beginning = stream.peek(8)[:8]
    try:
        file = ZipFile(stream)
    except FOREIGN:
        is_zip = beginning.startswith(BEGINNINGS)
        raise ZipRefusedError("zip_damaged" if is_zip else "not_a_zip") from None
    if not beginning.startswith(BEGINNINGS) or _begins_late(file, beginning):
        raise ZipRefusedError("zip_preamble")
    return file


def _begins_late(zip_file: ZipFile, beginning: bytes) -> bool:
    """Tell whether a ZIP lies behind something else, as behind another ZIP.

    ``zipfile`` moves the offsets by what lies before; the directory of that other ZIP
    is not read, so that its files would be lost without a word.
    """
    listed = zip_file.infolist()
    if not all(_lies_within(zip_file, entry) for entry in listed):
        return False  # the first file may be the one that is said to lie elsewhere
    first = min((entry.header_offset for entry in listed), default=zip_file.start_dir)
    return first != (0 if beginning.startswith(BEGINNINGS[:2]) else MARK_BYTES)


@contextmanager
def reading(zip_file: ZipFile, entry: ZipInfo) -> Iterator[IO[bytes]]:
    """Open a file in a ZIP; whoever reads it to its end knows that it is whole.

    Raises
    ------
    ZipRefusedError
        ``damaged``, there or while it is read: it is not what the ZIP says.
    """
    if not _lies_within(zip_file, entry):
        raise ZipRefusedError("damaged")
    try:
        with zip_file.open(entry) as stream:
            yield stream
    except FOREIGN:
        raise ZipRefusedError("damaged") from None


def entries(zip_file: ZipFile, archive: Archive) -> list[ZipInfo]:
    """Return the files in a ZIP; neither folders nor what is hidden.

    A link is a file that holds where it leads: a text, that nobody follows.

    Raises
    ------
    ZipRefusedError
        There are too many, or they claim what cannot be real.
    """
    listed = zip_file.infolist()
    if len(listed) > MAX_ENTRIES:
        raise ZipRefusedError("zip_too_many_files")
    claimed = sum(entry.file_size for entry in listed)
    if claimed > max(MODEST_BYTES, MAX_RATIO * archive.stated_bytes):
        raise ZipRefusedError("zip_bomb")
    within = [entry for entry in listed if _lies_within(zip_file, entry)]
    within.sort(key=lambda entry: entry.header_offset)
    if _overlap(within):
        raise ZipRefusedError("zip_bomb")
    if len(within) == len(listed) and _hides_a_file(zip_file, within):
        raise ZipRefusedError("zip_damaged")
    return [entry for entry in listed if _is_file(entry)]


def _lies_within(zip_file: ZipFile, entry: ZipInfo) -> bool:
    """Tell whether a file may lie where it is said to: before the directory."""
    return 0 <= entry.header_offset < zip_file.start_dir


def _overlap(in_order: Sequence[ZipInfo]) -> bool:
    """Tell whether one content counts for several files, as in a bomb."""
    end = 0
    for entry in in_order:
        if entry.header_offset < end:
            return True
        end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size
    return False


def _hides_a_file(zip_file: ZipFile, in_order: Sequence[ZipInfo]) -> bool:
    """Tell whether a file lies between two others that the directory does not name.

    It would be lost without a word. Only a gap in which an image has room is looked at.
    """
    begins = [*(entry.header_offset for entry in in_order), zip_file.start_dir]
    for entry, following in zip(in_order, begins[1:], strict=True):
        end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size
        named = len(entry.orig_filename.encode()) + len(entry.extra)
        if following - end - named <= SMALL_GAP:
            continue
        end += _name_bytes(zip_file, entry)
        ends = [end + length for length in DESCRIPTORS]
        if following not in ends and any(_file_begins(zip_file, at) for at in ends):
            return True
    return False


def _name_bytes(zip_file: ZipFile, entry: ZipInfo) -> int:
    """Return how long name and extra field before the content of a file are."""
    header = _bytes_at(zip_file, entry.header_offset + 26, 4)
    return sum(struct.unpack("<HH", header)) if len(header) == 4 else 0


def _file_begins(zip_file: ZipFile, at: int) -> bool:
    return _bytes_at(zip_file, at, 4) == BEGINNINGS[0]


def _bytes_at(zip_file: ZipFile, at: int, count: int) -> bytes:
    if (stream := zip_file.fp) is None:  # it is closed
        return b""
    stream.seek(at)
    return stream.read(count)


def refusal(entry: ZipInfo) -> str:
    """Return the reason code of a file in a ZIP that is not read; "" of others."""
    if entry.flag_bits & ENCRYPTED:
        return "zip_encrypted"
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        return "zip_compression"
    return ""


def parts_of(entry: ZipInfo) -> tuple[str, ...]:
    r"""Return the name of a file in a ZIP, made of parts that lead nowhere.

    >>> parts_of(ZipInfo("/a/../..\\b/1.dcm"))
    ('a', 'b', '1.dcm')
    """
    parts = _legible(entry).replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in {"", ".", ".."})


def _legible(entry: ZipInfo) -> str:
    """Return a name, with the letters that its writer most likely saw.

    Where nothing is said, ``zipfile`` takes it for that of an American PC; but UTF-8
    is hardly ever met by chance, nor are the Russian letters of a Windows in Russia.
    """
    if entry.flag_bits & UTF8 or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        russian = raw.decode("cp866")
    words = (word for word in WORD.findall(russian) if not word.isascii())
    return russian if all(map(RUSSIAN.fullmatch, words)) else entry.filename


def _is_file(entry: ZipInfo) -> bool:
    parts = parts_of(entry)
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    is_folder = entry.filename.endswith(("/", "\\"))
    return bool(parts) and not (is_hidden or is_folder)

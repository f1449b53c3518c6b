"""ZIPs that a hospital or somebody hostile may hand in, each with what is to be told.

``python -m tests.hostile.zips FOLDER [STUDY.zip]`` writes them, made of the images of a
ZIP, or else of a simulated study.
"""

from __future__ import annotations

import io
import stat
import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pydicom import DataElement, Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from models.hippocampus.phantom import write_study

Images = Mapping[str, bytes]
"""Name in the ZIP → DICOM file."""

Make = Callable[[Images], bytes]
"""Makes a ZIP of the images of a study."""

CENTRAL = b"PK\1\2"
LOCAL = b"PK\3\4"
STUB = b"MZ this program cannot be run in DOS mode\r\n" * 8


def packed(images: Images, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an ordinary ZIP."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        for name, image in images.items():
            file.writestr(name, image)
    return content.getvalue()


def patched(content: bytes, at: int, form: str, value: int, only: int = -1) -> bytes:
    """Change a number in the headers of a ZIP, wherever it stands there.

    Parameters
    ----------
    at
        Offset in the local header; in the central one it lies two bytes further.
    only
        The number of the one file that is changed; -1: all.
    """
    changed = bytearray(content)
    for mark, offset in ((LOCAL, at), (CENTRAL, at + 2)):
        start = -1
        for number in range(content.count(mark)):
            start = content.index(mark, start + 1)
            if only in {-1, number}:
                struct.pack_into(form, changed, start + offset, value)
    return bytes(changed)


def encrypted(images: Images) -> bytes:
    """Return a ZIP of which every file wants a password."""
    return patched(packed(images), 6, "<H", 1)


def truncated(images: Images) -> bytes:
    """Return a ZIP of which a copy broke off."""
    content = packed(images)
    return content[: len(content) * 2 // 3]


def no_zip(_: Images) -> bytes:
    """Return something else under the name of a ZIP."""
    return b"Rar!\x1a\x07\x00" + bytes(1000)


def empty(_: Images) -> bytes:
    """Return a ZIP without a file."""
    return packed({})


def without_images(_: Images) -> bytes:
    """Return a ZIP of letters, and of what a Mac puts beside them."""
    return packed({"letter.txt": b"Dear colleague", "__MACOSX/._letter.txt": b"\0\5"})


def claiming(images: Images) -> bytes:
    """Return a ZIP that says to hold some gigabytes."""
    return patched(packed(images), 22, "<I", (1 << 32) - 2)


def overlapping(images: Images) -> bytes:
    """Return a ZIP of which all files share one content."""
    content = bytearray(packed(dict.fromkeys(images, next(iter(images.values())))))
    start = -1
    for _ in images:
        start = content.index(CENTRAL, start + 1)
        struct.pack_into("<I", content, start + 42, 0)
    return bytes(content)


def too_deep(images: Images) -> bytes:
    """Return a ZIP inside a ZIP inside a ZIP."""
    return packed({"b.zip": packed({"a.zip": packed(images)})})


def nested(images: Images) -> bytes:
    """Return a ZIP inside a ZIP."""
    return packed({"study.zip": packed(images)})


def with_preamble(images: Images) -> bytes:
    """Return a ZIP behind a program, which a viewer of images takes for one."""
    return STUB + packed(images)


def other_compression(images: Images) -> bytes:
    """Return a ZIP that was packed with LZMA."""
    return packed(images, zipfile.ZIP_LZMA)


def deflate64(images: Images) -> bytes:
    """Return a ZIP that says that it was packed as Windows packs large files."""
    return patched(packed(images), 8, "<H", 9)


def one_damaged(images: Images) -> bytes:
    """Return a ZIP of which one image has another content than its checksum says."""
    return patched(packed(images), 14, "<I", 0xBAD, only=_late(images))


def one_encrypted(images: Images) -> bytes:
    """Return a ZIP of which one image wants a password."""
    return patched(packed(images), 6, "<H", 1, only=_late(images))


def _late(images: Images) -> int:
    """Return the number of the last file that lies in the folder of the first."""
    folders = [PurePosixPath(name).parent for name in images]
    return max(n for n, folder in enumerate(folders) if folder == folders[0])


def leading_out(images: Images) -> bytes:
    """Return a ZIP whose names lead out of every folder."""
    ways = ("../../../", "/", "C:\\Windows\\", "a/../../")
    return packed(
        {
            f"{ways[number % len(ways)]}{number}.dcm": image
            for number, image in enumerate(images.values())
        }
    )


def with_links(images: Images) -> bytes:
    """Return a ZIP with a link to the passwords of the machine."""
    content = io.BytesIO(packed(images))
    with zipfile.ZipFile(content, "a") as file:
        link = zipfile.ZipInfo("link.dcm")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    return content.getvalue()


def one_name(images: Images) -> bytes:
    """Return a ZIP of which all files have the same name."""
    long = {f"{number:08}": image for number, image in enumerate(images.values())}
    content = packed(long)
    for name in long:
        content = content.replace(name.encode(), b"same.dcm")
    return content


def in_code_page(images: Images) -> bytes:
    """Return a ZIP with the names that a Russian Windows writes."""
    long = {f"{number:06}.dcm": image for number, image in enumerate(images.values())}
    content = packed({f"XXXX/{name}": image for name, image in long.items()})
    return content.replace(b"XXXX/", "Пётр/".encode("cp866"))


def with_dicomdir(images: Images) -> bytes:
    """Return a medium whose directory names files outside of it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "DICOMDIR"
        _write_dicomdir(path)
        return packed({"DICOMDIR": path.read_bytes(), **images})


def _write_dicomdir(path: Path) -> None:
    record = Dataset()
    record.DirectoryRecordType = "IMAGE"
    out = ["..", "..", "..", "ETC", "PASSWD"]
    record["ReferencedFileID"] = DataElement(0x00041500, "CS", out, validation_mode=0)
    directory = Dataset()
    directory.FileSetID = "HOSTILE"
    directory.DirectoryRecordSequence = [record] * 1000  # longer than is read first
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.save_as(path, enforce_file_format=True)


def zip64(images: Images) -> bytes:
    """Return a ZIP that is written as one of many gigabytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, image in images.items():
            with file.open(name, "w", force_zip64=True) as target:
                target.write(image)
    return content.getvalue()


def without_extension(images: Images) -> bytes:
    """Return a ZIP whose images are called as on a medium, stored as they are."""
    names = (f"IMAGES/IM{number:06}" for number in range(len(images)))
    return packed(dict(zip(names, images.values(), strict=True)), zipfile.ZIP_STORED)


REFUSED: Mapping[Make, str] = {
    encrypted: "zip_encrypted",
    truncated: "zip_damaged",
    no_zip: "not_a_zip",
    empty: "zip_empty",
    without_images: "not_dicom",
    claiming: "zip_bomb",
    overlapping: "zip_bomb",
    too_deep: "zip_nested",
    with_preamble: "zip_preamble",
    other_compression: "zip_compression",
    deflate64: "zip_compression",
}
"""In these no study is found: the reason code that is told."""

SPOILED = (one_damaged, one_encrypted)
"""In these a study is found, and fails, since it may lack an image."""

SOUND = (
    nested,
    leading_out,
    with_links,
    one_name,
    in_code_page,
    with_dicomdir,
    zip64,
    without_extension,
)
"""In these a study is found, as sound as in any other ZIP."""


def write_zips(folder: Path, images: Images) -> None:
    """Write all of them, each of a study of its own, as the function that makes it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, make in enumerate((*REFUSED, *SPOILED, *SOUND), start=10):
        content = make(of_another_study(images, number))
        (folder / f"{make.__name__}.zip").write_bytes(content)


def of_another_study(images: Images, number: int) -> dict[str, bytes]:
    """Return the same images under other UIDs, as long as they were.

    Parameters
    ----------
    number
        Of two digits; they stand in the last component of each UID.
    """
    uids: set[str] = set()
    for image in images.values():
        header = dcmread(io.BytesIO(image), stop_before_pixels=True)
        uids |= {
            header.StudyInstanceUID,
            header.SeriesInstanceUID,
            header.SOPInstanceUID,
        }
    renamed = dict(images)
    for uid in uids:
        start, dot, last = uid.rpartition(".")
        other = f"{start}{dot}{number}{last[2:]}".encode()
        for name, image in renamed.items():
            renamed[name] = image.replace(uid.encode(), other)
    return renamed


def images_of(path: Path | None = None) -> dict[str, bytes]:
    """Return the images of a ZIP, or those of a simulated study."""
    if path is not None:
        with zipfile.ZipFile(path) as file:
            return {name: file.read(name) for name in file.namelist()}
    with TemporaryDirectory() as folder:
        files = write_study(Path(folder), 1)
        return {
            str(file.relative_to(folder)): file.read_bytes() for file in sorted(files)
        }


if __name__ == "__main__":
    target, *source = map(Path, sys.argv[1:])
    write_zips(target, images_of(*source))

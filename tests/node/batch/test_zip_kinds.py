"""What kind of archive a file is, and that names do not matter."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest

from node.batch.sources import source_of
from node.batch.zip_kinds import begins_other_archive, begins_zip
from tests.hostile.zips import packed
from tests.node.batch.zipped import found, images, only_study, studies, told, write_zip

OFFICE = packed({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"})
OPEN_DOCUMENT = packed({"mimetype": b"application/vnd.oasis", "content.xml": b"<x/>"})
PROGRAM = packed({"META-INF/MANIFEST.MF": b"Manifest", "a.class": b"\xca\xfe"})
ARRAYS = packed({"arr_0.npy": b"\x93NUMPY" + bytes(500), "empty": b""})


def tar() -> bytes:
    """Return a tar of one file."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as file:
        file.addfile(tarfile.TarInfo("a"))
    return content.getvalue()


OTHERS = {
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(999),
    "7z": b"7z\xbc\xaf'\x1c" + bytes(999),
    "tar": tar(),
    "tgz": gzip.compress(tar()),
    "bz2": bz2.compress(tar()),
    "xz": lzma.compress(tar()),
    "iso": bytes(32768) + b"\x01CD001" + bytes(2000),
}


@pytest.mark.parametrize("name", ["patient_2", "patient_3.zip.1", "a.zip.dcm"])
def test_a_zip_may_be_called_anything(tmp_path: Path, name: str) -> None:
    """In a folder, and in a ZIP."""
    write_zip(tmp_path / "in" / "a.zip", images("one"))
    write_zip(tmp_path / "in" / name, images("two"))
    inside = packed({name: packed(images("two")), **images("one")})
    (tmp_path / "both.zip").write_bytes(inside)

    outer = [study.path.relative_to(tmp_path) for study in studies(tmp_path / "in")]
    inner = [study.path.name for study in studies(tmp_path / "both.zip")]

    assert sorted(map(str, outer)) == ["in/a.zip", f"in/{name}"]
    assert sorted(inner) == sorted(["both.zip", name])


@pytest.mark.parametrize("document", [OFFICE, OPEN_DOCUMENT, PROGRAM, ARRAYS])
def test_a_document_that_is_a_zip_is_no_input(tmp_path: Path, document: bytes) -> None:
    """Neither beside a study nor in its ZIP; alone it is no DICOM, as any other."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "list.xlsx").write_bytes(document)
    write_zip(tmp_path / "in" / "a.zip", images(), {"one/list.xlsx": document})
    write_zip(tmp_path / "letters.zip", {"list.xlsx": document})

    study = only_study(tmp_path / "in")

    assert study.path == tmp_path / "in" / "a.zip"
    assert not study.beside
    assert told(tmp_path / "letters.zip") == {".": "not_dicom"}
    (only,) = found(tmp_path / "in" / "list.xlsx")
    assert getattr(only, "detail", None) == "not_dicom"


def test_a_zip_of_another_name_that_holds_a_damaged_study_is_told_of(
    tmp_path: Path,
) -> None:
    """It was an input, whatever it is called."""
    write_zip(tmp_path / "a.zip", images("one"))
    (tmp_path / "patient_2").write_bytes(packed(images("two"))[:-100])

    assert told(tmp_path) == {"patient_2": "zip_damaged"}


@pytest.mark.parametrize("kind", OTHERS)
def test_an_archive_of_another_kind_is_told_of(tmp_path: Path, kind: str) -> None:
    """In a folder, in a ZIP, alone, and whatever it is called."""
    content = OTHERS[kind]
    write_zip(tmp_path / "in" / "a.zip", images("one"), {"one/x": content})
    (tmp_path / "in" / "patient_2").write_bytes(content)

    assert begins_other_archive(content)
    assert told(tmp_path / "in") == {
        "a.zip/one/x": "zip_other_kind",
        "patient_2": "zip_other_kind",
    }
    (only,) = source_of(tmp_path / "in" / "patient_2").found(1)
    assert getattr(only, "detail", None) == "zip_other_kind"


def test_what_is_only_compressed_is_no_archive(tmp_path: Path) -> None:
    """A volume of research beside a study is nothing to be told of."""
    write_zip(tmp_path / "a.zip", images("one"))
    (tmp_path / "volume.nii.gz").write_bytes(gzip.compress(bytes(1000)))
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08" + b"\xff" * 99)

    assert told(tmp_path) == {}


@pytest.mark.parametrize("beginning", [b"PK\3\4", b"Rar!\x1a\x07\x00", b"BZh9"])
def test_what_lies_before_a_dicom_file_does_not_matter(beginning: bytes) -> None:
    """Its preamble may be anything."""
    head = beginning.ljust(128, b"\0") + b"DICM"

    assert not begins_zip(head)
    assert not begins_other_archive(head)

"""One file is read, or refused by name."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from models.volume import headers, part10
from models.volume.headers import (
    IDENTITY,
    HeaderError,
    content_digest,
    floats,
    integer,
    read_header,
    read_headers,
    text,
    valid_uid,
)
from tests.dicom_series import save, write_series

PLANES = np.arange(2 * 5 * 7, dtype=np.int16).reshape(2, 5, 7)


def reason_of(path: Path) -> str:
    """Return why this file is refused."""
    with pytest.raises(HeaderError) as caught:
        read_header(path)
    return caught.value.reason


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_the_offset_of_native_pixels_is_where_they_are(
    tmp_path: Path, syntax: str
) -> None:
    """The bytes at the offset are the stored values."""
    first, _ = write_series(tmp_path, PLANES, transfer_syntax=syntax)

    offset = read_header(first).pixel_offset

    assert offset is not None
    assert first.read_bytes()[offset:] == PLANES[0].tobytes()


@pytest.mark.parametrize(
    "syntax",
    [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless],
)
def test_other_pixels_have_no_offset(tmp_path: Path, syntax: str) -> None:
    """Big-endian, deflated and compressed pixels are left to a decoder."""
    first, _ = write_series(tmp_path, PLANES, transfer_syntax=syntax)

    assert read_header(first).pixel_offset is None


def test_pixels_are_not_read(tmp_path: Path) -> None:
    """The header pass keeps headers only."""
    first, _ = write_series(tmp_path, PLANES)

    assert "PixelData" not in read_header(first).dataset


def test_a_file_without_pixels_has_no_offset(tmp_path: Path) -> None:
    """A report or a truncated image has nothing to point at."""
    first, _ = write_series(tmp_path, PLANES, PixelData=None)

    assert read_header(first).pixel_offset is None


class TestRefusals:
    """Every file that is no placed instance is refused by name."""

    def test_a_missing_file_and_a_folder_are_unreadable(self, tmp_path: Path) -> None:
        """Neither can be opened."""
        assert reason_of(tmp_path / "absent.dcm") == "unreadable"
        assert reason_of(tmp_path) == "unreadable"

    @pytest.mark.parametrize("content", [b"notes", b"\0" * 4096])
    def test_other_files_are_not_dicom(self, tmp_path: Path, content: bytes) -> None:
        """A file without the DICM mark is never forced."""
        path = tmp_path / "notes.txt"
        path.write_bytes(content)

        assert reason_of(path) == "not_dicom"

    def test_an_empty_file_was_an_image_once(self, tmp_path: Path) -> None:
        """A copy onto a full disk leaves such files."""
        path = tmp_path / "7.dcm"
        path.touch()

        assert reason_of(path) == "empty"
        assert "empty" in headers.DAMAGED

    def test_the_directory_of_a_medium_is_no_damaged_image(
        self, tmp_path: Path
    ) -> None:
        """It lies beside the images of every CD and names no study of its own."""
        directory = Dataset()
        directory.SOPClassUID = MediaStorageDirectoryStorage
        directory.SOPInstanceUID = "1.2.3"
        directory.DirectoryRecordSequence = []
        path = save(directory, tmp_path / "DICOMDIR", ExplicitVRLittleEndian)

        assert reason_of(path) == "dicomdir"
        assert "dicomdir" not in headers.DAMAGED

    @pytest.mark.parametrize(
        "keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"]
    )
    def test_an_instance_without_identity_has_no_study(
        self, tmp_path: Path, keyword: str
    ) -> None:
        """An empty UID would put strangers into one study."""
        first, _ = write_series(tmp_path, PLANES)
        dataset = dcmread(first)
        setattr(dataset, keyword, "")
        dataset.save_as(first)

        assert reason_of(first) == "missing_uid"

    @pytest.mark.filterwarnings("ignore::UserWarning")  # writing nonsense on purpose
    @pytest.mark.parametrize("keyword", IDENTITY)
    @pytest.mark.parametrize("value", ["1.2.DOE", ["1.2", "1.3"], "1" * 65])
    def test_an_instance_whose_identity_is_text_or_several_has_none(
        self, tmp_path: Path, keyword: str, value: str | list[str]
    ) -> None:
        """Our objects would quote it; leading zeros are met, and are let in."""
        first, second = write_series(tmp_path, PLANES)
        for path, written in ((first, value), (second, "1.2.0840.3")):
            dataset = dcmread(path)
            setattr(dataset, keyword, written)
            dataset.save_as(path)

        assert reason_of(first) == "missing_uid"
        assert text(read_header(second).dataset, keyword) == "1.2.0840.3"

    def test_a_file_that_ends_within_its_meta_information_is_refused(
        self, tmp_path: Path
    ) -> None:
        """A broken transfer leaves such files."""
        first, _ = write_series(tmp_path, PLANES)
        first.write_bytes(first.read_bytes()[:150])

        assert reason_of(first) in {"damaged", "missing_uid"}

    def test_a_deflate_bomb_is_not_inflated(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The limit is watched while inflating, before pydicom sees the file."""
        monkeypatch.setattr(part10, "MAX_INFLATED_BYTES", 1 << 22)
        syntax = DeflatedExplicitVRLittleEndian
        first, _ = write_series(tmp_path, PLANES, transfer_syntax=syntax)
        raw = first.read_bytes()
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        bomb = deflater.compress(bytes(1 << 26)) + deflater.flush()
        first.write_bytes(raw[: part10.dataset_start(raw)] + bomb)

        assert len(bomb) < 100_000
        assert reason_of(first) == "inflates_too_far"


def test_refused_files_are_named_beside_the_read_ones(tmp_path: Path) -> None:
    """One bad file spoils only itself."""
    paths = write_series(tmp_path / "series", PLANES)
    notes = tmp_path / "notes.txt"
    notes.write_text("none")

    read, refused = read_headers([paths[0], notes, paths[1]], threads=2)

    assert [header.path for header in read] == paths
    assert refused == [(notes, "not_dicom")]


def test_content_is_compared_without_meta_information(tmp_path: Path) -> None:
    """Two archives write different meta information around the same instance."""
    first, second = write_series(tmp_path, PLANES)
    copy = tmp_path / "copy.dcm"
    dataset = dcmread(first)
    dataset.file_meta.SourceApplicationEntityTitle = "ELSEWHERE"
    dataset.save_as(copy)

    assert copy.read_bytes() != first.read_bytes()
    assert content_digest(copy) == content_digest(first)
    assert content_digest(second) != content_digest(first)


class TestValues:
    """Values are converted, or absent; none raises."""

    def test_text_joins_several_values(self) -> None:
        """As DICOM writes them."""
        dataset = Dataset()
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]

        assert text(dataset, "ImageType") == "ORIGINAL\\PRIMARY"
        assert text(dataset, "PatientName") == ""

    def test_text_honours_the_character_set(self, tmp_path: Path) -> None:
        """A Cyrillic name is read as it was written."""
        first, _ = write_series(
            tmp_path, PLANES, SpecificCharacterSet="ISO_IR 144", PatientName="Иванов^И"
        )

        assert text(read_header(first).dataset, "PatientName") == "Иванов^И"

    def test_numbers_that_are_none_are_absent(self, tmp_path: Path) -> None:
        """Words where numbers belong, as damaged files have them."""
        first, _ = write_series(tmp_path, PLANES)
        raw = first.read_bytes().replace(b"1.0\\1.0 ", b"one\\two ")
        raw = raw.replace(b"IS\x02\x001 ", b"IS\x02\x00x ")
        first.write_bytes(raw)
        dataset = read_header(first).dataset

        assert floats(dataset, "PixelSpacing", 2) is None
        assert integer(dataset, "InstanceNumber") is None
        assert floats(dataset, "ImagePositionPatient", 3) == (0.0, 0.0, 0.0)

    @pytest.mark.parametrize("values", [[1, 2], [1, 2, 3, 4], None])
    def test_a_vector_has_its_length(self, values: list[float] | None) -> None:
        """Two coordinates are no position."""
        dataset = Dataset()
        dataset.ImagePositionPatient = values

        assert floats(dataset, "ImagePositionPatient", 3) is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # writing nonsense on purpose
@pytest.mark.parametrize(
    ("written", "uid"),
    [
        ("1.2.840.10008.1.2", "1.2.840.10008.1.2"),
        ("1.2.3 ", "1.2.3"),
        ("0.0", "0.0"),
        ("1.02", ""),
        ("1..2", ""),
        (".1", ""),
        ("1.2.", ""),
        ("1." + "2" * 63, ""),
        ("DOE^JOHN 19500101", ""),
        ("١.٢", ""),  # noqa: RUF001 - digits, but not those of PS3.5
        (["1.2", "1.3"], ""),
        (None, ""),
    ],
)
def test_a_uid_is_one_by_the_standard_or_none(
    written: str | list[str] | None, uid: str
) -> None:
    """PS3.5 9.1: digits and dots, no leading zero, at most 64 characters, one value."""
    ds = Dataset()
    ds.FrameOfReferenceUID = written

    assert valid_uid(ds, "FrameOfReferenceUID") == uid

"""Whose images lie in a ZIP, whatever was done to it."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.batch.found import NoStudy, StudyFiles
from node.batch.zip_contents import look_into
from tests.hostile import zips as hostile
from tests.hostile.zips import REFUSED, SOUND, SPOILED, Images, packed
from tests.node.batch.zipped import found, images, only_study, told, write_zip

IMAGES = images()


@pytest.mark.parametrize(
    ("make", "reason"), REFUSED.items(), ids=[make.__name__ for make in REFUSED]
)
def test_a_zip_without_a_study_says_why(
    tmp_path: Path, make: hostile.Make, reason: str
) -> None:
    """One row for each, and none of them is read."""
    (tmp_path / "a.zip").write_bytes(make(IMAGES))

    (only,) = found(tmp_path)

    assert isinstance(only, NoStudy)
    assert only.detail == reason


@pytest.mark.parametrize("make", SOUND, ids=lambda make: make.__name__)
def test_a_study_is_found_however_it_was_packed(
    tmp_path: Path, make: hostile.Make
) -> None:
    """Every image of it, and nothing beside them."""
    (tmp_path / "a.zip").write_bytes(make(IMAGES))

    study = only_study(tmp_path)

    assert len(study.files) == len(IMAGES)
    assert not study.beside
    assert study.path.is_relative_to(tmp_path / "a.zip")


@pytest.mark.parametrize("make", SPOILED, ids=lambda make: make.__name__)
def test_an_image_that_cannot_be_read_lies_beside_those_that_can(
    tmp_path: Path, make: hostile.Make
) -> None:
    """So the study is not taken for a whole one."""
    (tmp_path / "a.zip").write_bytes(make(IMAGES))

    study = only_study(tmp_path)

    assert len(study.files) == len(IMAGES) - 1
    assert len(study.beside) == 1


def test_damaged_images_in_a_folder_of_their_own_are_told_of(tmp_path: Path) -> None:
    """As those on the disk are."""
    lost = {"lost/1.dcm": bytes(128) + b"DICM", "lost/2.dcm": b"", "notes/a": b"text"}
    write_zip(tmp_path / "a.zip", IMAGES, lost)

    assert told(tmp_path) == {"a.zip/lost": "missing_uid"}


def test_each_zip_inside_a_zip_is_an_input(tmp_path: Path) -> None:
    """A ward that is handed over as one file, a sound study and a broken one in it."""
    ward: Images = {"1.zip": packed(IMAGES), "2.zip": hostile.truncated(IMAGES)}
    (tmp_path / "ward.zip").write_bytes(packed(ward))

    study, broken = found(tmp_path)

    assert isinstance(study, StudyFiles)
    assert study.path == tmp_path / "ward.zip" / "1.zip"
    assert isinstance(broken, NoStudy)
    assert (broken.path.name, broken.detail) == ("2.zip", "zip_damaged")


def test_what_a_node_made_is_no_input_in_a_zip_either(tmp_path: Path) -> None:
    """The ZIP says so."""
    (contents,) = look_into([write_zip(tmp_path / "a.zip", IMAGES)], 1)
    for path, identity in contents.images.items():
        object.__setattr__(identity, "is_own", True)
        contents.images[path] = identity

    assert contents.without_study == "own_output"


@pytest.mark.parametrize("offset", [1 << 62, (1 << 63) - 1, (1 << 64) - 1])
def test_a_file_that_lies_nowhere_spoils_no_other(tmp_path: Path, offset: int) -> None:
    """An image of which the directory says that it lies beyond the ZIP."""
    content = misplaced(packed({**IMAGES, "x.dcm": b"image"}), offset)
    (tmp_path / "a.zip").write_bytes(content)

    (contents,) = look_into([tmp_path / "a.zip"], 1)

    assert not contents.reason
    assert len(contents.images) == len(IMAGES)
    assert contents.strangers == {tmp_path / "a.zip" / "x.dcm": "damaged"}


def misplaced(content: bytes, offset: int) -> bytes:
    """Return a ZIP of which the last file lies at another offset, as ZIP64 says."""
    last = content.rindex(hostile.CENTRAL)
    named = last + 46 + len("x.dcm")
    longer = bytearray(content)
    longer[last + 30 : last + 32] = struct.pack("<H", 12)
    longer[last + 42 : last + 46] = b"\xff" * 4
    longer[named:named] = struct.pack("<HHQ", 1, 8, offset)
    end = len(longer) - 22
    length, *_ = struct.unpack_from("<I", longer, end + 12)
    struct.pack_into("<I", longer, end + 12, length + 12)
    return bytes(longer)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 2**32))
def test_whatever_was_done_to_a_zip_it_is_told_of(tmp_path: Path, seed: int) -> None:
    """Some bytes are changed, or its end is lost: nothing raises, one row at least."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    content = bytearray(packed(IMAGES))
    for _ in range(chance.randrange(1, 30)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    del content[chance.randrange(len(content) // 2, 2 * len(content)) :]
    (tmp_path / "a.zip").write_bytes(content)

    assert found(tmp_path)

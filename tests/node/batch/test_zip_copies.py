"""A study that lies in several ZIPs, of which some are damaged."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_STORED

import pytest

from node.batch import zip_contents
from tests.hostile.zips import packed
from tests.node.batch.zipped import images, only_study, studies, told, write_zip

LARGE = images("one", matrix=300)
"""Images of which the beginning does not tell that the end is damaged."""


def spoiled(one: dict[str, bytes]) -> bytes:
    """Return a ZIP of which the directory is right, and an image is not."""
    content, image = bytearray(packed(one, ZIP_STORED)), list(one.values())[2]
    content[content.index(image) + len(image) - 9] ^= 0xFF
    return bytes(content)


def placed(root: Path) -> list[str]:
    """Return where the studies lie, below the root."""
    return [str(study.path.relative_to(root)) for study in studies(root)]


@pytest.mark.parametrize(
    "one", [LARGE, images("one")], ids=["late in an image", "early"]
)
def test_a_whole_copy_is_read_and_not_the_damaged_one(
    tmp_path: Path, one: dict[str, bytes]
) -> None:
    """Whichever comes first: what the directory says of both is the same."""
    for name, damaged in (("first", "a.zip"), ("last", "c.zip")):
        root = tmp_path / name
        write_zip(root / "b.zip", one)
        (root / damaged).write_bytes(spoiled(one))

        assert placed(root) == ["b.zip"]
        assert told(root) == {damaged: "zip_duplicate"}
        assert not only_study_of(root / "b.zip")


def only_study_of(path: Path) -> tuple[Path, ...]:
    """Return what lies beside the study of a ZIP."""
    return only_study(path).beside


def test_a_whole_copy_in_a_zip_inside_a_zip_is_read_too(tmp_path: Path) -> None:
    """Though the one in a ZIP of its own has the better name."""
    (tmp_path / "norma_1.zip").write_bytes(spoiled(LARGE))
    write_zip(tmp_path / "ward.zip", {"x.zip": packed(LARGE)})

    assert placed(tmp_path) == ["ward.zip/x.zip"]
    assert told(tmp_path) == {"norma_1.zip": "zip_duplicate"}


def test_of_copies_none_of_which_is_whole_none_is_said_to_be_read(
    tmp_path: Path,
) -> None:
    """They have one row, which names them all, and which fails."""
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(spoiled(LARGE))

    assert placed(tmp_path) == ["a.zip + b.zip"]
    assert told(tmp_path) == {}


def test_a_damaged_copy_that_holds_more_is_not_left_out(tmp_path: Path) -> None:
    """Then no ZIP has all of the study: this is told, and not that all is well."""
    (tmp_path / "a.zip").write_bytes(spoiled(LARGE))
    write_zip(tmp_path / "b.zip", dict(list(LARGE.items())[:3]))

    assert placed(tmp_path) == ["a.zip + b.zip"]


def test_an_image_that_only_the_damaged_zip_has_is_not_forgotten(
    tmp_path: Path,
) -> None:
    """The whole ZIP has as many images less than it should have."""
    small = images("one")
    write_zip(tmp_path / "a.zip", small, {"one/x.dcm": bytes(128) + b"DICM"})
    write_zip(tmp_path / "b.zip", small)

    assert placed(tmp_path) == ["a.zip"]
    assert only_study_of(tmp_path / "a.zip")


def test_nothing_is_read_to_its_end_where_there_is_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Studies that lie in one ZIP each are not read twice."""
    write_zip(tmp_path / "a.zip", images("one"), images("two"))
    write_zip(tmp_path / "b.zip", images("three"))
    monkeypatch.setattr(zip_contents._Copy, "is_whole", None)

    assert len(studies(tmp_path)) == 3

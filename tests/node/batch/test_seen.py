"""Studies put together from folders and ZIPs, and where they are said to lie."""

from __future__ import annotations

import os
from pathlib import Path

from node.batch.sources import source_of
from tests.node.batch.zipped import images, only_study, studies, told, write_zip


def placed(root: Path) -> list[str]:
    """Return where the studies lie, below the root."""
    return [str(study.path.relative_to(root)) for study in studies(root)]


def test_a_zip_of_one_study_is_where_it_lies(tmp_path: Path) -> None:
    """Whatever folders are in it; the ZIP is what a person knows."""
    write_zip(tmp_path / "in" / "a.zip", images())

    assert placed(tmp_path / "in") == ["a.zip"]
    assert only_study(tmp_path / "in" / "a.zip").path == tmp_path / "in" / "a.zip"


def test_a_zip_that_is_named_alone_may_be_called_anything(tmp_path: Path) -> None:
    """As a download is."""
    path = write_zip(tmp_path / "download", images())

    assert only_study(path).path == path


def test_several_studies_in_a_zip_are_told_apart(tmp_path: Path) -> None:
    """Each where it lies in the ZIP."""
    write_zip(tmp_path / "a.zip", images("one"), images("two"))

    assert placed(tmp_path) == ["a.zip/one", "a.zip/two"]


def test_folders_and_zips_may_lie_mixed(tmp_path: Path) -> None:
    """Each is an input, and so is a folder that holds only a ZIP."""
    write_zip(tmp_path / "ward" / "a.zip", images("one"))
    write_zip(tmp_path / "b.ZIP", images("two"))
    (tmp_path / "three").mkdir()
    for name, image in images("three").items():
        (tmp_path / name).write_bytes(image)
    (tmp_path / "empty").mkdir()

    assert placed(tmp_path) == ["b.ZIP", "three", "ward/a.zip"]
    assert told(tmp_path) == {"empty": ""}


def test_the_parts_of_a_study_in_two_zips_are_put_together(tmp_path: Path) -> None:
    """It is one study, and it says where its parts lie."""
    one = images("one")
    write_zip(tmp_path / "a.zip", dict(list(one.items())[:2]))
    write_zip(tmp_path / "b.zip", dict(list(one.items())[1:]))

    study = only_study(tmp_path)

    assert study.path == tmp_path / "a.zip + b.zip"
    assert len({identity.sop_instance_uid for _, identity in study.files}) == len(one)


def test_a_study_that_lies_in_two_zips_is_read_once(tmp_path: Path) -> None:
    """The copy says so, and where it is damaged it spoils nothing."""
    write_zip(tmp_path / "a.zip", images("one"))
    write_zip(tmp_path / "b.zip", images("one"), {"one/x.dcm": b""})
    write_zip(tmp_path / "c.zip", images("one"), images("two"))

    assert placed(tmp_path) == ["a.zip", "c.zip"]
    assert told(tmp_path) == {"b.zip": "zip_duplicate"}


def test_of_copies_the_one_in_a_zip_of_its_own_counts(tmp_path: Path) -> None:
    """It has the name that a person knows, and the truth that goes with it."""
    plain = write_zip(tmp_path / "z_norma.zip", images("one"))
    write_zip(tmp_path / "a.zip", {"inner.zip": plain.read_bytes()})

    assert placed(tmp_path) == ["z_norma.zip"]
    assert told(tmp_path) == {"a.zip/inner.zip": "zip_duplicate"}


def test_another_image_under_the_same_uid_is_no_copy(tmp_path: Path) -> None:
    """Which is right is for the worker to refuse to say."""
    first = images("one")
    other = {name: image[:-1] + b"!" for name, image in first.items()}
    write_zip(tmp_path / "a.zip", first)
    write_zip(tmp_path / "b.zip", other)

    assert len(only_study(tmp_path).files) == 2 * len(first)


def test_a_zip_of_letters_beside_the_one_study_asked_for_is_no_fault(
    tmp_path: Path,
) -> None:
    """``infer`` reads a study; only what may have held one is told of."""
    write_zip(tmp_path / "a.zip", images())
    write_zip(tmp_path / "letters.zip", {"a.txt": b"text"})
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4")

    told = source_of(tmp_path, every_input=False).found(1)

    assert [each.path.name for each in told] == ["a.zip", "broken.zip"]


def test_a_seal_stays_as_long_as_the_zip(tmp_path: Path) -> None:
    """A copy of the ZIP, another day, is looked into anew."""
    path = write_zip(tmp_path / "a.zip", images())
    study = only_study(tmp_path)
    assert study.seal == only_study(tmp_path).seal

    os.utime(path, ns=(1, 1))

    assert only_study(tmp_path).seal not in {study.seal, ""}


def test_a_study_of_which_a_part_lies_loose_has_no_seal(tmp_path: Path) -> None:
    """Loose files are compared byte for byte, each time."""
    one = images("one")
    first, *_ = one
    write_zip(tmp_path / "a.zip", one)
    (tmp_path / "loose.dcm").write_bytes(one[first])

    assert only_study(tmp_path).seal == ""


def test_another_damaged_image_beside_a_study_makes_another_study(
    tmp_path: Path,
) -> None:
    """So it is read again when one comes, or changes."""
    told = set()
    for damaged in ({}, {"one/x": b""}, {"one/x": bytes(128) + b"DICM"}):
        path = write_zip(tmp_path / "a.zip", images("one"), damaged)
        told.add(only_study(path).neighbours)

    assert len(told) == 3


DAMAGED = b"\0" * 128 + b"DICM" + b"\x02\x00\x10\x00UI"


def test_a_damaged_file_among_several_studies_spoils_none(tmp_path: Path) -> None:
    """Nobody knows whose it is: it is told of by itself."""
    flat = {
        f"{number}.dcm": image
        for number, image in enumerate((*images("a").values(), *images("b").values()))
    }
    write_zip(tmp_path / "flat.zip", flat, {"x.dcm": DAMAGED})
    write_zip(tmp_path / "own.zip", images("c"), {"c/x.dcm": DAMAGED})

    beside = {study.path.name: len(study.beside) for study in studies(tmp_path)}

    assert beside == {"flat.zip": 0, "own.zip": 1}
    assert told(tmp_path) == {"flat.zip/x.dcm": "missing_uid"}

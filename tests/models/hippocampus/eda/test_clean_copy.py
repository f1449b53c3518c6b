"""The clean copy holds what passed, whole or not at all, and the input is untouched."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from models.hippocampus.cases.data import read_data
from models.hippocampus.eda.analysis import Analysis, analyse
from models.hippocampus.eda.clean_copy import ATTRIBUTION, check_apart, copy_passed
from tests.models.hippocampus.eda import planting


def contents(folder: Path) -> dict[str, tuple[str, int]]:
    """Return the digest and the time of change of every file, by path."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_copy_holds_what_passed_and_the_licence(data: Path, tmp_path: Path) -> None:
    """Broken cases stay behind; the data are as they were."""
    (data / ATTRIBUTION).write_text("CC BY-SA 4.0\n", encoding="utf-8")
    (broken,) = planting.mirrored(data)
    before = contents(data)

    copy = copy_passed(analyse(data, workers=1), tmp_path / "out")

    kept = [path for path in before if broken not in path]
    assert {path: contents(copy)[path][0] for path in kept} == {
        path: before[path][0] for path in kept
    }
    assert (copy / ATTRIBUTION).read_text(encoding="utf-8") == "CC BY-SA 4.0\n"
    assert broken not in {case.name for case in read_data(copy).cases}
    assert contents(data) == before


def test_a_second_run_changes_nothing(sound: Analysis, tmp_path: Path) -> None:
    """Not even a file's time."""
    copy_passed(sound, tmp_path / "out")
    before = contents(tmp_path)

    copy_passed(sound, tmp_path / "out")

    assert contents(tmp_path) == before


def test_a_case_that_broke_since_leaves_the_copy(data: Path, tmp_path: Path) -> None:
    """And nothing of the old copy is left beside the new one."""
    copy_passed(analyse(data, workers=1), tmp_path / "out")
    planting.missing_labels(data)

    copy_passed(analyse(data, workers=1), tmp_path / "out")

    assert not planting.path(tmp_path / "out", "images").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


def test_a_damaged_copy_is_made_again(sound: Analysis, tmp_path: Path) -> None:
    """Names alone do not make it whole."""
    copy = copy_passed(sound, tmp_path / "out")
    planting.path(copy, "images").write_bytes(b"damaged")

    copy_passed(sound, tmp_path / "out")

    source = planting.path(sound.folder, "images").read_bytes()
    assert planting.path(copy, "images").read_bytes() == source


def test_a_folder_that_is_not_ours_is_left_alone(
    sound: Analysis, tmp_path: Path
) -> None:
    """Somebody may keep other things there."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(ValueError, match="another --output"):
        copy_passed(sound, tmp_path / "out")

    assert (tmp_path / "out" / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_that_changed_meanwhile_stops_the_copy(
    data: Path, tmp_path: Path
) -> None:
    """Half a copy is not left behind."""
    analysis = analyse(data, workers=1)
    shutil.copyfile(
        planting.path(data, "images", planting.OTHER), planting.path(data, "images")
    )

    with pytest.raises(ValueError, match="changed while it was analysed"):
        copy_passed(analysis, tmp_path / "out")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_the_output_lies_apart_from_the_data(tmp_path: Path) -> None:
    """Neither in them nor around them, links followed."""
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")

    for output in ("data", "data/eda", ".", "link/eda"):
        with pytest.raises(ValueError, match="never written to"):
            check_apart(tmp_path / "data", tmp_path / output)
    check_apart(tmp_path / "data", tmp_path / "database")

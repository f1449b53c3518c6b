"""ZIPs as public collections hand them out, and odd files that others collected."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.batch.found import StudyFiles
from tests.hostile.zips import packed
from tests.node.batch.zipped import found

pytestmark = pytest.mark.data


def shapes(root: Path) -> list[tuple[str, int, int]]:
    """Return each study with the number of its images and of doubtful files."""
    return sorted(
        (each.study_instance_uid, len(each.files), len(each.beside))
        for each in found(root)
        if isinstance(each, StudyFiles)
    )


def test_every_study_of_a_collection_is_found(shared_data: Path) -> None:
    """One ZIP holds thirteen, each of a single image; three hold one each."""
    counts = [images for _, images, _ in shapes(shared_data / "chest_ct")]

    assert {133, 64, 60} <= set(counts)
    zipped = shared_data / "chest_ct" / "covid19_ny_sbu_slices"
    assert [images for _, images, _ in shapes(zipped)] == [1] * 13


def test_odd_files_are_told_apart_in_a_zip_as_in_a_folder(
    shared_data: Path, tmp_path: Path
) -> None:
    """The same studies with the same images, and the same that may be damaged."""
    folder = shared_data / "hostile"
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    content = {str(f.relative_to(folder)): f.read_bytes() for f in files}
    (tmp_path / "odd.zip").write_bytes(packed(content))

    loose = [(uid, images) for uid, images, _ in shapes(folder)]

    assert [(uid, images) for uid, images, _ in shapes(tmp_path)] == loose
    assert len(loose) > 10

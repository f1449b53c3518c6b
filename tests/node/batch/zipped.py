"""Small studies in ZIPs, and what is found of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from node.batch.found import Found, NoStudy, StudyFiles
from node.batch.sources import source_of
from tests.dicom_series import uid, write_series
from tests.hostile.zips import packed


def images(name: str = "one", count: int = 4, matrix: int = 8) -> dict[str, bytes]:
    """Return the files of a study of which the UIDs are hashed from ``name``."""
    noise = np.random.default_rng(count).integers(0, 4096, (count, matrix, matrix))
    with TemporaryDirectory() as folder:
        files = write_series(
            Path(folder),
            noise.astype(np.uint16),
            modality="CT",
            study_uid=uid(name),
            series_uid=uid(name, "series"),
        )
        return {f"{name}/{file.name}": file.read_bytes() for file in files}


def write_zip(path: Path, *studies: dict[str, bytes]) -> Path:
    """Write an ordinary ZIP of some studies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    together = {name: image for study in studies for name, image in study.items()}
    path.write_bytes(packed(together))
    return path


def found(root: Path) -> list[Found]:
    """Look into a folder or a ZIP."""
    return list(source_of(root).found(2))


def studies(root: Path) -> list[StudyFiles]:
    """Return the studies."""
    return [each for each in found(root) if isinstance(each, StudyFiles)]


def only_study(root: Path) -> StudyFiles:
    """Return the study of a folder or a ZIP that holds one, and nothing else."""
    (study,) = found(root)
    assert isinstance(study, StudyFiles)
    return study


def told(root: Path) -> dict[str, str]:
    """Return each input without a study, by its path below the root, and why."""
    return {
        str(each.path.relative_to(root)): each.detail
        for each in found(root)
        if isinstance(each, NoStudy)
    }

"""One pair is read and measured; a damaged file is a fact, never an exception."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from models.hippocampus.eda.anatomy import posture, smaller_pieces
from models.hippocampus.eda.measure import UnreadableError, measure, read
from models.hippocampus.eda.measurement import Pair, find_pairs, subject_of
from models.hippocampus.eda.phantom_pairs import write_pair, write_part
from models.hippocampus.phantom_image import phantom


def pair(folder: Path, name: str = "hippocampus_007") -> Pair:
    """Return the only pair of a folder."""
    (found,) = find_pairs(folder)
    assert found.name == name
    return found


def test_volumes_come_from_the_spacing(tmp_path: Path) -> None:
    """Eight voxels of 1 x 1 x 2 mm and one of them posterior."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[4:6, 4:6, 4:6] = 1
    labels[4, 4, 4] = 2
    image = np.arange(8000, dtype=np.float32).reshape(20, 20, 20)
    write_pair(tmp_path, "hippocampus_007", image, labels, np.diag([1, 1, 2, 1]))

    measured = measure(pair(tmp_path))

    assert measured.volumes_mm3 == {"anterior": 14, "posterior": 2, "whole": 16}
    assert measured.subject == 4
    assert measured.labels_grid is not None
    assert list(measured.labels_grid.spacing_mm) == [1, 1, 2]
    assert measured.intensities is not None
    assert list(measured.intensities.percentiles[::2]) == [0, 3999.5, 7999]


def test_pieces_are_counted_by_faces() -> None:
    """A voxel that touches only at a corner is apart; the smallest comes first."""
    inside = np.zeros((9, 9, 9), bool)
    inside[2:5, 2:5, 2:5] = True
    inside[5, 5, 5] = inside[8, 8, 7] = inside[8, 8, 8] = True

    assert smaller_pieces(inside) == [(1, (5, 5, 5)), (2, (8, 8, 7))]


def test_posture_tells_every_flip_of_a_phantom() -> None:
    """Each axis turns the sign of its own measure."""
    labels = phantom(0)[1].transpose(2, 1, 0)
    upright = posture(labels)

    assert upright.forward_mm > 10
    assert upright.rise < -0.2
    assert upright.bend_mm > 1
    assert posture(labels[::-1]).bend_mm == pytest.approx(-upright.bend_mm)
    assert posture(labels[:, ::-1]).forward_mm == pytest.approx(-upright.forward_mm)
    assert posture(labels[..., ::-1]).rise == pytest.approx(-upright.rise)


DAMAGE = {
    "empty": b"",
    "no gzip": b"Interfile",
    "no NIfTI": gzip.compress(b"Interfile" * 100),
    "only a header": gzip.compress(b"\0" * 348),
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_what_is_no_volume_is_unreadable(content: bytes, tmp_path: Path) -> None:
    """With a reason on one line that names no path."""
    path = tmp_path / "labels" / "hippocampus_007.nii.gz"
    path.parent.mkdir()
    path.write_bytes(content)

    measured = measure(pair(tmp_path))

    (reason,) = measured.unreadable
    assert reason.startswith("labels: ")
    assert len(reason) > len("labels: ")
    assert "\n" not in reason
    assert str(tmp_path) not in reason


def test_no_damage_to_a_file_is_an_exception(tmp_path: Path) -> None:
    """A hundred files with 30 random bytes changed are read or refused."""
    path = tmp_path / "images" / "hippocampus_007.nii.gz"
    write_part(path, np.zeros((20, 20, 20), np.float32))
    sound = gzip.decompress(path.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(100):
        damaged = bytearray(sound)
        for place in rng.integers(0, 348, 30):
            damaged[place] = rng.integers(256)
        path.write_bytes(gzip.compress(bytes(damaged), 1))

        refused += bool(measure(pair(tmp_path)).unreadable)

    assert 0 < refused <= 100


def test_a_header_that_promises_too_much_is_refused_unread(tmp_path: Path) -> None:
    """32767 voxels along three axes would not fit any memory."""
    path = tmp_path / "images" / "hippocampus_007.nii.gz"
    write_part(path, np.zeros((20, 20, 20), np.uint8))
    header = bytearray(gzip.decompress(path.read_bytes()))
    header[42:48] = (32767).to_bytes(2, "little") * 3
    path.write_bytes(gzip.compress(bytes(header)))

    with pytest.raises(UnreadableError, match="promises 35,181,150,961,663 voxels"):
        read(path)


def test_hidden_files_of_a_mac_are_no_cases(tmp_path: Path) -> None:
    """The archive of Task04 carries one beside every file."""
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "._hippocampus_001.nii.gz").touch()
        (tmp_path / part / "hippocampus_001.nii.gz").touch()

    assert [found.name for found in find_pairs(tmp_path)] == ["hippocampus_001"]


def test_a_folder_without_cases_is_an_error(tmp_path: Path) -> None:
    """It says what was looked for, and no path."""
    with pytest.raises(FileNotFoundError, match=r"no images/\*\.nii\.gz"):
        find_pairs(tmp_path)


def test_the_subject_is_in_the_number_of_a_name() -> None:
    """Files 2k - 1 and 2k are one person."""
    names = ("hippocampus_001", "hippocampus_002", "hippocampus_003", "hippocampus")

    assert [subject_of(name) for name in names] == [1, 1, 2, None]

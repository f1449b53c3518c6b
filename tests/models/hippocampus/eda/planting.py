"""Faults and findings to plant in sound pairs: a function per kind.

Each changes the files of a folder and returns the names of the cases that must be
found, under its own kind and no other.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from scipy import ndimage

from models.hippocampus.eda.phantom_pairs import write_pair, write_part

CASE, OTHER = "hippocampus_009", "hippocampus_004"

Plant = Callable[[Path], list[str]]


def path(folder: Path, part: str, name: str = CASE) -> Path:
    """Return where a file lies."""
    return folder / part / f"{name}.nii.gz"


def array(folder: Path, part: str, name: str = CASE) -> Any:
    """Return the voxels of a file, ``(x, y, z)``."""
    return np.asarray(
        nibabel.Nifti1Image.from_filename(path(folder, part, name)).dataobj
    )


def both(folder: Path) -> tuple[Any, Any]:
    """Return image and labels of the case."""
    return array(folder, "images").copy(), array(folder, "labels").copy()


def name(folder: Path) -> list[str]:
    """Take the number out of a name."""
    for part in ("images", "labels"):
        path(folder, part).rename(path(folder, part, "hippocampus_x"))
    return ["hippocampus_x"]


def missing_image(folder: Path) -> list[str]:
    """Take an image away."""
    path(folder, "images").unlink()
    return [CASE]


def missing_labels(folder: Path) -> list[str]:
    """Take a label map away."""
    path(folder, "labels").unlink()
    return [CASE]


def unreadable(folder: Path) -> list[str]:
    """Cut an image off in the middle."""
    content = path(folder, "images").read_bytes()
    path(folder, "images").write_bytes(content[: len(content) // 2])
    return [CASE]


def shape(folder: Path) -> list[str]:
    """Make the crop far too wide."""
    image, labels = both(folder)
    margins = ((0, 100), (0, 0), (0, 0))
    write_pair(folder, CASE, np.pad(image, margins, "edge"), np.pad(labels, margins))
    return [CASE]


def shape_mismatch(folder: Path) -> list[str]:
    """Take a slice from the labels."""
    write_part(path(folder, "labels"), array(folder, "labels")[..., :-1])
    return [CASE]


def affine_mismatch(folder: Path) -> list[str]:
    """Move the labels by three millimetres."""
    moved = np.eye(4)
    moved[0, 3] = 3
    write_part(path(folder, "labels"), array(folder, "labels"), moved)
    return [CASE]


def spacing(folder: Path) -> list[str]:
    """Say that slices are 1.5 mm apart."""
    write_pair(folder, CASE, *both(folder), np.diag([1, 1, 1.5, 1]))
    return [CASE]


def axes(folder: Path) -> list[str]:
    """Store the same crop from right to left."""
    image, labels = both(folder)
    affine = np.diag([-1.0, 1, 1, 1])
    write_pair(folder, CASE, image[::-1], labels[::-1], affine)
    return [CASE]


def not_finite(folder: Path) -> list[str]:
    """Put a NaN and an infinity into the image."""
    image, labels = both(folder)
    image[3, 3, 3], image[4, 4, 4] = np.nan, np.inf
    write_pair(folder, CASE, image, labels)
    return [CASE]


def constant_image(folder: Path) -> list[str]:
    """Give every voxel of the image one value."""
    image, labels = both(folder)
    write_pair(folder, CASE, np.full_like(image, 7), labels)
    return [CASE]


def label_values(folder: Path) -> list[str]:
    """Label one voxel with 3."""
    image, labels = both(folder)
    labels[tuple(np.argwhere(labels == 1)[0])] = 3
    write_pair(folder, CASE, image, labels)
    return [CASE]


def empty_labels(folder: Path) -> list[str]:
    """Label nothing."""
    image, labels = both(folder)
    write_pair(folder, CASE, image, np.zeros_like(labels))
    return [CASE]


def missing_class(folder: Path) -> list[str]:
    """Leave the posterior part out."""
    image, labels = both(folder)
    write_pair(folder, CASE, image, np.where(labels == 1, labels, 0))
    return [CASE]


def back_to_front(folder: Path) -> list[str]:
    """Exchange the two labels."""
    image, labels = both(folder)
    write_pair(folder, CASE, image, np.array([0, 2, 1], np.uint8)[labels])
    return [CASE]


def turned_round(folder: Path) -> list[str]:
    """Flip image and labels back to front."""
    image, labels = both(folder)
    write_pair(folder, CASE, image[:, ::-1], labels[:, ::-1])
    return [CASE]


def upside_down(folder: Path) -> list[str]:
    """Flip image and labels head to foot."""
    image, labels = both(folder)
    write_pair(folder, CASE, image[..., ::-1], labels[..., ::-1])
    return [CASE]


def mirrored(folder: Path) -> list[str]:
    """Flip image and labels left to right, and leave the header as it was."""
    image, labels = both(folder)
    write_pair(folder, CASE, image[::-1], labels[::-1])
    return [CASE]


def duplicate(folder: Path) -> list[str]:
    """Copy both files of another case over this one, packed anew."""
    write_pair(
        folder, CASE, array(folder, "images", OTHER), array(folder, "labels", OTHER)
    )
    return [CASE]


def duplicate_labels(folder: Path) -> list[str]:
    """Copy the labels of another case over this one's."""
    shutil.copyfile(path(folder, "labels", OTHER), path(folder, "labels"))
    return [OTHER, CASE]


def separate_pieces(folder: Path) -> list[str]:
    """Label one voxel far from the rest."""
    image, labels = both(folder)
    labels[2, 2, 2] = 2
    write_pair(folder, CASE, image, labels)
    return [CASE]


def touches_border(folder: Path) -> list[str]:
    """Lengthen the tail to the back of the crop."""
    image, labels = both(folder)
    last = np.argwhere(labels == 2)
    x, y, z = last[last[:, 1].argmin()]
    labels[x, : y + 1, z] = 2
    write_pair(folder, CASE, image, labels)
    return [CASE]


def volume_outlier(folder: Path) -> list[str]:
    """Make a hippocampus twice as large, of a subject with one file."""
    image, labels = both(folder)
    larger = (ndimage.zoom(each, 1.25, order=0) for each in (image, labels))
    write_pair(folder, CASE, *larger)
    for part in ("images", "labels"):
        path(folder, part, "hippocampus_010").unlink()
    return [CASE]


def sides_differ(folder: Path) -> list[str]:
    """Exchange the second file of the first and of the last subject."""
    for part in ("images", "labels"):
        one, other = (path(folder, part, f"hippocampus_{n}") for n in ("002", "016"))
        one.rename(aside := one.with_suffix(".aside"))
        other.rename(one)
        aside.rename(other)
    return [f"hippocampus_{number}" for number in ("001", "002", "015", "016")]


def intensity_outlier(folder: Path) -> list[str]:
    """Brighten the hippocampus."""
    image, labels = both(folder)
    image[labels > 0] += 100
    write_pair(folder, CASE, image, labels)
    return [CASE]

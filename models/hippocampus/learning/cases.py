"""The training pairs: Task04 of the Medical Segmentation Decathlon.

The folder holds ``images/`` and ``labels/`` with equal file names. Files ``2k - 1``
and ``2k`` are the two hippocampi of one subject, so a split by file would leak.
Without torch: another process reads them soon after its start.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt

from models.hippocampus.preprocess import FloatVolume, normalise
from models.training.loading import Told, read_all

BROKEN = {
    "hippocampus_010": "no image",
    "hippocampus_118": "no labels",
    "hippocampus_281": "no image; labels 512x512x94 without a posterior part",
}
"""Cases left out by name, each with its reason."""


@dataclass(frozen=True, slots=True)
class Case:
    """One crop with its truth, in the network's frame at 1 mm.

    Attributes
    ----------
    subject
        Number of the person; two cases may share it.
    image
        ``(D, H, W)`` float32, normalised.
    labels
        ``(D, H, W)`` uint8: 0 background, 1 anterior, 2 posterior.
    """

    name: str
    subject: int
    image: FloatVolume
    labels: npt.NDArray[np.uint8]


def read_cases(
    folder: Path, told: Told | None = None, processes: int | None = None
) -> list[Case]:
    """Read every usable pair, by name; in processes where that is faster.

    Parameters
    ----------
    told, processes
        As `models.training.loading.read_all` takes them.

    Raises
    ------
    FileNotFoundError
        There is no pair in the folder.
    ValueError
        A pair disagrees in shape, or is not 1 mm RAS.
    """
    names = pair_names(folder)
    if not names:
        raise FileNotFoundError(f"no images/ and labels/ with pairs in {folder.name}")
    return read_all(partial(read_case, folder), names, told, processes)


def pair_names(folder: Path) -> list[str]:
    """Return the names of the pairs that are used, sorted."""
    images, labels = (
        {path.name.removesuffix(".nii.gz") for path in (folder / part).glob("*.nii.gz")}
        for part in ("images", "labels")
    )
    return sorted((images & labels) - set(BROKEN))


def read_case(folder: Path, name: str) -> Case:
    """Read one pair into the network's frame.

    Raises
    ------
    ValueError
        Image and labels disagree in shape, or are not 1 mm RAS.
    """
    image, labels = (
        nibabel.Nifti1Image.from_filename(folder / part / f"{name}.nii.gz")
        for part in ("images", "labels")
    )
    if image.shape != labels.shape:
        raise ValueError(f"{name}: image {image.shape}, labels {labels.shape}")
    axes = nibabel.aff2axcodes(image.affine)  # type: ignore[no-untyped-call]  # nibabel
    if axes != ("R", "A", "S"):
        raise ValueError(f"{name}: axes are not right, anterior, superior")
    spacing_mm = np.linalg.norm(image.affine[:3, :3], axis=0)
    if not np.allclose(spacing_mm, 1.0, atol=0.01):
        raise ValueError(f"{name}: voxels are not 1 mm")
    return Case(
        name=name,
        subject=(int(name.rsplit("_", 1)[1]) + 1) // 2,
        image=normalise(np.asarray(image.dataobj).transpose(2, 1, 0)),
        labels=np.ascontiguousarray(
            np.asarray(labels.dataobj).transpose(2, 1, 0), dtype=np.uint8
        ),
    )


def digest(folder: Path) -> str:
    """Return one SHA-256 over names and bytes of every pair that is used."""
    total = hashlib.sha256()
    for name in pair_names(folder):
        for part in ("images", "labels"):
            content = (folder / part / f"{name}.nii.gz").read_bytes()
            total.update(f"{part}/{name}".encode() + hashlib.sha256(content).digest())
    return total.hexdigest()

"""The training pairs: Task04 of the Medical Segmentation Decathlon.

The folder holds ``images/`` and ``labels/`` with equal file names. Files ``2k - 1``
and ``2k`` are the two hippocampi of one subject, so a split by file would leak.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.hippocampus.augment import deform, shade
from models.hippocampus.preprocess import FloatVolume, Shape, normalise
from models.hippocampus.settings import Augmentation

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


def read_cases(folder: Path) -> list[Case]:
    """Read every usable pair, by name.

    Raises
    ------
    FileNotFoundError
        There is no pair in the folder.
    ValueError
        A pair disagrees in shape, or is not 1 mm RAS.
    """
    cases = [_read_case(folder, name) for name in pair_names(folder)]
    if not cases:
        raise FileNotFoundError(f"no images/ and labels/ with pairs in {folder.name}")
    return cases


def pair_names(folder: Path) -> list[str]:
    """Return the names of the pairs that are used, sorted."""
    images, labels = (
        {path.name.removesuffix(".nii.gz") for path in (folder / part).glob("*.nii.gz")}
        for part in ("images", "labels")
    )
    return sorted((images & labels) - set(BROKEN))


def _read_case(folder: Path, name: str) -> Case:
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


def split_by_subject(
    cases: Sequence[Case], fold: int, folds: int = 5, seed: int = 0
) -> tuple[list[Case], list[Case]]:
    """Return training and held-out cases of one fold; no subject is in both.

    Raises
    ------
    ValueError
        ``fold`` is not one of ``0 … folds - 1``.
    """
    if not 0 <= fold < folds:
        raise ValueError(f"fold is 0 to {folds - 1}, not {fold}")
    subjects = np.array(sorted({case.subject for case in cases}))
    held_out = set(
        np.random.default_rng(seed).permutation(subjects)[fold::folds].tolist()
    )
    training = [case for case in cases if case.subject not in held_out]
    return training, [case for case in cases if case.subject in held_out]


class AugmentedCases:
    """Cases as the training loop wants them: random windows, in batches."""

    def __init__(
        self, cases: Sequence[Case], window: Shape, augmentation: Augmentation
    ) -> None:
        self.window = window
        self.augmentation = augmentation
        self.cases = [_channels(case) for case in cases]

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.cases)

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return images ``(N, 1, *window)`` and soft truth ``(N, 3, *window)``.

        The truth stays as it was interpolated: where the border of a label runs
        through a voxel, the network is asked for both classes there.
        """
        images, truths = [], []
        for index in chosen:
            case = self.cases[index]
            sampled = deform(case, self.window, self.augmentation, generator)
            images.append(shade(sampled[0], self.augmentation, generator)[None])
            background = 1 - sampled[1:].sum(dim=0, keepdim=True)
            truths.append(torch.cat([background, sampled[1:]]))
        return torch.stack(images), torch.stack(truths)


def _channels(case: Case) -> Tensor:
    """Return ``(3, D, H, W)``: image, anterior, posterior."""
    parts = [case.image, case.labels == 1, case.labels == 2]
    return torch.from_numpy(np.stack(parts).astype(np.float32))

"""The training pairs: Task04 of the Medical Segmentation Decathlon, or one's own.

The folder holds ``images/`` and ``labels/`` with equal file names. Files ``2k - 1``
and ``2k`` are the two hippocampi of one subject, so a split by file would leak.
A pair is read and checked as the analysis of the data does it, and one that the
analysis calls broken is never trained on.
Without torch: another process reads them soon after its start.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.hippocampus.eda.analysis import judge
from models.hippocampus.eda.checks import check_one
from models.hippocampus.eda.measure import describe, open_pair
from models.hippocampus.eda.measurement import (
    PARTS,
    Measured,
    Pair,
    digest_of,
    find_pairs,
)
from models.hippocampus.preprocess import FloatVolume, normalise
from models.training.loading import Told, read_all

TASK04_SHA256 = "9eefb3a451341e04ec238078cbf2193392f875a81cb4d1bc8aa310b8866b2d62"
"""`Data.sha256` of Task04_Hippocampus without its three broken pairs."""


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


@dataclass(frozen=True, slots=True)
class Data:
    """The cases of a folder, by name, and what they were when they were read.

    Attributes
    ----------
    name
        Of the folder.
    sha256
        Over names and bytes of every pair.
    """

    name: str
    cases: Sequence[Case]
    sha256: str


def read_data(
    folder: Path, told: Told | None = None, processes: int | None = None
) -> Data:
    """Read every pair; in processes where that is faster.

    An image without labels, or labels without an image, is no pair.

    Parameters
    ----------
    told, processes
        As `models.training.loading.read_all` takes them.

    Raises
    ------
    FileNotFoundError
        There is no pair in the folder.
    ValueError
        Pairs are broken: one line names the first, and says what to type.
    """
    pairs = whole_pairs(folder)
    if not pairs:
        raise FileNotFoundError(f"no images/ and labels/ with pairs in {folder.name}")
    read = read_all(read_pair, pairs, told, processes)
    measured = [each for _, each in read]
    _refuse_broken(measured, folder)
    sha256 = digest_of(
        (f"{part}/{each.name}", each.files[part]) for each in measured for part in PARTS
    )
    return Data(folder.resolve().name, [case for case, _ in read if case], sha256)


def whole_pairs(folder: Path) -> list[Pair]:
    """Return the pairs of which both files are there, by name."""
    return [pair for pair in find_pairs(folder) if len(pair.files) == len(PARTS)]


def read_pair(pair: Pair) -> tuple[Case | None, Measured]:
    """Read one pair into the network's frame; a broken one is no case."""
    opened = open_pair(pair)
    measured = describe(opened)
    subject, image, labels = measured.subject, opened.image, opened.labels
    is_broken = any(remark.is_fault for remark in check_one(measured))
    if is_broken or subject is None or image is None or labels is None:
        return None, measured
    case = Case(
        name=pair.name,
        subject=subject,
        image=normalise(image.voxels.transpose(2, 1, 0)),
        labels=np.ascontiguousarray(labels.voxels.transpose(2, 1, 0), dtype=np.uint8),
    )
    return case, measured


def _refuse_broken(cases: Sequence[Measured], folder: Path) -> None:
    """Refuse cases that the analysis would leave out.

    Raises
    ------
    ValueError
        There are some.
    """
    faults = [remark for remark in judge(cases) if remark.is_fault]
    if not faults:
        return
    others = len({fault.case for fault in faults}) - 1
    raise ValueError(
        f"{faults[0].case}: {faults[0].detail}"
        f"{f' (and {others} more broken)' if others else ''}; to see all and to get a "
        f"copy without: pacs-model eda hippocampus {shlex.quote(str(folder))} "
        "--output eda, then --data eda/out"
    )

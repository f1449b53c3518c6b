"""How well lungs are found, and the disease in them kept: ``python -m`` this module.

Simulated studies of the test part, whose lungs and findings are known; and the real
chests at hand (`PACS_AI_DATA`), with disease pasted into them (`pasted`). For the
small one the lungs are given with the data; for the others they are those that are
found before anything is pasted, so that only the disease is judged there.
"""

from __future__ import annotations

import gzip
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from models.chest_ct.cases.simulated import DATA
from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import shipped
from models.chest_ct.simulator.study import simulate
from models.chest_ct.validation.evaluation.real import SERIES, kernel_of, real_volumes
from models.chest_ct.validation.pasted import pasted
from models.volume.lungs import find_lungs

Mask = npt.NDArray[np.bool_]

GIVEN = "cip_ct64"
GIVEN_MASK = Path("chest_ct/cip_ct64/wholeLung-64.nrrd")
GIVEN_SHAPE = (79, 64, 64)

SEED = 5
PASTES = 20
"""Of each kind in each chest."""


def dice(found: Mask, truth: Mask) -> float:
    """Return the Dice coefficient of two masks."""
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def given_lungs(data: Path) -> Mask:
    """Return the mask that comes with the small real chest, ``(D, H, W)``.

    It is a gzipped array behind the header of an NRRD.
    """
    raw = (data / GIVEN_MASK).read_bytes().split(b"\n\n", 1)[1]
    return np.frombuffer(gzip.decompress(raw), "<u2").reshape(GIVEN_SHAPE) > 0


def of_simulated(count: int) -> Iterator[str]:
    """Yield lines about simulated studies: lungs and disease together are the truth."""
    settings = shipped()
    plans = [each for each in plan(settings) if each.split == "test"]
    agreement, misses = [], []
    inside: dict[str, list[float]] = defaultdict(list)
    for each in plans[:count]:
        study = simulate(each, settings)
        found = find_lungs(study.volume).labels > 0
        truth = (study.lungs > 0) | (study.truth > 0)
        agreement.append(dice(found, truth))
        ml = study.volume.voxel_mm3 / 1000
        misses.append(((found & ~truth).sum() * ml, (truth & ~found).sum() * ml))
        for kind in Kind:
            there = study.truth == kind
            if there.any():
                inside[kind.name.lower()].append(float(found[there].mean()))
    more, less = np.median(misses, axis=0)
    yield (
        f"simulated, {len(agreement)} studies: Dice {np.mean(agreement):.3f}, lowest "
        f"{min(agreement):.3f}; {more:.0f} mL too much, {less:.0f} mL too little"
    )
    yield from _told("simulated", inside)


def of_real(name: str) -> Iterator[str]:
    """Yield lines about a real chest with disease pasted into it."""
    for series, volume in real_volumes(name):
        found = find_lungs(volume).labels > 0
        title = f"{name} {kernel_of(series)}".strip()
        truth = found
        if name == GIVEN:
            truth = given_lungs(Path(os.environ[DATA]))
            yield f"{title}: Dice {dice(found, truth):.3f} with the given mask"
        if not truth.any():
            yield f"{title}: no lungs"
            continue
        inside: dict[str, list[float]] = defaultdict(list)
        for ill in pasted(volume, truth, PASTES, SEED):
            if ill.disease.any():
                kept = find_lungs(ill.volume).labels[ill.disease] > 0
                inside[ill.kind].append(float(kept.mean()))
        yield from _told(title, inside)


def _told(title: str, inside: dict[str, list[float]]) -> Iterator[str]:
    for kind, shares in inside.items():
        yield (
            f"{title}, {kind}: {np.mean(shares):.3f} of its voxels in the lungs "
            f"(median {np.median(shares):.3f}, lowest {min(shares):.2f}, "
            f"n {len(shares)})"
        )


def main(
    studies: Annotated[int, typer.Option(min=0, help="Simulated ones.")] = 30,
) -> None:
    """Print what is found, line by line."""
    for line in of_simulated(studies) if studies else ():
        typer.echo(line)
    for name in SERIES:
        for line in of_real(name):
            typer.echo(line)


if __name__ == "__main__":
    typer.run(main)

"""Every case beside a network that never saw its subject.

Every figure of this model that is printed comes from here, so that no figure is read
off a case that its network was trained on.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from models.hippocampus.cases.data import Case, read_data
from models.hippocampus.cases.folds import Fold, read_folds
from models.hippocampus.preprocess import FloatVolume
from models.hippocampus.segment import probabilities


class HeldOut(NamedTuple):
    """A case and the fold that holds it out; small enough to send to a process."""

    fold: Fold
    case: Case

    def probabilities(self) -> FloatVolume:
        """Return ``(3, D, H, W)``: background, anterior, posterior.

        As the network gives them, nothing removed or filled; computed in fp32, so
        the figures are those of no particular processor.
        """
        fold, case = self
        return probabilities(fold.network(), case.image, fold.preprocessing)


def held_out(folds: Path, data: Path) -> list[HeldOut]:
    """Return every case of every fold that is there, by fold, then by name.

    Parameters
    ----------
    folds
        Folder with ``fold<k>.safetensors`` and ``fold<k>.json``.
    data
        Folder with ``images/`` and ``labels/``.

    Raises
    ------
    FileNotFoundError
        There is no fold, or no case.
    ValueError
        A record is not of its network, or the cases are not those that the subjects
        were dealt into folds from.
    models.hippocampus.cases.folds.LeakError
        A network was trained on a subject that its fold holds out.
    """
    found = read_folds(folds)
    there = read_data(data)
    for fold in found:
        if fold.data_sha256 != there.sha256:
            raise ValueError(
                f"fold {fold.number} was trained with other cases than those in "
                f"{data}; give the folder whose data_sha256 is "
                f"{fold.data_sha256[:12]}, whole as it was"
            )
    return [
        HeldOut(fold, case) for fold in found for case in fold.held_out(there.cases)
    ]

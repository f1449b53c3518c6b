"""The last of the work: the bundle is judged on studies that nothing has seen."""

from __future__ import annotations

from pathlib import Path

from models.chest_ct.cases.records import BUNDLE, FOLDS
from models.chest_ct.validation.evaluation.run import run

JUDGED = "judged"
"""Folder of a line for each study, from which a broken-off run goes on."""


def judge(data: Path, work: Path) -> None:
    """Judge the bundle in a folder of work, which states the figures from then on.

    Parameters
    ----------
    data, work
        As `models.chest_ct.learning.whole.learn` takes them.
    """
    run(data, work / FOLDS, bundle=work / BUNDLE, keep=work / JUDGED)

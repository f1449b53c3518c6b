"""``pacs-model evaluate hippocampus``: judge fold networks, write what was found."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models.hippocampus.learning.cases import Case, read_cases
from models.hippocampus.validation.evaluation.scores import CaseScores, score_prediction
from models.hippocampus.validation.evaluation.summary import Baseline, metrics_object
from models.hippocampus.validation.evaluation.tables import tables
from models.hippocampus.validation.folds import Fold, read_folds, refuse_leak
from models.hippocampus.validation.held_out import held_out_cases, over_held_out

Told = Callable[[int, int], None]
"""Hears how many cases are judged, of how many."""

CASES_PER_PROCESS = 20
"""Fewer are judged before another process has started."""


def run(
    data: Path,
    folds_folder: Path,
    cache: Path | None = None,
    processes: int | None = None,
    told: Told = lambda _done, _count: None,
) -> dict[str, Any]:
    """Judge every fold that is there and return the ``metrics`` object of a bundle.

    Parameters
    ----------
    cache
        Where probabilities are kept.
    processes
        Else as many as suit the cores and the cases.

    Raises
    ------
    models.hippocampus.validation.folds.LeakError
        A network was trained on a subject that its fold holds out.
    """
    cases, folds = read_cases(data), read_folds(folds_folder)
    pairs = held_out_cases(folds, cases)
    scores = []
    for each in over_held_out(
        score_prediction, pairs, cache, processes or suitable_processes(len(pairs))
    ):
        scores.append(each)
        told(len(scores), len(pairs))
    baseline = read_baseline(folds_folder, cases)
    return metrics_object(scores, split_in_words(folds), baseline)


def suitable_processes(cases: int) -> int:
    """Return how many processes suit so many cases on the cores at hand."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, cases // CASES_PER_PROCESS))


def split_in_words(folds: Sequence[Fold]) -> str:
    """Return which folds of which split these are.

    Raises
    ------
    ValueError
        They are of several splits.
    """
    splits = {(fold.split.folds, fold.split.seed) for fold in folds}
    if len(splits) > 1:
        raise ValueError("the folds are of different splits")
    ((count, seed),) = splits
    numbers = ", ".join(str(fold.number) for fold in folds)
    which = "all" if len(folds) == count else f"fold {numbers} of"
    return (
        f"{which} {count} folds by subject, seed {seed}, fixed before training; each "
        "case is judged by the network that never saw its subject"
    )


def read_baseline(folder: Path, cases: Sequence[Case]) -> Baseline | None:
    """Return the first ``baseline<k>.json`` of the folder, if there is one.

    Raises
    ------
    models.hippocampus.validation.folds.LeakError
        It was judged on a subject that it was trained on.
    """
    for path in sorted(folder.glob("baseline[0-9].json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        scores = [CaseScores.of(each) for each in content["scores"]]
        judged = {each.case for each in scores}
        held_out = [case for case in cases if case.name in judged]
        refuse_leak(content["trained_on"], held_out, path.stem)
        return Baseline(scores, content["training"])
    return None


def in_words(content: dict[str, Any]) -> str:
    """Return the tables for a terminal."""
    found = [table.as_text() for table in tables(content)]
    return "\n\n".join([_head(content), *found])


def write(content: dict[str, Any], path: Path) -> None:
    """Write the metrics: as JSON, or the tables of the card as Markdown (``.md``).

    Raises
    ------
    ValueError
        The name ends otherwise.
    """
    if path.suffix == ".json":
        text = json.dumps(content, indent=2, ensure_ascii=False)
    elif path.suffix == ".md":
        found = [table.as_markdown() for table in tables(content)]
        text = "\n\n".join([_head(content), *found])
    else:
        raise ValueError(f"{path.name}: an output ends in .json or .md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def _head(content: dict[str, Any]) -> str:
    return f"Mean ({content['interval']})."

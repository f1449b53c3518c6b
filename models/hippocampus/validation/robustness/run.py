"""Every perturbation on every held-out case: the trials, and the table of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from models.hippocampus.validation.held_out import held_out
from models.hippocampus.validation.origin import Origin
from models.hippocampus.validation.robustness import table
from models.hippocampus.validation.robustness.trial import as_line, read_trials, trials

TRIALS = "trials.jsonl"

ORIGIN = "folds.json"
"""Beside the trials: whose readings they are; there when they are whole."""


def run(
    data: Path, folds: Path, output: Path, every: int = 1, processes: int = 1
) -> Iterator[tuple[int, int]]:
    """Write ``trials.jsonl`` into ``output``; yield cases done and of all.

    Parameters
    ----------
    folds
        With ``fold<k>.safetensors`` and their records.
    every
        Only each so-manieth case, for a quick look.

    Raises
    ------
    models.hippocampus.validation.folds.LeakError
        A network was trained on a subject that its fold holds out.
    """
    pairs = held_out(folds, data)[::every]
    origin = Origin.of_folds(fold for fold, _ in pairs)
    output.mkdir(parents=True, exist_ok=True)
    (output / ORIGIN).unlink(missing_ok=True)
    partial = output / f"{TRIALS}.partial"
    with partial.open("w", encoding="utf-8") as file:
        for done, found in enumerate(trials(pairs, processes=processes), start=1):
            file.writelines(json.dumps(as_line(one)) + "\n" for one in found)
            yield done, len(pairs)
    partial.replace(output / TRIALS)
    text = json.dumps(origin.as_json(), indent=1)
    (output / ORIGIN).write_text(text + "\n", encoding="utf-8")


def origin_of_trials(trials: Path) -> Origin:
    """Return whose readings the trials in a file are.

    Raises
    ------
    ValueError
        Nothing beside the file says so.
    """
    try:
        content = json.loads((trials.parent / ORIGIN).read_text(encoding="utf-8"))
        return Origin.of(content)
    except (OSError, KeyError, TypeError, ValueError):
        raise ValueError(
            f"no {ORIGIN} beside {trials} says which folds were read: make both anew "
            "with: pacs-model robustness hippocampus --data DATA"
        ) from None


def summary(output: Path) -> str:
    """Write the table of the trials in ``output``, and return it as text."""
    found = table.rows(read_trials(output / TRIALS))
    table.write(found, output)
    return table.as_text(found)

"""Every perturbation on every held-out case: the trials, and the table of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.hippocampus.cases.held_out import held_out
from models.hippocampus.validation.origin import Origin
from models.hippocampus.validation.reliability.fitting import graded
from models.hippocampus.validation.robustness import table
from models.hippocampus.validation.robustness.suite import SUITE
from models.hippocampus.validation.robustness.trial import as_line, read_trials, trials
from models.volume.bundle import load_bundle

TRIALS = "trials.jsonl"

ORIGIN = "folds.json"
"""Beside the trials: whose readings they are; there when they are whole."""


def run(
    data: Path,
    folds: Path,
    output: Path,
    bundle: Path,
    every: int = 1,
    processes: int = 1,
) -> Iterator[tuple[int, int]]:
    """Write ``trials.jsonl`` into ``output``; yield cases done and of all.

    A run that was interrupted goes on where it was.

    Parameters
    ----------
    folds
        With ``fold<k>.safetensors`` and their records.
    bundle
        Whose limits decide about flags.
    every
        Only each so-manieth case, for a quick look.

    Raises
    ------
    models.hippocampus.cases.folds.LeakError
        A network was trained on a subject that its fold holds out.
    """
    pairs = held_out(folds, data)[::every]
    origin = Origin.of_folds((fold for fold, _ in pairs), every)
    output.mkdir(parents=True, exist_ok=True)
    partial = output / f"{TRIALS}.partial"
    done = _begin(partial, about(origin, bundle), {case.name for _, case in pairs})
    rest = [pair for pair in pairs if pair.case.name not in done]
    read = trials(rest, bundle, processes=processes)
    with partial.open("a", encoding="utf-8") as file:
        for number, found in enumerate(read, start=1):
            file.write("".join(json.dumps(as_line(one)) + "\n" for one in found))
            file.flush()
            yield len(done) + number, len(pairs)
    _, _, lines = partial.read_text(encoding="utf-8").partition("\n")
    (output / ORIGIN).unlink(missing_ok=True)  # of the trials before these
    (output / TRIALS).write_text(lines, encoding="utf-8")
    text = json.dumps(origin.as_json(), indent=1)
    (output / ORIGIN).write_text(text + "\n", encoding="utf-8")
    partial.unlink()


def about(origin: Origin, bundle: Path) -> dict[str, Any]:
    """Return what shapes the trials; those of anything else are not gone on from."""
    known = load_bundle(bundle)
    return {
        "folds": origin.as_json(),
        "limits": known.training["limits"],
        "preprocessing": dict(known.preprocessing),
        "suite": [entry.key for entry in SUITE],
        "version": version("pacs-ai-node"),
    }


def _begin(partial: Path, about: Mapping[str, Any], wanted: set[str]) -> set[str]:
    """Write what an interrupted run of the same kind had done; return its cases.

    Its first line says what it is of, `about`: of others, nothing is kept. A case that
    was cut off is read again.
    """
    lines: list[str] = []
    if partial.is_file():
        there, *rest = partial.read_text(encoding="utf-8").split("\n")
        lines = rest[:-1] if there == json.dumps(about) else []
    whole = len(lines) // len(SUITE) * len(SUITE)
    kept = [one for one in map(json.loads, lines[:whole]) if one["case"] in wanted]
    text = "".join(json.dumps(one) + "\n" for one in [about, *kept])
    partial.write_text(text, encoding="utf-8")
    return {one["case"] for one in kept}


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
    """Write the table of the trials in ``output``, and return it as text.

    Its grades are those of a bundle with a reliability score, each reading scored by
    constants of the other folds; without a score where there are too few cases.
    """
    trials, note = read_trials(output / TRIALS), ""
    try:
        trials = graded(trials)
    except ValueError as error:
        note = f"\nGraded without a reliability score: {error}."
    found = table.rows(trials)
    table.write(found, output)
    return table.as_text(found) + note

"""``pacs-model evaluate hippocampus``: judge fold networks, write what was found."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from models.hippocampus.cases.folds import refuse_leak
from models.hippocampus.cases.held_out import HeldOut, held_out
from models.hippocampus.cases.scores import CaseScores, score_held_out
from models.hippocampus.cases.summary import Baseline, metrics_object
from models.hippocampus.validation.evaluation.by_volume import by_volume
from models.hippocampus.validation.evaluation.tables import tables
from models.hippocampus.validation.origin import Origin, origin_of
from models.over_processes import over_processes, suitable_processes
from models.volume.bundle import amend

Told = Callable[[int, int], None]
"""Hears how many cases are judged, of how many."""

CASES_PER_PROCESS = 20
"""Fewer are judged before another process has started."""


def run(
    data: Path,
    folds_folder: Path,
    processes: int | None = None,
    told: Told = lambda _done, _count: None,
    bundle: Path | None = None,
) -> dict[str, Any]:
    """Judge every fold that is there and return the ``metrics`` object of a bundle.

    Parameters
    ----------
    processes
        Else as many as suit the cores and the cases.
    bundle
        Takes the figures; refused before the work if they are not its own.

    Raises
    ------
    FileNotFoundError, ValueError
        As `models.hippocampus.cases.held_out.held_out` and
        `models.hippocampus.validation.origin.Origin` raise them.
    """
    origin = origin_of(folds_folder, bundle)
    pairs = held_out(folds_folder, data)
    baseline = read_baseline(folds_folder, pairs)
    count = processes or suitable_processes(len(pairs), CASES_PER_PROCESS)
    scores = []
    for each in over_processes(score_held_out, pairs, count):
        scores.append(each)
        told(len(scores), len(pairs))
    content = metrics_object(scores, split_in_words(origin), baseline)
    truth_mm3 = {case.name: float((case.labels > 0).sum()) for _, case in pairs}
    content["by_volume"] = by_volume(scores, truth_mm3)
    content["networks"] = dict(origin.networks)
    if bundle:  # folds that lack are named in its ``split``
        entropy = content["largest_entropy"]
        amend(bundle, {"metrics": content, "training.limits.entropy": entropy})
    return content


def split_in_words(origin: Origin) -> str:
    """Return which folds of their split these are."""
    split, numbers = origin.settings.split, ", ".join(origin.networks)
    which = "all" if len(origin.networks) == split.folds else f"fold {numbers} of"
    return (
        f"{which} {split.folds} folds by subject, seed {split.seed}, fixed before "
        "training; each case is judged by the network that never saw its subject"
    )


def read_baseline(folder: Path, pairs: Sequence[HeldOut]) -> Baseline | None:
    """Return the record of the first fold that has one, ``baseline<k>.json``.

    Parameters
    ----------
    pairs
        Every case that a fold of our network holds out.

    Raises
    ------
    models.hippocampus.cases.folds.LeakError
        It was judged on a subject that it was trained on.
    ValueError
        The file is no record of a baseline, or it was trained with other cases.
    """
    for number in sorted({fold.number for fold, _ in pairs}):
        path = folder / f"baseline{number}.json"
        if not path.is_file():
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            scores = [CaseScores.of(each) for each in content["scores"]]
            trained_on, training = content["trained_on"], content["training"]
            data_sha256 = training["data_sha256"]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name} is no record: {error!r}") from None
        if data_sha256 != pairs[0].fold.data_sha256:
            raise ValueError(f"{path.stem} was trained with other cases than the folds")
        judged = {each.case for each in scores}
        held = [case for _, case in pairs if case.name in judged]
        refuse_leak(trained_on, held, path.stem)
        return Baseline(scores, training)
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

"""Trained networks on chests that are shown otherwise: `python -m` this module.

What a network sees may change a little without another training: another sharpness,
another margin. Its weights stay as they were learned, but for the few of a 3D network
that make an answer of its map (`models.chest_ct.learning.answer`), which are fitted
again. Every case is scored again, and the records state both views.

::

    python -m models.chest_ct.learning.refit simulated FOLDS OUTPUT
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.chest_ct.build import load_network
from models.chest_ct.cases.gather import Gathered, gather
from models.chest_ct.cases.records import LEARNED_VIEW, Record, read_records
from models.chest_ct.learning.answer import fit_answer
from models.chest_ct.learning.publish import Trained, publish
from models.chest_ct.learning.train import NETWORKS, Cases, judged, settings_of
from models.chest_ct.network import TriageCNN
from models.chest_ct.preprocess import View
from models.chest_ct.settings import ChestSettings
from models.training.checkpoint import as_written
from models.training.run_options import RunOptions


def refit(
    data: Path, folds: Path, output: Path, settings: Mapping[str, ChestSettings]
) -> Iterator[Path]:
    """Yield a record of each network, written with its weights to ``output``.

    Parameters
    ----------
    data
        That the networks were trained on, as `gather` takes it.
    folds, output
        Weights, records and logs: where they are, and where the new ones come.
    settings
        Kind of network → as it was trained, but for the view.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_records` does, or settings or cases are others than were trained
        with.
    """
    if output.resolve() == folds.resolve():
        raise ValueError(f"{output} holds what is read: choose another folder")
    cnns, slices = read_records(folds)
    output.mkdir(parents=True, exist_ok=True)
    for record in (*cnns, slices):
        shown = settings[record.settings.network.kind]
        if shown.model_copy(update={"view": record.settings.view}) != record.settings:
            raise ValueError(f"{record.name} has other settings: train it again")
        yield _again(record, gather(data, shown.view), output, shown)


def _again(
    record: Record, gathered: Gathered, output: Path, settings: ChestSettings
) -> Path:
    fold = int(record.content["fold"])
    cases = Cases.of(gathered, settings, fold)
    _require_same(record, cases)
    network = load_network(record.settings, record.weights, record.sha256)
    if settings.parts and isinstance(network, TriageCNN):
        fit_answer(network, cases.training, settings)
        network = as_written(network).eval()
    options = RunOptions(deterministic=True)
    learned = record.content.get(LEARNED_VIEW)
    return publish(
        Trained(
            network,
            settings,
            gathered,
            fold,
            version=str(record.content["version"]),
            log=record.weights.with_suffix(".jsonl"),
            learned_view=View(**learned) if learned else record.settings.view,
        ),
        judged(network, cases.validation, settings, options),
        judged(network, cases.test, settings, options),
        sorted({kept.case.patient for kept in cases.training}),
        output / record.name,
    )


def _require_same(record: Record, cases: Cases) -> None:
    """Refuse other patients, or other labels of the held-out cases."""
    found = (
        frozenset(kept.case.patient for kept in cases.training),
        {
            (kept.case.name, kept.case.is_positive)
            for kept in (*cases.validation, *cases.test)
        },
    )
    known = (
        record.trained_on,
        {(each.name, each.is_positive) for each in (*record.validation, *record.test)},
    )
    if found != known:
        raise ValueError(f"{record.name} was trained on other cases")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "folds", "output"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    shipped = {kind: settings_of(path, None) for kind, path in NETWORKS.items()}
    try:
        for path in refit(given.data, given.folds, given.output, shipped):
            sys.stdout.write(f"{path}\n")
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f"refit: {error}") from None


if __name__ == "__main__":
    main()

"""Trained networks on chests that are prepared anew: `python -m` this module.

What a network sees may change a little without another training: another sharpness,
another margin. Its map stays as it was learned. How the map becomes an answer is
fitted again, every case is scored again, and the record says both.

::

    python -m models.chest_ct.learning.refit simulated FOLDS OUTPUT
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from models.chest_ct.build import load_network
from models.chest_ct.cases.gather import gather
from models.chest_ct.cases.records import LEARNED_VIEW, Record, read_records
from models.chest_ct.learning.answer import fit_answer
from models.chest_ct.learning.publish import Trained, publish
from models.chest_ct.learning.train import NETWORKS, Cases, judged, settings_of
from models.chest_ct.network import TriageCNN
from models.chest_ct.settings import ChestSettings
from models.training.checkpoint import as_written
from models.training.classification.results import write
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
        As `read_records` does, or settings or patients are others than were trained
        with.
    """
    cnns, slices = read_records(folds)
    output.mkdir(parents=True, exist_ok=True)
    for record in (*cnns, slices):
        yield _again(record, data, output, settings[record.settings.network.kind])


def _again(record: Record, data: Path, output: Path, settings: ChestSettings) -> Path:
    if settings.model_copy(update={"view": record.settings.view}) != record.settings:
        raise ValueError(f"{record.name} has other settings: train it again")
    gathered = gather(data, settings.view)
    fold = int(record.content["fold"])
    cases = Cases.of(gathered, settings, fold)
    learned_from = sorted({kept.case.patient for kept in cases.training})
    if frozenset(learned_from) != record.trained_on:
        raise ValueError(f"{record.name} was trained on other patients")
    network = load_network(record.settings, record.weights, record.sha256)
    if isinstance(network, TriageCNN):
        fit_answer(network, cases.training, settings)
        network = as_written(network).eval()
    options = RunOptions(deterministic=True)
    log = record.weights.with_suffix(".jsonl")
    version = str(record.content["version"])
    path = publish(
        Trained(network, settings, gathered, fold, version, log),
        judged(network, cases.validation, settings, options),
        judged(network, cases.test, settings, options),
        learned_from,
        output / record.name,
    )
    learned = record.content.get(LEARNED_VIEW)
    view = learned or record.settings.view.model_dump(mode="json")
    write(json.loads(path.read_text(encoding="utf-8")) | {LEARNED_VIEW: view}, path)
    return path


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "folds", "output"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    shipped = {kind: settings_of(path, None) for kind, path in NETWORKS.items()}
    for path in refit(given.data, given.folds, given.output, shipped):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()

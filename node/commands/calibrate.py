"""``pacs-node calibrate``: the controls of a site against published norms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from node import config
from node.commands.ledgers import of_results, opened
from node.commands.options import ConfigOption, JsonOption, ResultsOption
from node.commands.terminal import print_json, print_line
from node.config import Settings
from node.errors import ConfigError, NodeError
from node.jobs.ledger import Ledger
from node.jobs.request import bundle_of

if TYPE_CHECKING:
    from models.hippocampus.interpretation.norms.calibration import (
        Calibration,
        Control,
        Entry,
    )
    from models.hippocampus.interpretation.norms.norm import Norm
    from node.controls import Controls, Reading

MODEL = "hippocampus"
OUTPUT = Path("calibration-hippocampus.json")


def calibrate(
    controls: Annotated[
        Path,
        typer.Option(
            "--controls",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="CSV of healthy people, a line per side.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", metavar="FILE", help="File to write; must be new."),
    ] = OUTPUT,
    config_file: ConfigOption = None,
    results: ResultsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare healthy controls of this site with norms that other tools made.

    The CSV has the columns subject, age, sex (F, M), side (left, right), and
    total_mm3, or study_uid of a study that this node has read; icv_mm3 where
    head size is known, weights where the SHA-256 of those that measured is.
    30 controls of one side or more, each another person, make a calibration:
    positions in a norm are withheld without. Volumes of the file itself are
    taken as measured with the weights in force. No control is kept.

    Exit status
    -----------
    0  written
    1  a line is wrong, or there are too few; the last line says what to do
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node calibrate --controls controls.csv
        Write calibration-hippocampus.json and say what it holds.
    pacs-node calibrate --controls controls.csv --results ./batch
        Take volumes by study_uid from the results of a batch.
    """
    settings = config.load(config_file)
    bundle = _bundle(settings)
    if output.exists():
        raise NodeError(f"{output} is there already; name a new file with --output")
    read = _controls(controls, of_results(settings, results), bundle)
    made = _calibration(read, bundle)
    _write(output, made)
    if as_json:
        print_json(made.as_json() | {"file": str(output.resolve())})
        return
    for line in _page(made, read.controls, output):
        print_line(line)


def _bundle(settings: Settings) -> Bundle:
    """Return the bundle in force, whose weights measure here."""
    try:
        return load_bundle(bundle_of(settings, MODEL) or models.bundle_folder(MODEL))
    except BundleError as error:
        raise ConfigError(f"{error}; see pacs-node check") from None


def _controls(path: Path, settings: Settings, bundle: Bundle) -> Controls:
    from node.control_results import reading_of
    from node.controls import read_controls

    with ExitStack() as ends:
        ledgers: list[Ledger] = []  # opened when a line names a study

        def measured(study_uid: str) -> Reading:
            if not ledgers:
                ledgers.append(ends.enter_context(opened(settings)))
            return reading_of(ledgers[0], study_uid)

        return read_controls(path, bundle.weights_digest, measured)


def _calibration(read: Controls, bundle: Bundle) -> Calibration:
    from models.hippocampus.interpretation.norms.calibration import (
        FEWEST,
        FEWEST_OF_SEX,
        Calibration,
        fit,
    )
    from models.hippocampus.interpretation.norms.norm import load_norms

    try:
        entries = fit(read.controls, load_norms())
    except ValueError as error:
        raise NodeError(f"{error}; look at the volumes of the file") from None
    if not entries:
        counts = "; ".join(_counts(norm, read.controls) for norm in load_norms())
        raise NodeError(
            f"too few controls of one side, {FEWEST} are needed, and "
            f"{FEWEST_OF_SEX} of a sex for it to count: {counts}; add more people "
            "whom a norm holds for"
        )
    return Calibration(
        model=bundle.name,
        model_version=bundle.version,
        weights_sha256=bundle.weights_digest,
        made=date.today(),  # noqa: DTZ011 - the day on the wall of the site
        controls_sha256=read.sha256,
        entries=entries,
    )


def _counts(norm: Norm, controls: Sequence[Control]) -> str:
    from models.hippocampus.interpretation.norms.calibration import usable

    by_side = usable(controls, norm)
    numbers = ", ".join(f"{len(by_side.get(s, ()))} {s}" for s in ("left", "right"))
    needs = ", needs icv_mm3" if norm.head_size_mm3 else ""
    return f"{norm.title} {numbers}{needs}"


def _write(path: Path, made: Calibration) -> None:
    content = json.dumps(made.as_json(), indent=2, ensure_ascii=False) + "\n"
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(content)
    except OSError as error:
        raise NodeError(f"{path}: {error.strerror}; name another with --output") from (
            None
        )


def _page(
    made: Calibration, controls: Sequence[Control], output: Path
) -> Iterator[str]:
    """Yield what the calibration holds, and how it is put into force."""
    from models.hippocampus.interpretation.norms.norm import load_norms

    yield (
        f"Calibration of {made.model} {made.model_version}, "
        f"weights {made.weights_sha256[:12]}"
    )
    for norm in load_norms():
        found = [entry for entry in made.entries if entry.norm == norm.name]
        for entry in found:
            yield ""
            yield from _entry(norm, entry)
        if not found:
            yield ""
            yield "Not calibrated, too few controls:"
            yield f"  {_counts(norm, controls)}"
    yield ""
    yield f"Made      {made.made.isoformat()}"
    yield f"SHA-256   {made.sha256[:16]}"
    yield f"Written   {output}"
    yield "To put it into force, write into node.toml under [models.hippocampus]:"
    yield f"calibration = {json.dumps(str(output.resolve()), ensure_ascii=False)}"


def _entry(norm: Norm, entry: Entry) -> Iterator[str]:
    from models.hippocampus.interpretation.norms.words import controls_of, estimate

    yield f"{norm.title}, {entry.side} side"
    yield f"  n         {entry.n}, {controls_of(entry)}"
    yield f"  bias      {estimate(entry.bias_mm3, 0, ' mm³')}"
    yield f"  SD ratio  {estimate(entry.sd_ratio, 2)}"

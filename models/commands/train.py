"""``pacs-model train``: from data to a bundle that is served, or to the folds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from models.commands.options import (
    MACHINE,
    DataOption,
    Device,
    DeviceOption,
    NameArgument,
    NetworkOption,
)
from models.commands.parts import chosen_settings, part
from models.volume.bundle import BUNDLE_FILE

if TYPE_CHECKING:
    from models.training.run_options import RunOptions

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""

WATCH = "Looking on"
"""Panel of the help page."""


def train(
    name: NameArgument,
    data: DataOption,
    output: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="The bundle that is made, or the folds."),
    ],
    fold: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Hold this fold out and judge it."),
    ] = None,
    folds: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH", help="Train those that lack a result: 0-4, 0,2 or all."
        ),
    ] = None,
    network: NetworkOption = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A training.toml; else the shipped one."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Epochs; else as the settings say."),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Version that reports show; else own-all."
        ),
    ] = None,
    validate: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Judge the held-out cases every N epochs, where the settings do not "
            "say how often; 0 only at the end.",
            rich_help_panel=WATCH,
        ),
    ] = 0,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard",
            help="Write curves and pictures to OUTPUT/tensorboard.",
            rich_help_panel=WATCH,
        ),
    ] = False,
    wandb: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="Send the curves to Weights & Biases, to a project there.",
            rich_help_panel=WATCH,
        ),
    ] = None,
    device: DeviceOption = Device.AUTO,
    deterministic: Annotated[
        bool,
        typer.Option(
            "--deterministic",
            help="Equal bits from equal runs, on a GPU too; no timed precision.",
            rich_help_panel=MACHINE,
        ),
    ] = False,
) -> None:
    """Train a network; of a model that is one network the bundle is served at once.

    A training that was broken off, by Ctrl-C or by the machine, goes on when
    the same line is typed again, and gives what it would have given.

    With --folds the output is not a bundle: each fold gets its weights, its
    record with the scores of every held-out case, and its log.

    Exit status
    -----------
    0    what was trained is written; the last line says what to do with it
    1    the data cannot be read, or what lies in OUTPUT is of another training
    2    wrong use, or no such model
    130  interrupted by Ctrl-C; the last line says how to go on

    Examples
    --------
    pacs-model train hippocampus --data ./data --output ./bundle
        Train on every case.
    pacs-model train hippocampus --data ./data --output ./bundle --fold 0
        Hold a fifth of the cases out and judge them.
    pacs-model train hippocampus --data ./data --output ./folds --folds all
        Train every fold that has no result yet.
    pacs-model train chest_ct --data simulated --output ./folds --folds all
        Train the 3D network on simulated chests; --network slices the other.
    """
    if folds is not None and (fold is not None or release is not None):
        raise typer.BadParameter(
            "--fold and --release are of a bundle, which --folds does not make"
        )
    if folds is not None and wandb is not None:
        raise typer.BadParameter("--wandb is of one training: leave out --folds")
    training = part(name, "learning.train")
    try:
        chosen = chosen_settings(name, network, settings, epochs)
        options = _run_options(validate, tensorboard, device, deterministic)
        if wandb is not None:
            options = _also_sent(options, wandb, output, chosen)
        if folds is None:
            folder = training.run(data, output, chosen, fold, options, release)
            typer.echo(_next(name, folder))
        else:
            _train_folds(name, data, output, chosen, folds, options)
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted; every whole epoch is kept in {output}: "
            "type the same line again to go on",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def _next(name: str, folder: Path) -> str:
    """Return what can be done with what was trained."""
    if (folder / BUNDLE_FILE).is_file():
        return f'[models.{name}] bundle = "{folder}" serves it; see {folder}/log.jsonl'
    return (
        f"{folder} holds one network and no bundle: `pacs-model assemble {name}` makes "
        "one of those that `--folds` leaves"
    )


def _run_options(
    validate: int, tensorboard: bool, device: Device, deterministic: bool
) -> RunOptions:
    from models.training.progress import TerminalProgress
    from models.training.run_options import (
        RunOptions,  # loads torch: not for a help page
    )

    progress = TerminalProgress(Console(highlight=False))
    return RunOptions(device.value, deterministic, tensorboard, validate, progress)


def _also_sent(
    options: RunOptions, project: str, output: Path, settings: Any
) -> RunOptions:
    from models.training.weights_and_biases import WeightsAndBiases

    sent = WeightsAndBiases(project, output, settings.model_dump(mode="json"))
    return replace(options, trackers=(*options.trackers, sent))


def _train_folds(
    name: str, data: Path, output: Path, settings: Any, folds: str, options: RunOptions
) -> None:
    training = part(name, "learning.train_folds")
    try:
        numbers = training.fold_numbers(folds, settings.split.folds)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--folds") from None
    for line in training.train_folds(data, output, settings, numbers, options):
        typer.echo(line)

"""``pacs-model tune``: which settings train best, by trying."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.commands.options import (
    DataOption,
    Device,
    DeviceOption,
    NameArgument,
    NetworkOption,
)
from models.commands.parts import chosen_settings, part

if TYPE_CHECKING:
    from models.training.tuning.search import Ended, Search

BEST = "training.toml"

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended."""


def tune(
    name: NameArgument,
    data: DataOption,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="What was tried, and the best.")
    ],
    trials: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Trials in all; 50 unless said."),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="Try every point of a grid instead.")
    ] = False,
    network: NetworkOption = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where it starts from; else as shipped."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Epochs of a trial; else of settings."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of what is tried.")] = 0,
    device: DeviceOption = Device.AUTO,
) -> None:
    """Search for settings: learning rate, batch, dropout, weight decay.

    Each trial is a training on the cases of the settings' split, judged on those
    that it holds out; the test part is seen by none. A trial that falls behind is
    ended early. A search that was broken off goes on when the same line is typed
    again, in the middle of its last trial.

    Exit status
    -----------
    0    the best settings are written; the last line says how to use them
    1    the data cannot be read, or what lies in OUTPUT is of another search
    2    wrong use, or no such model, or one that cannot be tuned
    130  interrupted by Ctrl-C; the last line says how to go on

    Examples
    --------
    pacs-model tune chest_ct --data ./data --output ./tuned
        Try 50 settings, each chosen by what the earlier ones told.
    pacs-model tune chest_ct --data ./data --output ./tuned --grid
        Try every combination of a few values.
    """
    if grid and trials is not None:
        raise typer.BadParameter("--grid tries all points: leave out --trials")
    tuned = part(name, "learning.tune")
    chosen = chosen_settings(name, network, settings, epochs)
    wanted = _search(_watching(chosen, tuned), tuned, data, seed)
    count = None if grid else trials or 50
    try:
        ended = _run(wanted, tuned.objective, data, output, count, device)
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted; every trial is kept in {output}: "
            "type the same line again to go on",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    _conclude(name, data, output, wanted, chosen, ended)


def _watching(settings: Any, tuned: Any) -> Any:
    """Return settings whose trials are compared by a figure: theirs, or the model's."""
    if settings.loop.watched is not None or not hasattr(tuned, "WATCHED"):
        return settings
    loop = settings.loop.model_copy(update={"watched": tuned.WATCHED})
    return settings.model_copy(update={"loop": loop})


def _search(settings: Any, tuned: Any, data: Path, seed: int) -> Search:
    try:
        from models.training.tuning.search import Search  # torch: not for a help page
    except ImportError:
        raise ValueError(
            "Optuna is not installed: pip install 'pacs-ai-node[train]'"
        ) from None
    if settings.loop.watched is None:
        raise ValueError("the settings watch no figure: tune needs [loop.watched]")
    watched, digest = settings.loop.watched, tuned.data_digest(data)
    return Search(settings, tuned.SPACE, watched, digest, seed)


def _run(
    wanted: Search,
    objective: Any,
    data: Path,
    output: Path,
    trials: int | None,
    device: Device,
) -> list[Ended]:
    """Try, say a line about each trial, and return them."""
    from models.training.run_options import RunOptions
    from models.training.tracking import Tracker
    from models.training.tuning.search import search

    def train(settings: Any, folder: Path, tracker: Tracker) -> float:
        options = RunOptions(device.value, trackers=(tracker,))
        return float(objective(data, settings, folder, options))

    ended = []
    for trial in search(wanted, train, output, trials):
        typer.echo(_line(trial, wanted.watched.figure))
        ended.append(trial)
    return ended


def _line(trial: Ended, figure: str) -> str:
    found = trial.reason or f"{figure} {trial.value:.4f}"
    return f"trial {trial.number}: {found}   {_words(trial)}"


def _words(trial: Ended) -> str:
    values = trial.point.items()
    return "   ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in values
    )


def _conclude(
    name: str,
    data: Path,
    output: Path,
    wanted: Search,
    base: Any,
    ended: list[Ended],
) -> None:
    """Write the best settings, or say that no trial had a figure.

    Parameters
    ----------
    base
        The settings as they were before their trials had to be compared.
    """
    from models.training.settings import as_toml
    from models.training.tuning.search import best
    from models.training.tuning.space import changed

    found = best(ended, wanted.watched)
    if found is None:
        raise ValueError("no trial came to a figure; the lines above say why")
    path = output / BEST
    settings = changed(base, found.point)
    path.write_text(as_toml(settings), encoding="utf-8")
    typer.echo(
        f"best: trial {found.number}, {wanted.watched.figure} {found.value:.4f}   "
        f"{_words(found)}"
    )
    typer.echo(
        f"{path} is written: pacs-model train {name} --data {data} "
        f"--settings {path} --output ..."
    )

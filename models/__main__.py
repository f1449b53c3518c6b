"""The command ``pacs-model``: the learning side."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import models
from models.page import Commands
from models.volume.bundle import BundleError, load_bundle

app = Commands(name="pacs-model")


def model_names(incomplete: str) -> list[str]:
    """Return the models whose names begin so (shell completion)."""
    return [name for name in models.MODELS if name.startswith(incomplete)]


NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="Name of the model.", autocompletion=model_names
    ),
]


@app.callback()
def pacs_model() -> None:
    """Say what models there are and whether they are intact, and train them.

    Exit status
    -----------
    0  done
    1  something is not as it should be; the last line says what
    2  wrong use

    Examples
    --------
    pacs-model list
        See what this machine can read.
    """


@app.command("list")
def list_models() -> None:
    """List the models with version, status and weights.

    Exit status
    -----------
    0  every bundle is whole
    1  one is not; the last line says which and why

    Examples
    --------
    pacs-model list
        See what this machine can read.
    """
    for name in models.MODELS:
        bundle = load_bundle(models.bundle_folder(name))
        typer.echo(
            f"{name}  {bundle.version}  {bundle.status}  "
            f"weights {bundle.weights_digest[:12]}  {bundle.title}"
        )


@app.command()
def verify(
    name: NameArgument,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A bundle; else the one that is shipped."),
    ] = None,
) -> None:
    """Check the hashes of the weights and the golden case.

    Exit status
    -----------
    0  the model is intact
    1  weights or golden case are not what the bundle says
    2  wrong use, or no such model

    Examples
    --------
    pacs-model verify hippocampus
        Check what is shipped.
    pacs-model verify hippocampus --bundle ./bundle
        Check what a training has made before it is served.
    """
    _known(name)
    model = models.load(name, bundle)
    golden = import_module(f"models.{name}.golden")
    tolerance = model.bundle.golden_case["tolerance"]
    deviations = golden.deviations(model)
    for structure, deviation in deviations.items():
        typer.echo(f"{structure}: {deviation:.3%} (at most {tolerance:.0%})")
    if max(deviations.values()) > tolerance:
        raise BundleError(f"{name}: the golden case is not met; train again")
    typer.echo(f"{name} {model.bundle.version} is intact")


@app.command()
def train(
    name: NameArgument,
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="The training data.")],
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The bundle that is made.")
    ],
    fold: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=4, help="Hold this fold out and judge it."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Epochs; else as many as the recipe's."),
    ] = None,
) -> None:
    """Train a network; the bundle that it ends with is served at once.

    Exit status
    -----------
    0  the bundle is written; the last line says how to serve it
    1  the data cannot be read
    2  wrong use, or no such model

    Examples
    --------
    pacs-model train hippocampus --data ./data --output ./bundle
        Train on every case.
    pacs-model train hippocampus --data ./data --output ./bundle --fold 0
        Hold a fifth of the cases out and judge them.
    """
    _known(name)
    training = import_module(f"models.{name}.train")
    recipe = (
        training.RECIPE if epochs is None else replace(training.RECIPE, epochs=epochs)
    )
    folder = training.run(data, output, recipe, fold)
    typer.echo(f'[models.{name}] bundle = "{folder}" serves it; see {folder}/log.jsonl')


def _known(name: str) -> None:
    if name not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise typer.BadParameter(f"{name}: unknown; models are {known}")


def main() -> None:
    """Run the command; an expected error is one line and exit status 1."""
    try:
        app()
    except (BundleError, FileNotFoundError, ValueError) as error:
        typer.echo(f"pacs-model: {error}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()

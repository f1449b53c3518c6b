"""The command ``pacs-model``: the learning side."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import models
from models.volume.bundle import BundleError, load_bundle

app = typer.Typer(
    name="pacs-model",
    help="Models: what there is, whether it is intact, and how to train it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

NameArgument = Annotated[str, typer.Argument(help="Name of the model.")]


@app.command("list")
def list_models() -> None:
    """List the models with version, status and weights."""
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
        Path | None, typer.Option(help="Another bundle folder than the shipped one.")
    ] = None,
) -> None:
    """Check the hashes of the weights and the golden case."""
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
    data: Annotated[Path, typer.Option(help="Folder of the training data.")],
    output: Annotated[Path, typer.Option(help="The bundle folder that is made.")],
    fold: Annotated[
        int | None, typer.Option(min=0, max=4, help="Hold this fold out and judge it.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Instead of the recipe's.")
    ] = None,
) -> None:
    """Train a network; ends with a bundle folder that the node serves at once."""
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

"""``pacs-model list``: the models that there are."""

from __future__ import annotations

import typer

import models
from models.volume.bundle import load_bundle


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

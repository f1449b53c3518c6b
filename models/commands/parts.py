"""The parts of a model that commands ask for, and models without them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import typer


def part(name: str, module: str) -> ModuleType:
    """Return a module of the model ``name``, such as ``validation.origin``.

    Raises
    ------
    typer.BadParameter
        The model has no such part: the command is not for it.
    """
    path = f"models.{name}"
    for step in module.split("."):
        path = f"{path}.{step}"
        if find_spec(path) is None:  # its parent is there: find_spec would else raise
            raise typer.BadParameter(f"{name}: has no {module.replace('.', '/')}")
    return import_module(path)


def chosen_settings(
    name: str, network: str | None, settings: Path | None, epochs: int | None
) -> Any:
    """Return the settings of a training: a file's, or as shipped for a network.

    Raises
    ------
    typer.BadParameter
        The model has no such network, or a file was named as well.
    """
    training = part(name, "learning.train")
    if network is None:
        return training.settings_of(settings, epochs)
    networks: Mapping[str, Path] = getattr(training, "NETWORKS", {})
    if network not in networks:
        known = ", ".join(networks) or "one, which needs no name"
        raise typer.BadParameter(f"{network}: unknown; networks of {name}: {known}")
    if settings is not None:
        raise typer.BadParameter("--settings says which network: leave out --network")
    return training.settings_of(networks[network], epochs)

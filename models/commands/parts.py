"""The parts of a model that commands ask for, and models without them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

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

"""A settings file in, a bundle with its figures out: a model trained from Python."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import models
from models.volume.bundle import Bundle, load_bundle

WHOLE = "learning.whole"
"""Part of a model that trains everything which its bundle needs."""

JUDGED = "validation.whole"
"""Part of a model that judges a bundle on cases that nothing of it has seen, where the
bundle does not state such figures already."""


def learn(
    model: str,
    data: Path | str,
    work: Path | str,
    settings: Path | str | None = None,
) -> Bundle:
    """Train what lacks, judge it on cases that it has not seen, return the bundle.

    What was broken off goes on. ``models.load(model, bundle.folder)`` serves it. It
    starts processes, which load the program that calls it: a script does so below
    ``if __name__ == "__main__":``.

    Parameters
    ----------
    model
        Name of a model.
    data
        As ``pacs-model train`` takes it.
    work
        Folder of everything that is made.
    settings
        The model's settings file; else the shipped one.

    Returns
    -------
    Bundle
        Its ``metrics`` are figures of cases that no network was trained on.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such model, data or settings cannot be used, or what lies in
        ``work`` is of another training: one line.
    """
    if model not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise ValueError(f"{model}: unknown; models are {known}")
    whole = import_module(f"models.{model}.{WHOLE}")
    chosen = None if settings is None else Path(settings)
    bundle = whole.learn(Path(data), Path(work), chosen)
    if find_spec(f"models.{model}.{JUDGED}"):
        import_module(f"models.{model}.{JUDGED}").judge(Path(data), Path(work))
    return load_bundle(bundle)

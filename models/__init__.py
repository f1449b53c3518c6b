"""What is learned. Never imports ``node``.

``MODELS`` is the one list: a model is one folder and one line here.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from models.contract import Model

MODELS = {
    "hippocampus": "models.hippocampus.model:build",
    "chest_ct": "models.chest_ct.model:build",
}
"""Name of the model folder → import string of its ``build(bundle_path)``."""


def load(name: str, bundle: Path | None = None) -> Model:
    """Build the model ``name`` with its own bundle or the one at ``bundle``.

    Raises
    ------
    KeyError
        The name is not in ``MODELS``.
    models.volume.bundle.BundleError
        The bundle is incomplete or its weights do not match their SHA-256.
    """
    module, function = MODELS[name].split(":")
    return cast("Model", getattr(import_module(module), function)(bundle))


def bundle_folder(name: str) -> Path:
    """Return the folder of the bundle that is shipped with the model ``name``."""
    if name not in MODELS:
        raise KeyError(name)
    return Path(__file__).parent / name

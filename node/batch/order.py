"""What a person ordered: which folder, which models, where the results go."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import models
from models.volume.bundle import BundleError, load_bundle
from node.config import Destination, Settings
from node.errors import ConfigError
from node.jobs.pool_size import usable_cores

WORKER_MIB = 2048
"""Memory that a worker is counted with: torch, networks and one large study.

A chest CT of 600 images of 512 x 512 takes 1.7 GiB, one of 133 images 0.8 GiB."""

_PEER = re.compile(r"(?P<ae>[^@\s]{1,16})@(?P<host>[^@\s]+):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Order:
    """One run over a folder.

    Attributes
    ----------
    root
        Where the studies lie.
    results
        Folder of the objects, with the ledger of its runs.
    models
        Names of the models that read them.
    destinations
        Where the objects are sent; none: nowhere.
    every_input
        Whether each folder at the top is an input, that is told of where it holds no
        study; else the root alone is one.
    fast
        Whether models leave out what takes long, those that know how.
    all_series
        Whether every series is read that a model can read, and not only the one of
        each study that comes first.
    """

    root: Path
    results: Path
    models: tuple[str, ...]
    settings: Settings
    destinations: tuple[Destination, ...] = ()
    every_input: bool = True
    fast: bool = False
    all_series: bool = False


def order_of(
    settings: Settings,
    root: Path,
    results: Path,
    *,
    model: str | None = None,
    bundle: Path | None = None,
    workers: int = 0,
    send: bool = False,
    to: str | None = None,
    every_input: bool = True,
    fast: bool = False,
    all_series: bool = False,
) -> Order:
    """Return the order that the options of a command make.

    Parameters
    ----------
    model
        The only model; else all that there are.
    bundle
        Folder of a bundle of the user's own; its model is then the only one.
    workers
        Processes; 0: as many as suit.
    to
        ``AET@HOST:PORT`` in the place of the configured destinations.
    every_input, fast, all_series
        As in ``Order``.

    Raises
    ------
    ConfigError
        An option cannot be used; it is named.
    """
    if workers:
        settings = _changed(settings, "jobs", {"workers": workers})
    if bundle is not None:
        settings, model = with_bundle(settings, bundle, model)
    if to is not None:
        places: tuple[Destination, ...] = (destination(to),)
    else:
        places = settings.destinations if send else ()
    names = (model,) if model else tuple(models.MODELS)
    return Order(
        root,
        results.absolute(),
        names,
        settings,
        places,
        every_input=every_input,
        fast=fast,
        all_series=all_series,
    )


def destination(text: str) -> Destination:
    """Return the destination that ``AET@HOST:PORT`` names.

    >>> destination("ORTHANC@127.0.0.1:4242").port
    4242

    Raises
    ------
    ConfigError
        It is written otherwise.
    """
    found = _PEER.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        return Destination(
            ae_title=found["ae"],
            host=found["host"].strip("[]"),
            port=int(found["port"]),
        )
    except ValueError:
        raise ConfigError(
            f"--to {text}: write it as AET@HOST:PORT, such as ORTHANC@127.0.0.1:4242"
        ) from None


def with_bundle(
    settings: Settings, folder: Path, model: str | None
) -> tuple[Settings, str]:
    """Return settings with a bundle of the user's own, and the model that it is of.

    Raises
    ------
    ConfigError
        It is no bundle, or that of another model.
    """
    try:
        name = load_bundle(folder).name
    except BundleError as error:
        raise ConfigError(f"--bundle {folder}: {error}") from None
    if name not in models.MODELS or model not in {None, name}:
        raise ConfigError(
            f"--bundle {folder}: it is a bundle of the model {name}; "
            f"models are {', '.join(models.MODELS)}"
        )
    own = settings.models.of(name).model_copy(update={"bundle": folder.absolute()})
    return _changed(settings, "models", {name: own}), name


def with_workers(settings: Settings, studies: int) -> Settings:
    """Return the settings with so many workers as there is work and room for.

    One per core, or as many as somebody asked for; fewer where the memory does not
    suffice, and never more than studies.
    """
    room = available_mib() // WORKER_MIB
    wanted = settings.jobs.workers or min(usable_cores(), room)
    count = max(1, min(wanted, studies))
    return _changed(settings, "jobs", {"workers": count})


def available_mib() -> int:
    """Return the memory that new processes could have, in MiB."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20


def _changed(settings: Settings, section: str, values: Mapping[str, Any]) -> Settings:
    changed = getattr(settings, section).model_copy(update=dict(values))
    return settings.model_copy(update={section: changed})

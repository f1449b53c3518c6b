"""Prepared cases on disk: what a training reads, made once from the images.

A file is named after what it was made from: the digest of the source, the view,
`PREPARED`, and the weights that find the lungs. It is written under another name and
then renamed, so what is there is whole; what is there is never made again. A case that
cannot be prepared leaves a file that says why.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy.typing as npt
from safetensors import safe_open
from safetensors.numpy import load_file, save

from models.chest_ct.cases.case import Case, LeftOut
from models.chest_ct.preprocess import Prepared, View, prepare
from models.chest_ct.zprofile.profile import measure
from models.chest_ct.zprofile.sampling import SPACING_MM, lungscape
from models.contract import LabelMap, UnfitInput, Volume
from models.over_processes import over_processes
from models.training.settings import settings_digest
from models.volume.lungs import find_lungs
from models.volume.lungs.network import WEIGHTS_SHA256
from models.volume.series import SeriesError

PREPARED = 3
"""Of the code: raised when equal images are prepared differently than before."""

FACTS = "facts"
"""Entry of a file's metadata: what is known of the study, as JSON; with ``profile``,
the curves of `models.chest_ct.zprofile.profile.LungProfile`."""

DRAWN = "drawn"
"""Fact of a prepared case: whether a drawn finding is in what is seen of it."""

Told = Callable[[int, int], None]
"""Hears how many cases are there, of how many."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A case, and the file of what a network sees of it."""

    case: Case
    path: Path

    def prepared(self) -> Prepared:
        """Read what a network sees."""
        arrays = load_file(self.path)
        return Prepared(arrays["hu"], arrays["labels"], arrays["affine"])

    def facts(self) -> dict[str, Any]:
        """Read what is known of the study beside its label."""
        with safe_open(self.path, "numpy") as opened:
            facts: dict[str, Any] = json.loads(opened.metadata()[FACTS])
        return facts


def keep(
    cases: Sequence[Case],
    views: Sequence[View],
    folder: Path,
    processes: int = 1,
    told: Told | None = None,
) -> tuple[list[tuple[Kept, ...]], list[LeftOut]]:
    """Prepare what is not there yet; return the cases with a file for each view.

    Parameters
    ----------
    views
        All are made from one reading of the images.
    folder
        Of the cache. Several trainings may share it.

    Returns
    -------
    tuple
        A `Kept` for each view of each case, and the cases that could not be prepared.
    """
    folder.mkdir(parents=True, exist_ok=True)
    one = partial(_keep, views=tuple(views), folder=folder)
    kept, left_out = [], []
    for number, (case, made) in enumerate(
        zip(cases, over_processes(one, cases, processes), strict=True), start=1
    ):
        if isinstance(made, LeftOut):
            left_out.append(made)
        else:
            kept.append(tuple(Kept(case, path) for path in made))
        if told is not None:
            told(number, len(cases))
    return kept, left_out


def key_of(source_digest: str, view: View) -> str:
    """Return the name of a file without its ending."""
    made_by = [source_digest, settings_digest(view), PREPARED, WEIGHTS_SHA256]
    plain = json.dumps(made_by)
    return hashlib.sha256(plain.encode()).hexdigest()[:32]


def _keep(case: Case, views: tuple[View, ...], folder: Path) -> list[Path] | LeftOut:
    digest = case.source.digest()
    keys = [key_of(digest, view) for view in views]
    paths = [folder / f"{key}.safetensors" for key in keys]
    refused = folder / f"{keys[0]}.json"
    if refused.is_file():
        return LeftOut(case.name, **json.loads(refused.read_text(encoding="utf-8")))
    missing = [
        (view, path)
        for view, path in zip(views, paths, strict=True)
        if not path.is_file()
    ]
    try:
        _make(case, missing)
    except (SeriesError, UnfitInput) as error:
        why = {"reason": error.reason, "detail": str(error)}
        _write(refused, json.dumps(why).encode())
        return LeftOut(case.name, **why)
    return paths


def _make(case: Case, wanted: Sequence[tuple[View, Path]]) -> None:
    if not wanted:
        return
    loaded = case.source.load()
    lungs = find_lungs(loaded.volume).labels
    facts = {**loaded.facts, "profile": _profile(loaded.volume, lungs)}
    for view, path in wanted:
        seen = prepare(loaded.volume, lungs, view, loaded.truth)
        write_prepared(path, seen, {**facts, DRAWN: bool(seen.truth.any())})


def _profile(volume: Volume, lungs: LabelMap) -> dict[str, Any] | None:
    """Return what the Z-profile is scored from: it has cases of its own nowhere."""
    scape = lungscape(volume, lungs)
    measured = measure(scape.array, scape.labels, SPACING_MM)
    if measured is None:
        return None
    return {
        "curves": {name: curve.tolist() for name, curve in measured.curves.items()},
        "slices": measured.slices.tolist(),
        "height_mm": measured.height_mm,
    }


def write_prepared(path: Path, seen: Prepared, facts: Mapping[str, Any]) -> None:
    """Write a file that `Kept` reads, whole or not at all."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "hu": seen.hu,
        "labels": seen.labels,
        "affine": seen.affine,
    }
    _write(path, save(arrays, {FACTS: json.dumps(dict(facts))}))


def _write(path: Path, content: bytes) -> None:
    partial_path = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial_path.write_bytes(content)
    partial_path.replace(path)

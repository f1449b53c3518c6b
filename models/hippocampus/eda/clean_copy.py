"""A copy of the pairs that pass, ready to train on.

Files are copied, not linked: a tool that rewrote a linked file in place would change
the input. The copy is made beside its place and put there by renaming, so that it is
there whole or not at all. Running again over the same data changes nothing.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from models.hippocampus.eda.analysis import Analysis
from models.hippocampus.eda.measurement import PARTS, SUFFIX
from models.volume.bundle import sha256_file

MANIFEST = "manifest.json"
"""Names and SHA-256 of the files; marks a folder as one that we may replace."""

ATTRIBUTION = "SOURCE.txt"
"""Where the data come from and under which licence; goes with every copy."""


def copy_passed(analysis: Analysis, target: Path) -> Path:
    """Make ``target`` hold ``images/`` and ``labels/`` of the cases that passed.

    Raises
    ------
    ValueError
        ``target`` holds something that was not copied by this function, or a file
        changed since it was analysed.
    """
    manifest = _manifest(analysis)
    if target.exists():
        if _is_copy(target, manifest):
            return target
        _check_ours(target)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _fill(partial, analysis, manifest)
        _put(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def check_apart(data: Path, output: Path) -> None:
    """Refuse an output that would lie in the data, or swallow them.

    Raises
    ------
    ValueError
        One folder lies in the other.
    """
    one, other = data.resolve(), output.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise ValueError("the data are never written to; give another --output")


def _manifest(analysis: Analysis) -> dict[str, str]:
    """Return the SHA-256 of each file, by its path in the copy."""
    return {
        f"{part}/{case.name}{SUFFIX}": case.files[part]
        for case in analysis.passed
        for part in PARTS
    }


def _is_copy(target: Path, manifest: dict[str, str]) -> bool:
    """Whether the files that should be there are there, and no others."""
    there = {
        path.relative_to(target).as_posix()
        for part in PARTS
        for path in (target / part).glob("*")
    }
    return there == manifest.keys() and all(
        sha256_file(target / path) == digest for path, digest in manifest.items()
    )


def _check_ours(target: Path) -> None:
    if not (target / MANIFEST).is_file():
        raise ValueError(f"{target} is no copy of ours; give another --output")


def _fill(folder: Path, analysis: Analysis, manifest: dict[str, str]) -> None:
    for part in PARTS:
        (folder / part).mkdir(parents=True)
    for path, digest in manifest.items():
        shutil.copyfile(analysis.folder / path, folder / path)
        if sha256_file(folder / path) != digest:
            raise ValueError(f"{path} changed while it was analysed; run again")
    if (source := analysis.folder / ATTRIBUTION).is_file():
        shutil.copyfile(source, folder / ATTRIBUTION)
    content = {"digest": analysis.digest, "files": manifest}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _put(partial: Path, target: Path) -> None:
    """Rename the new copy into place; the old one goes after it."""
    replaced = partial.with_name(f"{partial.name}.old")
    if target.exists():
        target.rename(replaced)
    partial.rename(target)
    shutil.rmtree(replaced, ignore_errors=True)

"""The files below a folder, found without trusting anything that lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found.

    Attributes
    ----------
    files
        Regular files, sorted.
    closed
        Folders that could not be looked into, sorted.
    """

    files: tuple[Path, ...]
    closed: tuple[Path, ...] = ()


def walk(root: Path, skips: Callable[[Path], bool] = lambda _: False) -> Walk:
    """Return the regular files at and below ``root``.

    Links are followed, since a study kept by git-annex or DataLad is made of them,
    but no folder is looked into twice, so that a circle of links ends. Hidden names
    are left alone, and so is what is no file: a pipe would never end.

    Parameters
    ----------
    skips
        Tells the folders that are not looked into.
    """
    if root.is_file():
        return Walk((root,))
    files: list[Path] = []
    closed: list[Path] = []
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:  # a stack of our own: folders may lie deeper than Python's goes
        folder = waiting.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            closed.append(folder)
            continue
        for entry in found:
            path = Path(entry.path)
            if _is(entry.is_dir):
                if not skips(path):
                    waiting.append(path)
            elif _is(entry.is_file):
                files.append(path)
    return Walk(tuple(sorted(files)), tuple(sorted(closed)))


def _is(kind: Callable[[], bool]) -> bool:
    """Ask what an entry is; what does not tell, such as a broken link, is nothing."""
    try:
        return kind()
    except OSError:
        return False

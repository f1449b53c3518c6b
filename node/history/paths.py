"""Where the objects of a results folder lie, which may have been moved since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from node.jobs.job import ObjectFile

BELOW_RESULTS = 4
"""Parts of an object's path below the results: study, model, version, file."""


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects under a folder of results."""

    results: Path

    def path(self, made: ObjectFile) -> Path:
        """Return where an object lies: as recorded, else under the folder."""
        moved = self.results.joinpath(*made.path.parts[-BELOW_RESULTS:])
        return made.path if made.path.is_file() or not moved.is_file() else moved

    def is_there(self, made: ObjectFile) -> bool:
        """Tell whether the file of an object is there."""
        return self.path(made).is_file()

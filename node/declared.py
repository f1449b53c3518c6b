"""What the site declares of every series that a model reads, as a worker gets it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.config_reading import HippocampusSettings, ModelSettings

MOST_BYTES = 1 << 20
"""A calibration has a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Declarations of the site for one model.

    Attributes
    ----------
    laterality
        ``"left"``, ``"right"``, or "" when nobody declares it.
    calibration
        Content of the file; of one that cannot be read ``unreadable`` and why: a
        model then withholds what it would need it for.
    """

    laterality: str = ""
    calibration: Mapping[str, Any] | None = None

    @classmethod
    def by(cls, settings: ModelSettings) -> Declared:
        """Return what the settings of a model declare, with the file read anew."""
        if not isinstance(settings, HippocampusSettings):
            return cls()
        return cls(settings.laterality, read_calibration(settings.calibration))

    @property
    def calibration_digest(self) -> str:
        """SHA-256 of the calibration, "" without one."""
        if self.calibration is None:
            return ""
        plain = json.dumps(self.calibration, sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()


def read_calibration(path: Path | None) -> dict[str, Any] | None:
    """Return the content of a calibration; None when the settings name none."""
    if path is None:
        return None
    try:
        with path.open("rb") as stream:
            content = json.loads(stream.read(MOST_BYTES))
    except OSError as error:
        return {"unreadable": error.strerror or "no file"}
    except ValueError:
        return {"unreadable": "not JSON"}
    return content if isinstance(content, dict) else {"unreadable": "not an object"}

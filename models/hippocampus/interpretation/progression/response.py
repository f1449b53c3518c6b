"""How much of a true change the network was seen to follow, as the bundle says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEY = "change"
"""In the ``training`` object of ``bundle.json``."""


@dataclass(frozen=True, slots=True)
class Response:
    """An observation on made pairs of visits; no rate and no interval rests on it.

    Attributes
    ----------
    response
        Name of the structure → slope of the measured change on the true one, both of
        the logarithm of the volume: 1 is in full.
    pairs, subjects
        On which it was measured, each by a network that never saw the subject.
    """

    response: Mapping[str, float]
    pairs: int
    subjects: int

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Response | None:
        """Read ``training.change`` of a bundle; None where nobody has measured it."""
        content = training.get(KEY)
        if not content:
            return None
        return cls(content["response"], content["pairs"], content["subjects"])

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads."""
        rounded = {name: round(slope, 3) for name, slope in self.response.items()}
        return asdict(self) | {"response": rounded}

"""Change over time: from the volumes of several visits to per cent per year."""

from __future__ import annotations

from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.interpretation.progression.rates import interpret
from models.hippocampus.interpretation.progression.reading import Reading
from models.hippocampus.interpretation.progression.response import Response

__all__ = ["Noise", "Reading", "Response", "interpret"]

"""Change over time: from the volumes of several visits to per cent per year."""

from __future__ import annotations

from models.hippocampus.interpretation.progression.interpret import Reading, interpret
from models.hippocampus.interpretation.progression.noise import Noise

__all__ = ["Noise", "Reading", "interpret"]

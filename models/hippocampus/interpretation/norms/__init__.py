"""Where a volume lies among those of healthy people, or why nobody can say.

A norm is a data file beside this one: source, DOI, licence, n, ages, sexes, sides,
how it handles head size, segmenter, units, validity. Outside its validity nothing is
said but the reason.
"""

from __future__ import annotations

from models.hippocampus.interpretation.norms.norm import Norm, load_norms, norms_digest
from models.hippocampus.interpretation.norms.position import interpret

__all__ = ["Norm", "interpret", "load_norms", "norms_digest"]

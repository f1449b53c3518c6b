"""A chest of two blocks of lung, as cells."""

from __future__ import annotations

import numpy as np

from models.chest_ct.learning.lung_shape.cases import FULL, ShapeCase
from models.chest_ct.learning.lung_shape.settings import (
    ChangeSettings,
    LungShapeSettings,
    shipped_settings,
)

SHAPE = (24, 24, 32)


def case() -> ShapeCase:
    """Return a body of muscle with a right and a left lung full of air."""
    hu = np.full(SHAPE, -1000, np.int16)
    hu[:, 3:-3, 3:-3] = 40
    lungs = np.zeros(SHAPE, np.int8)
    lungs[4:20, 6:18, 5:14] = -FULL
    lungs[4:20, 6:18, 18:27] = FULL
    hu[lungs != 0] = -850
    return ShapeCase(hu=hu, air=lungs.copy(), lungs=lungs)


def change(**other: object) -> ChangeSettings:
    """Return the shipped changes in a small field, or others."""
    wanted = shipped_settings().change.model_dump() | {"field": (16, 16, 24)}
    return ChangeSettings(**(wanted | other))


def tiny_settings() -> LungShapeSettings:
    """Return settings of a training of seconds."""
    settings = shipped_settings()
    cases = settings.cases.model_copy(
        update={"patients": 1, "scene_mm": 6.0, "matrix": 64, "tips": 60}
    )
    loop = settings.loop.model_copy(
        update={"epochs": 1, "batch": 2, "precision": "fp32"}
    )
    return settings.model_copy(
        update={"cases": cases, "loop": loop, "change": change()}
    )

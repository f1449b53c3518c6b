"""The golden case: a simulated chest that every copy of the weights must read alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Finding
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import shipped, tiny
from models.chest_ct.simulator.study import simulate
from models.contract import Context, Model, Volume

STUDY = 0
"""Of the plan of the smallest setting; with a consolidation of `SHARE` of the lungs."""

SHARE = 0.1

SAME = ("decisions", "findings")
"""What must not change at all."""

TOLERANCE = 0.02
"""Largest difference of a probability, and of a volume as a part of it."""


def golden_study(number: int = STUDY) -> Volume:
    """Draw the golden case: one patient with a consolidation, coarse and small."""
    settings = tiny(shipped())
    disease = (Finding(Kind.CONSOLIDATION, SHARE),)
    planned = replace(plan(settings)[number], findings=disease, is_positive=True)
    return simulate(planned, settings).volume


def read_study(model: Model, number: int = STUDY) -> dict[str, Any]:
    """Return what the model says of it, in both modes, and mL of both lungs."""
    volume = golden_study(number)
    found, fast = (
        model.predict(volume, Context(precision="fp32", fast=is_fast))
        for is_fast in (False, True)
    )
    (answer,), (fast_answer,) = found.classifications, fast.classifications
    return {
        "probability": answer.probability,
        "fast_probability": fast_answer.probability,
        "lungs_ml": next(m.value for m in found.measurements if m.unit.value == "mL"),
        "decisions": [answer.is_positive, fast_answer.is_positive],
        "findings": [place.structure for place in found.locations],
    }


def golden_case(model: Model) -> dict[str, Any]:
    """Return the ``golden_case`` object of a bundle."""
    return {"study": STUDY, **read_study(model), "tolerance": TOLERANCE}


def deviations(model: Model) -> dict[str, float]:
    """Return how far each figure is from the golden case, by its name.

    A probability by its difference, a volume by the difference as a part of it; what
    is decided and found is as it was (0) or is not (1).
    """
    golden = model.bundle.golden_case
    found = read_study(model, golden["study"])
    of_chances = {
        name: abs(found[name] - golden[name])
        for name in ("probability", "fast_probability")
    }
    told = {name: float(found[name] != golden[name]) for name in SAME}
    lungs = abs(found["lungs_ml"] / golden["lungs_ml"] - 1)
    return {**of_chances, "lungs": lungs, **told}

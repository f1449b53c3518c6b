"""Disease of a study, one finding after the other, into the tissue of the lungs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Deposit, Finding
from models.chest_ct.simulator.emphysema import draw_emphysema
from models.chest_ct.simulator.nodules import draw_nodule, paste_nodule
from models.chest_ct.simulator.opacities import draw_consolidation, draw_ground_glass
from models.chest_ct.simulator.pleura import draw_effusion, draw_pneumothorax
from models.chest_ct.simulator.settings import DiseaseSettings
from models.chest_ct.simulator.shapes import NoduleShapes
from models.chest_ct.simulator.tissue import Tissue

ORDER = (
    Kind.EMPHYSEMA,
    Kind.GROUND_GLASS,
    Kind.CONSOLIDATION,
    Kind.NODULE,
    Kind.EFFUSION,
    Kind.PNEUMOTHORAX,
)
"""What is drawn first: fluid and air of the pleura displace all the rest."""


def draw_disease(
    tissue: Tissue,
    findings: Sequence[Finding],
    settings: DiseaseSettings,
    shapes: NoduleShapes | None,
    seed: int,
) -> tuple[Deposit, ...]:
    """Draw all findings of a study; return what each left.

    Parameters
    ----------
    shapes
        Real nodules to paste for part of the nodules; None draws them all.
    seed
        Of the pathology of the study.
    """
    deposits = []
    ordered = sorted(enumerate(findings), key=lambda each: ORDER.index(each[1].kind))
    for number, finding in ordered:
        rng = np.random.default_rng([seed, 9, number])
        deposit = _draw(tissue, finding, settings, shapes, rng)
        if deposit is not None:
            deposits.append(deposit)
    return tuple(deposits)


def _draw(
    tissue: Tissue,
    finding: Finding,
    settings: DiseaseSettings,
    shapes: NoduleShapes | None,
    rng: np.random.Generator,
) -> Deposit | None:
    match finding.kind:
        case Kind.NODULE:
            if shapes is not None and rng.random() < settings.real_nodules:
                real = shapes.nearest(finding.amount, rng)
                return paste_nodule(tissue, real, finding.amount, rng)
            return draw_nodule(tissue, finding.amount, rng)
        case Kind.CONSOLIDATION:
            return draw_consolidation(tissue, finding.amount, rng)
        case Kind.GROUND_GLASS:
            return draw_ground_glass(tissue, finding.amount, settings, rng)
        case Kind.EFFUSION:
            return draw_effusion(tissue, finding.amount, settings, rng)
        case Kind.PNEUMOTHORAX:
            return draw_pneumothorax(tissue, finding.amount, rng)
        case Kind.EMPHYSEMA:
            return draw_emphysema(tissue, finding.amount, rng)

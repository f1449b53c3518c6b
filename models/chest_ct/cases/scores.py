"""What a network says of cases, and how good that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import nn

from models.chest_ct.cases.cache import Kept
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.reading import read_chest, read_slices
from models.chest_ct.settings import ChestSettings
from models.training.classification.interval import Estimate
from models.training.classification.rates import confusion, rates
from models.training.classification.reliability import brier, expected_error
from models.training.classification.roc import auc_interval
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold


@dataclass(frozen=True, slots=True)
class CaseScore:
    """What was said of one case.

    Attributes
    ----------
    probability
        Of `POSITIVE`, as the network has it.
    """

    name: str
    patient: str
    is_positive: bool
    probability: float

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {**asdict(self), "probability": round(self.probability, 6)}


def score(
    network: nn.Module,
    cases: Sequence[Kept],
    settings: ChestSettings,
    precision: str = "fp32",
    device: str = "cpu",
) -> list[CaseScore]:
    """Read every case as it is read in service.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``.
    """
    read = read_slices if settings.network.kind == "slices" else read_chest
    scores = []
    for kept in cases:
        seen = read(network, kept.prepared(), settings.view, precision, device)
        case = kept.case
        scores.append(
            CaseScore(case.name, case.patient, case.is_positive, seen.probability)
        )
    return scores


def scored(scores: Sequence[CaseScore]) -> Scored:
    """Return the scores as all figures of a classification take them."""
    return Scored(
        positive=POSITIVE,
        patients=[each.patient for each in scores],
        truth=np.array([each.is_positive for each in scores], np.bool_),
        probability=np.array([each.probability for each in scores], np.float64),
    )


def figures(scores: Sequence[CaseScore], threshold: Threshold) -> dict[str, Any]:
    """Return the figures of some cases at a threshold that others have chosen."""
    cases = scored(scores)
    found = rates(cases, threshold)
    counts = {name: int(n) for name, n in asdict(confusion(cases, threshold)).items()}
    return {
        "studies": len(scores),
        "patients": len({each.patient for each in scores}),
        "auc": auc_interval(cases).plain(),
        **{name: Estimate(**each).plain() for name, each in asdict(found).items()},
        "confusion": counts,
        "expected_calibration_error": round(expected_error(cases), 4),
        "brier": round(brier(cases), 4),
    }

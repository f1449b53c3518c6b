"""The Z-profile of a bundle, and what it says of cases that it was not fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from models.chest_ct.cases.cache import Kept
from models.chest_ct.zprofile.profile import LungProfile
from models.chest_ct.zprofile.reference import Reference
from models.chest_ct.zprofile.score import Scoring, fit, signs_of


@dataclass(frozen=True, slots=True)
class Profiled:
    """A case with its profile."""

    name: str
    patient: str
    is_positive: bool
    profile: LungProfile


@dataclass(frozen=True, slots=True)
class ZProfile:
    """The band of usual profiles, and the formula that goes with it."""

    reference: Reference
    scoring: Scoring

    @classmethod
    def fitted(cls, cases: Sequence[Profiled]) -> ZProfile:
        """Take the band from the cases without disease, and fit the formula to all.

        Raises
        ------
        ValueError
            There are too few without disease, or none with it.
        """
        usual = [case.profile for case in cases if not case.is_positive]
        reference = Reference.of(usual)
        signs = np.stack([signs_of(case.profile, reference) for case in cases])
        return cls(reference, fit(signs, [int(case.is_positive) for case in cases]))

    def score(self, profile: LungProfile) -> float:
        """Return the score of a profile, 0 to 1."""
        return self.scoring.score(profile, self.reference).value


def profiled(cases: Sequence[Kept]) -> list[Profiled]:
    """Return the cases whose lungs have a profile, as it was kept with each."""
    found = []
    for kept in cases:
        content = kept.facts().get("profile")
        if content is not None:
            case = kept.case
            profile = _profile(content)
            found.append(Profiled(case.name, case.patient, case.is_positive, profile))
    return found


def out_of_fold(
    cases: Sequence[Profiled], fold_of: Mapping[str, int]
) -> dict[str, float]:
    """Return the score of each case by what was fitted without its fold.

    Parameters
    ----------
    fold_of
        Patient → fold; all cases of a patient are in one.
    """
    scores = {}
    for fold in sorted(set(fold_of.values())):
        others = [case for case in cases if fold_of[case.patient] != fold]
        found = ZProfile.fitted(others)
        for case in cases:
            if fold_of[case.patient] == fold:
                scores[case.name] = found.score(case.profile)
    return scores


def _profile(content: Mapping[str, Any]) -> LungProfile:
    curves = {name: np.array(curve) for name, curve in content["curves"].items()}
    return LungProfile(
        MappingProxyType(curves), np.array(content["slices"]), content["height_mm"]
    )

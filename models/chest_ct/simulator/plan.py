"""Who is simulated with what: drawn before a single voxel, label apart from the rest.

Every patient has one study with disease and one without, each in a state and with an
acquisition of its own that are drawn in the same way for both. So nothing but the
disease can tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Finding
from models.chest_ct.simulator.person import draw
from models.chest_ct.simulator.settings import (
    DiseaseSettings,
    Range,
    SimulatorSettings,
)

Split = Literal["train", "test"]

FRESH = 4
"""Number of the patients for the figures that are stated, after those of training and
test: raised where anything was changed after figures of the ones before were seen."""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One study before it is drawn.

    Attributes
    ----------
    anatomy_seed, state_seed, pathology_seed, acquisition_seed
        Of the body; of breath, contrast and variants; of the disease; of the scanner.
        Another acquisition seed shows the same patient in the same state.
    large
        On the matrix of 512.
    small
        The study holds disease, but only little of it (`DiseaseSettings.small_share`).
    """

    study: str
    patient: str
    split: Split
    is_positive: bool
    anatomy_seed: int
    state_seed: int
    pathology_seed: int
    acquisition_seed: int
    findings: tuple[Finding, ...]
    small: bool = False
    large: bool = False

    def with_acquisition(self, seed: int) -> StudyPlan:
        """Return the plan of the same patient and state before another scanner."""
        return replace(self, acquisition_seed=seed)


def plan(settings: SimulatorSettings) -> tuple[StudyPlan, ...]:
    """Return every study of the settings, two of each patient, in a fixed order."""
    return (
        *_part(0, "train", settings.train_patients, settings),
        *_part(1, "test", settings.test_patients, settings),
    )


def fresh_plan(settings: SimulatorSettings) -> tuple[StudyPlan, ...]:
    """Return as many studies as the test part has, of patients who are not in `plan`.

    Whoever makes a recipe looks at the test part sooner or later, as we did. These are
    for the figures that are stated: nothing is chosen by them.
    """
    return tuple(_part(FRESH, "test", settings.test_patients, settings))


def _part(
    part: int, split: Split, patients: int, settings: SimulatorSettings
) -> Iterator[StudyPlan]:
    for number in range(patients):
        rng = np.random.default_rng([settings.seed, part, number])
        yield from _pair(rng, split, f"SIM{part}{number:04d}", settings)


def _pair(
    rng: np.random.Generator, split: Split, patient: str, settings: SimulatorSettings
) -> list[StudyPlan]:
    """Return both studies of a patient, in random order of the label."""
    anatomy = _seed(rng)
    pair = []
    for visit, is_positive in enumerate(rng.permutation([False, True]), start=1):
        state, scanner, disease = _seed(rng), _seed(rng), _seed(rng)
        is_large = split == "test" and rng.random() < settings.acquisition.large_share
        findings, small = draw_findings(disease, settings.disease)
        pair.append(
            StudyPlan(
                study=f"{patient}-{visit}",
                patient=patient,
                split=split,
                is_positive=bool(is_positive),
                anatomy_seed=anatomy,
                state_seed=state,
                pathology_seed=disease,
                acquisition_seed=scanner,
                findings=findings if is_positive else (),
                small=small and bool(is_positive),
                large=bool(is_large),
            )
        )
    return pair


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def draw_findings(
    seed: int, settings: DiseaseSettings
) -> tuple[tuple[Finding, ...], bool]:
    """Return the findings of a pathology seed, and whether they are small only."""
    rng = np.random.default_rng([seed, 12])
    if rng.random() < settings.small_share:
        return _small(rng, settings), True
    weights = np.array(settings.weights)
    kinds = [_kind(rng, weights)]
    while rng.random() < settings.second and len(kinds) < len(Kind):
        weights[kinds[-1] - 1] = 0
        kinds.append(_kind(rng, weights))
    return tuple(
        each for kind in kinds for each in _amounts(rng, kind, settings)
    ), False


def _kind(rng: np.random.Generator, weights: np.ndarray) -> Kind:
    return Kind(1 + int(rng.choice(len(Kind), p=weights / weights.sum())))


def _small(rng: np.random.Generator, settings: DiseaseSettings) -> tuple[Finding, ...]:
    """Return one to three nodules of 10 mm at most, or a little ground-glass."""
    if rng.random() < 0.35:
        fraction = _logarithmic(
            rng, (settings.ground_glass_fraction[0], settings.small_fraction)
        )
        return (Finding(Kind.GROUND_GLASS, fraction),)
    number = int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
    return tuple(
        Finding(Kind.NODULE, draw(rng, settings.small_nodule_mm)) for _ in range(number)
    )


def _amounts(
    rng: np.random.Generator, kind: Kind, settings: DiseaseSettings
) -> list[Finding]:
    if kind is Kind.NODULE:
        number = int(rng.choice([1, 2, 3, 5], p=[0.55, 0.22, 0.13, 0.1]))
        spans = [settings.nodule_mm] * number
    else:
        spans = [
            {
                Kind.CONSOLIDATION: settings.consolidation_fraction,
                Kind.GROUND_GLASS: settings.ground_glass_fraction,
                Kind.EFFUSION: settings.effusion_ml,
                Kind.PNEUMOTHORAX: settings.pneumothorax_mm,
                Kind.EMPHYSEMA: settings.emphysema_fraction,
            }[kind]
        ]
        if kind is Kind.EFFUSION and rng.random() < 0.4:
            spans = spans * 2
    return [Finding(kind, _logarithmic(rng, span)) for span in spans]


def _logarithmic(rng: np.random.Generator, span: Range) -> float:
    """Return a number of a range whose logarithm is uniform: small ones are common."""
    low, high = np.log(span)
    return float(np.exp(rng.uniform(low, high)))

"""Read one held-out study with the bundle, and compare with what is known of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from models.chest_ct.aggregate import Rule
from models.chest_ct.cases.case import Case
from models.chest_ct.cases.simulated import Simulated, facts_of
from models.chest_ct.findings import KINDS
from models.chest_ct.kinds import Kind
from models.chest_ct.model import ChestCTModel, build
from models.chest_ct.simulator.kinds import Acquisition, SimulatedStudy
from models.chest_ct.simulator.scene import build_scene
from models.chest_ct.simulator.shapes import find_shapes
from models.chest_ct.simulator.study import acquire, look
from models.chest_ct.told_lungs import MEAN_DENSITY
from models.chest_ct.validation.evaluation.judged import (
    MEAN_HU,
    Judged,
    Lesion,
    Reading,
    ToldPlace,
    density_score,
)
from models.contract import Context, Findings, LabelMap, UnfitInput, Volume

SOFT, SHARP = ("B30f", 0.0), ("B70f", 1.0)
"""Name and sharpness of the two kernels that a twin may have."""

KIND_OF: Mapping[str, Kind] = {each.name: kind for kind, each in KINDS.items()}
"""Name of a structure → the kind that it shows."""


@cache
def model_of(bundle: Path) -> ChestCTModel:
    """Return the model of a bundle; a process builds it once."""
    return build(bundle)


def judge(case: Case, bundle: Path) -> Judged:
    """Read a study, and where it is simulated, its twin in another kernel."""
    model = model_of(bundle)
    if isinstance(case.source, Simulated):
        return _simulated(case, case.source, model)
    loaded = case.source.load()
    reading, found = read(model, loaded.volume)
    places = None if loaded.truth is None else told_places(found, loaded.truth)
    return Judged(case.name, case.patient, case.is_positive, reading, places=places)


def read(
    model: ChestCTModel, volume: Volume, acquisition: Acquisition | None = None
) -> tuple[Reading, Findings | None]:
    """Read a volume as it is read in service; None where it is refused."""
    known: dict[str, Any] = {}
    if acquisition is not None:
        known = {
            "kernel": acquisition.kernel,
            "sharpness": acquisition.sharpness,
            "thickness_mm": acquisition.thickness_mm,
        }
    started = time.perf_counter()
    try:
        found = model.predict(volume, Context(precision="fp32"))
    except UnfitInput as error:
        return Reading(**known, refused=error.reason), None
    seconds = round(time.perf_counter() - started, 2)
    mean = mean_density(found)
    rules = model.bundle.decision["rules"]
    scores = {**scores_of(found, rules), MEAN_HU: density_score(mean)}
    return Reading(**known, scores=scores, mean_hu=mean, seconds=seconds), found


def scores_of(found: Findings, rules: Mapping[str, Any]) -> dict[str, float]:
    """Return what each mode says, and each piece of evidence alone.

    The fast mode has the same networks and the same profile: its rule is asked, and
    the images are not read again.
    """
    evidence = dict(found.classifications[0].evidence)
    fast = Rule.of(rules["fast"])
    seen = {name: evidence[name] for name in fast.weights}
    return {
        "full": found.classifications[0].probability,
        "fast": fast.combine(seen).probability,
        **evidence,
    }


def mean_density(found: Findings) -> float:
    """Return the mean of both lungs in HU, or of the one that holds air."""
    return next(m.value for m in found.measurements if m.name == MEAN_DENSITY)


def told_places(found: Findings | None, truth: LabelMap) -> tuple[ToldPlace, ...]:
    """Return the places that were told, each compared with what is there."""
    return () if found is None else tuple(_told(found, truth))


def _told(found: Findings, truth: LabelMap) -> Iterator[ToldPlace]:
    for place in found.locations:
        kind = KIND_OF[place.structure]
        box = tuple(
            slice(a, b + 1) for a, b in zip(place.first, place.last, strict=True)
        )
        reached = truth[box] if place.outline is None else truth[box][place.outline]
        yield ToldPlace(
            kind.name,
            round(place.score, 4),
            right=bool((reached == kind).any()),
            on_disease=bool(reached.any()),
        )


def _simulated(case: Case, source: Simulated, model: ChestCTModel) -> Judged:
    is_test = source.plan.split == "test"
    shapes = find_shapes(source.nodules, test=is_test) if source.nodules else None
    scene = build_scene(source.plan, source.settings, shapes)
    study = acquire(scene, source.plan, source.settings)
    reading, found = read(model, study.volume, study.acquisition)
    other = in_other_kernel(study.acquisition)
    twin, _ = read(model, look(scene, source.plan, other).volume, other)
    return Judged(
        case.name,
        case.patient,
        case.is_positive,
        reading,
        twin,
        places=told_places(found, study.truth),
        **_facts(study, source),
    )


def in_other_kernel(acquisition: Acquisition) -> Acquisition:
    """Return the same scan in a sharp kernel, or in a soft one if it was sharp.

    The noise is that of the same raw data: louder in the sharper kernel.
    """
    name, sharpness = SHARP if acquisition.sharpness < 0.5 else SOFT
    louder = (1 + 2 * sharpness) / (1 + 2 * acquisition.sharpness)
    return replace(
        acquisition,
        kernel=name,
        sharpness=sharpness,
        noise_hu=acquisition.noise_hu * louder,
    )


def _facts(study: SimulatedStudy, source: Simulated) -> dict[str, Any]:
    facts = facts_of(study, source.plan)
    keys = ("kind", "diameter_mm", "lung_share")
    return {
        "lesions": tuple(
            Lesion(**{key: lesion[key] for key in keys}) for lesion in facts["lesions"]
        ),
        "small": facts["small"],
        "diffuse": facts["diffuse"],
    }

"""Make a bundle of the networks of the folds: ``pacs-model assemble chest_ct``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from models.chest_ct.aggregate import CNN, Z_PROFILE, Rule
from models.chest_ct.build import load_network
from models.chest_ct.cases.cache import Kept
from models.chest_ct.cases.gather import Gathered, gather
from models.chest_ct.cases.records import LeakError, Record, read_records
from models.chest_ct.cases.simulated import Simulated
from models.chest_ct.golden import golden_case
from models.chest_ct.kinds import Kind
from models.chest_ct.learning.assembly.content import texts, training
from models.chest_ct.learning.assembly.places import count_places, least_chances
from models.chest_ct.learning.assembly.profiles import ZProfile, out_of_fold, profiled
from models.chest_ct.learning.assembly.rules import (
    Judgement,
    fold_of,
    judgement,
    witnessed,
)
from models.chest_ct.learning.assembly.settings import BundleSettings
from models.chest_ct.model import build
from models.chest_ct.readers import EVIDENCE, PROFILE_FILE, SLICES_FILE, cnn_file
from models.volume.bundle import (
    BUNDLE_FILE,
    BundleError,
    load_bundle,
    sha256_file,
    write_content,
)
from models.volume.lungs.network import SHARED_WEIGHTS

MOST_BYTES = 25_000_000
"""That all weights of a bundle may have together."""

DRAFT = "bundle.draft"
"""Folder in which a bundle is made before it takes the place of another."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a bundle is made of."""

    cnns: tuple[Record, ...]
    slices: Record
    profile: ZProfile
    judgements: Mapping[str, Judgement]
    places: Mapping[str, float]
    drawn_by: Simulated | None


def assemble(
    data: Path,
    folds: Path,
    output: Path,
    settings: BundleSettings | None = None,
    release: str | None = None,
    told: Told | None = None,
) -> Path:
    """Make a bundle, see that it reads its golden case, and return its folder.

    Parameters
    ----------
    data
        That the networks were trained on, as `gather` takes it.
    folds
        Weights and records: every fold of the 3D network, fold 0 of the slice network.
    release
        Version that reports show; else ``own``.

    Raises
    ------
    FileNotFoundError
        A part is missing; the line says which, and how it is made.
    ValueError
        The parts are not of one training, or too large together.
    models.volume.bundle.BundleError
        What was written cannot be served.
    """
    settings = settings or BundleSettings()
    cnns, slices = read_records(folds)
    gathered = gather(data, cnns[0].settings.view, told)
    _require_trained_on(gathered, cnns)
    parts = _parts(cnns, slices, gathered.cases, settings, folds, told)
    return _publish(parts, settings, output, release or "own")


def _parts(
    cnns: tuple[Record, ...],
    slices: Record,
    cases: Sequence[Kept],
    settings: BundleSettings,
    folder: Path,
    told: Told | None,
) -> Parts:
    folds = fold_of(cnns)
    learned = [kept for kept in cases if kept.case.patient in folds]
    profiles = profiled(learned)
    profile = ZProfile.fitted(profiles)
    witnesses = witnessed(cnns, slices, out_of_fold(profiles, folds))
    judgements = {
        mode: judgement(witnesses, evidence, settings.threshold)
        for mode, evidence in EVIDENCE.items()
    }
    unseen = _unseen(cnns, cases)
    called = _caller(judgements["fast"].rule, profile, unseen)
    counts = count_places(cnns, unseen, called, folder, told)
    return Parts(
        cnns=cnns,
        slices=slices,
        profile=profile,
        judgements=judgements,
        places=least_chances(
            counts, (settings.places.precision, settings.places.least_precision)
        ),
        drawn_by=_drawn_by(learned),
    )


def _unseen(cnns: Sequence[Record], cases: Sequence[Kept]) -> list[Kept]:
    """Return the cases that no 3D network was trained on.

    Raises
    ------
    models.chest_ct.cases.records.LeakError
        One was, although all records name it as tested.
    """
    names = {score.name for score in cnns[0].test}
    unseen = [kept for kept in cases if kept.case.name in names]
    seen = frozenset.union(*(record.trained_on for record in cnns))
    if leaked := seen & {kept.case.patient for kept in unseen}:
        raise LeakError(f"{len(leaked)} patients of the test were trained on")
    return unseen


def _caller(
    rule: Rule, profile: ZProfile, cases: Sequence[Kept]
) -> Callable[[str, float], bool]:
    """Return whether a case is called positive, given what the 3D networks say."""
    z_scores = {each.name: profile.score(each.profile) for each in profiled(cases)}

    def called(name: str, probability: float) -> bool:
        if name not in z_scores:
            return False  # no lungs with a height: in service it is refused
        said = rule.combine({CNN: probability, Z_PROFILE: z_scores[name]})
        return said.probability >= rule.threshold

    return called


def _publish(
    parts: Parts, settings: BundleSettings, output: Path, version: str
) -> Path:
    draft = output / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    weights = _write_weights(parts, draft)
    content = {
        **texts(parts.drawn_by),
        "version": version,
        "weights": weights,
        "shared_weights": dict(SHARED_WEIGHTS),
        "preprocessing": _views(parts),
        "training": training(
            parts.cnns, parts.slices, parts.profile, settings, parts.drawn_by
        ),
        "decision": {
            "rules": {mode: each.plain() for mode, each in parts.judgements.items()},
            "places": {
                name: parts.places.get(name)  # None: never told
                for name in (kind.name.lower() for kind in Kind)
            },
        },
        "metrics": {
            "validation": {
                mode: each.figures() for mode, each in parts.judgements.items()
            }
        },
        "golden_case": {},
    }
    write_content(draft, content)
    content["golden_case"] = golden_case(build(draft))
    content["metrics"] |= _measured(output, content)
    write_content(draft, content)
    _put(draft, output, [*weights, BUNDLE_FILE])
    return output


def _write_weights(parts: Parts, folder: Path) -> dict[str, str]:
    """Write the weights and return their names with their SHA-256.

    Raises
    ------
    ValueError
        They are larger than `MOST_BYTES` together.
    """
    files = {cnn_file(n): record for n, record in enumerate(parts.cnns)}
    files[SLICES_FILE] = parts.slices
    for name, record in files.items():
        load_network(record.settings, record.weights, record.sha256)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(record.weights.read_bytes())
    (folder / PROFILE_FILE).write_bytes(save(parts.profile.reference.tensors()))
    names = [*files, PROFILE_FILE]
    size = sum((folder / name).stat().st_size for name in names)
    if size > MOST_BYTES:
        raise ValueError(
            f"the weights have {size / 1e6:.1f} MB together, and at most "
            f"{MOST_BYTES / 1e6:.0f} are allowed: train narrower networks"
        )
    return {name: sha256_file(folder / name) for name in names}


def _views(parts: Parts) -> dict[str, Any]:
    return {
        "cnn": parts.cnns[0].settings.view.model_dump(mode="json"),
        "slices": parts.slices.settings.view.model_dump(mode="json"),
    }


def _measured(folder: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured of the bundle that is there, if it is the same one."""
    try:
        there = load_bundle(folder)
    except BundleError:
        return {}
    is_same = (
        dict(there.weights) == content["weights"]
        and there.shared_weights == content["shared_weights"]
    )
    if not is_same or there.decision != json.loads(json.dumps(content["decision"])):
        return {}
    return dict(there.metrics)


def _put(draft: Path, folder: Path, names: Sequence[str]) -> None:
    """Move a bundle, its description last: without one, nothing is served."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).replace(folder / name)
    shutil.rmtree(draft)


def _require_trained_on(gathered: Gathered, cnns: Sequence[Record]) -> None:
    if gathered.sha256 != cnns[0].content["data"]["sha256"]:
        raise ValueError(
            f"{cnns[0].name} was trained on other data than {gathered.name}: name "
            "those that it was trained on, or train again"
        )


def _drawn_by(cases: Sequence[Kept]) -> Simulated | None:
    source = cases[0].case.source
    return source if isinstance(source, Simulated) else None

"""The chest CT model as the node sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from models.chest_ct import findings as saying
from models.chest_ct import told_lungs
from models.chest_ct.admission.admit import Admission, admit
from models.chest_ct.aggregate import Z_PROFILE
from models.chest_ct.answers import (
    chest_statement,
    contradictions,
    place_statements,
    statements,
)
from models.chest_ct.locate import Place, places
from models.chest_ct.preprocess import SIDE, Prepared, prepare
from models.chest_ct.readers import Readers
from models.chest_ct.scores import NetworkScores, fast_scores, full_scores
from models.chest_ct.zprofile.profile import LungProfile, measure
from models.chest_ct.zprofile.sampling import SPACING_MM, lungscape
from models.chest_ct.zprofile.score import ZScore
from models.contract import Context, Findings, UnfitInput, Volume
from models.evidence import Classification
from models.training.precision import (
    SERVING_LIMIT,
    choose_precision,
    reduced_precision,
)
from models.volume.bundle import Bundle, load_bundle
from models.volume.lungs import NOT_SPLIT, Lungs, find_lungs


def build(bundle: Path | None = None) -> ChestCTModel:
    """Return the model with its own bundle, or with the one in the folder ``bundle``.

    Raises
    ------
    models.volume.bundle.BundleError
        The bundle is incomplete, or its weights are not those that it names.
    """
    return ChestCTModel(load_bundle(bundle or Path(__file__).parent))


class ChestCTModel:
    """Disease, or none above the threshold, in a CT of the chest."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._readers = Readers.of(bundle)
        self._chosen: dict[tuple[str, str], str] = {}  # device, wish → precision

    @property
    def bundle(self) -> Bundle:
        """The deployable description with its verified weights."""
        return self._bundle

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Read one chest CT.

        Raises
        ------
        models.contract.UnfitInput
            The values are not finite or no Hounsfield units, or the images show no
            chest.
        """
        torch.set_num_threads(context.threads)
        precision = self._precision(context)
        clock = _Clock()
        with clock.stage("lungs"):
            lungs = _lungs(volume)
        with clock.stage("admission"):
            admission = _admitted(volume, lungs)
        with clock.stage("z_profile"):
            profile = _profile(volume, lungs)
            score = self._readers.scoring.score(profile, self._readers.reference)
        with clock.stage("preprocess"):
            chests = self._prepared(volume, lungs, fast=context.fast)
        with clock.stage("networks"):
            networks = self._scores(chests, precision, context)
        with clock.stage("findings"):
            found = self._findings(
                volume, lungs, (profile, score), networks, fast=context.fast
            )
        return _with(found, admission, precision, clock)

    def _prepared(
        self, volume: Volume, lungs: Lungs, *, fast: bool
    ) -> tuple[Prepared, ...]:
        views = (self._readers.cnn_view, self._readers.slices_view)
        used = views[:1] if fast else views
        return tuple(prepare(volume, lungs.labels, view) for view in used)

    def _scores(
        self, chests: tuple[Prepared, ...], precision: str, context: Context
    ) -> NetworkScores:
        readers, device = self._readers, context.device
        cnns = [cnn.to(device) for cnn in readers.cnns]
        if len(chests) == 1:
            return fast_scores(cnns, chests[0], readers.cnn_view, precision, device)
        return full_scores(
            cnns,
            readers.slices.to(device),
            (chests[0], chests[1]),
            (readers.cnn_view, readers.slices_view),
            precision,
            device,
        )

    def _findings(
        self,
        volume: Volume,
        lungs: Lungs,
        measured: tuple[LungProfile, ZScore],
        networks: NetworkScores,
        *,
        fast: bool,
    ) -> Findings:
        """Put the evidence together and say what it comes to."""
        profile, score = measured
        rule = self._readers.rules["fast" if fast else "full"]
        scores = {**networks.by_name, Z_PROFILE: score.value}
        verdict = rule.combine(scores)
        answer = Classification(
            told_lungs.LUNGS.name,
            saying.QUESTION,
            rule.positive,
            verdict.probability,
            rule.threshold,
            verdict.decided_by,
            MappingProxyType(scores),
        )
        found: tuple[Place, ...] = ()
        array = np.asarray(volume.array, np.float32)
        if answer.is_positive:
            found = places(
                networks.evidence,
                self._readers.places,
                array,
                lungs.labels,
                volume.affine,
            )
        return Findings(
            label_map=saying.label_map(lungs, found),
            structures=saying.structures(lungs, found),
            measurements=tuple(told_lungs.measurements(array, lungs, volume.voxel_mm3)),
            statements=(
                *statements(
                    answer, score, fast=fast, sides=NOT_SPLIT not in lungs.flags
                ),
                *(place_statements(found) if answer.is_positive else ()),
                saying.shares(profile),
                *told_lungs.withheld(lungs),
            ),
            flags=(*volume.flags, *contradictions(answer, rule.weights)),
            classifications=(answer,),
            locations=saying.locations(lungs, found),
            heat_map=networks.heat,
            profiles=saying.profiles(profile, self._readers.reference, score.levels),
        )

    def _precision(self, context: Context) -> str:
        """Return the wanted precision; ``auto`` is decided once per device.

        It is timed on an empty chest, before any image is looked at: a worker that is
        warmed with noise has then decided.
        """
        readers = self._readers
        field = readers.cnn_view.field
        empty = Prepared(
            np.zeros(field, np.int16), np.full(field, SIDE, np.uint8), np.eye(4)
        )

        def step(precision: str) -> None:
            cnn = readers.cnns[0].to(context.device)
            fast_scores([cnn], empty, readers.cnn_view, precision, context.device)

        key = (context.device, context.precision)
        if key not in self._chosen:
            reduced = reduced_precision(context.device)
            self._chosen[key] = choose_precision(
                step, context.precision, reduced, SERVING_LIMIT
            )
        return self._chosen[key]


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def _lungs(volume: Volume) -> Lungs:
    if volume.units != "HU":
        raise UnfitInput(
            "not_hounsfield",
            "the values are no Hounsfield units: no rescale to them is stated",
            not_applicable=True,
        )
    if any(flag.code == "nominal_geometry" for flag in volume.flags):
        raise UnfitInput(
            "missing_position",
            "the positions of the images are invented: no side and no place is known",
            not_applicable=True,
        )
    if not np.isfinite(volume.array).all():
        raise UnfitInput("not_finite", "the image holds values that are not finite")
    return find_lungs(volume)


def _admitted(volume: Volume, lungs: Lungs) -> Admission:
    """Return how sure it is that this is a chest; refuse what is none."""
    admission = admit(volume, lungs)
    if not admission.is_chest:
        told = f"{admission.detail}; confidence {admission.confidence:.2f} of a chest"
        raise UnfitInput(admission.reason, told, not_applicable=True)
    return admission


def _profile(volume: Volume, lungs: Lungs) -> LungProfile:
    scape = lungscape(volume, lungs.labels)
    profile = measure(scape.array, scape.labels, SPACING_MM)
    if profile is None:
        raise UnfitInput("no_lungs", "the lungs have no height", not_applicable=True)
    return profile


def _with(
    found: Findings, admission: Admission, precision: str, clock: _Clock
) -> Findings:
    """Return findings with what is known beside the reading itself."""
    return replace(
        found,
        statements=(*found.statements, chest_statement(admission)),
        flags=tuple(dict.fromkeys((*admission.flags, *found.flags))),
        precision=precision,
        timings_s=MappingProxyType(clock.seconds),
    )

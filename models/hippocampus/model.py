"""The hippocampus model as the node sees it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from models.contract import (
    Context,
    Findings,
    UnfitInput,
    Volume,
)
from models.hippocampus.findings import (
    STRUCTURES,
    Limits,
    flags,
    largest_pieces,
    mean_entropy,
    measure,
    other_hand,
)
from models.hippocampus.grid import MIRRORED_AXES, NETWORK_AXES, Grid
from models.hippocampus.interpretation.interpret import interpret, known_of, on_side
from models.hippocampus.interpretation.norms import norms_digest
from models.hippocampus.interpretation.progression import Reading
from models.hippocampus.network import WIDTHS, ResidualUNet
from models.hippocampus.preprocess import Preprocessing, require_window
from models.hippocampus.quality.reliability import Reliability, doubts, stated
from models.hippocampus.quality.signs import Signs, signs
from models.hippocampus.segment import probabilities
from models.history import RIGHT, Patient
from models.training.checkpoint import load_weights
from models.training.convolution import by_onednn
from models.training.precision import (
    SERVING_LIMIT,
    choose_precision,
    reduced_precision,
)
from models.volume.bundle import Bundle, BundleError, load_bundle

WEIGHTS = "weights/hippocampus.safetensors"


def build(bundle: Path | None = None) -> HippocampusModel:
    """Return the model with its own bundle, or with the one in the folder ``bundle``.

    Raises
    ------
    models.volume.bundle.BundleError
        The bundle is incomplete or its weights do not match their SHA-256.
    """
    verified = load_bundle(bundle or Path(__file__).parent)
    return HippocampusModel(replace(verified, references_digest=norms_digest()))


class HippocampusModel:
    """Anterior and posterior hippocampus in a 1 mm T1 crop around one of them.

    Parameters
    ----------
    network
        Serves in place of the bundle's weights, such as the network of a fold.
    """

    def __init__(self, bundle: Bundle, network: nn.Module | None = None) -> None:
        self._bundle = bundle
        self._preprocessing = _preprocessing(bundle)
        self._limits = Limits.of(bundle.training["limits"])
        self._reliability = Reliability.of(bundle.training.get("reliability"))
        if network is None:
            network = ResidualUNet(_widths(bundle))
            load_weights(network, bundle.weights_path(WEIGHTS))
        self._network = by_onednn(network)
        self._chosen: dict[tuple[str, str], str] = {}  # device, wish → precision

    @property
    def bundle(self) -> Bundle:
        """The deployable description with its verified weights."""
        return self._bundle

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Segment and measure one crop; a right hippocampus is mirrored for it.

        Raises
        ------
        models.contract.UnfitInput
            The image is constant or holds values that are not finite.
        """
        return self.read(volume, context)[0]

    def read(self, volume: Volume, context: Context) -> tuple[Findings, Signs]:
        """Predict, and return the signs of quality that the findings rest on.

        Raises
        ------
        models.contract.UnfitInput
            As `predict`.
        """
        _check(volume)
        torch.set_num_threads(context.threads)
        started = time.perf_counter()
        patient = context.patient or Patient()
        network = self._network.to(context.device)
        precision = self._precision(network, context)
        grid = self._grid(volume, patient)
        crop = grid.to_network(volume.array)
        prepared = time.perf_counter()
        chances = probabilities(
            network, crop, self._preprocessing, precision, context.device
        )
        inferred = time.perf_counter()
        labels, lost = largest_pieces(grid.to_labels(chances))
        shown = signs(crop, chances, lost)
        hand = tuple(other_hand(labels))
        labels = grid.to_source(labels)
        found = (
            *hand,
            *flags(labels, volume, self._limits, mean_entropy(chances), lost),
            *doubts(self._reliability, shown),
            *known_of(patient),
        )
        volumes = measure(labels, volume.voxel_mm3)
        reading = Reading.of(self._bundle, volume.series.study_instance_uid)
        said = interpret(volumes, found, patient, reading)
        timings = {
            "preprocess": prepared - started,
            "network": inferred - prepared,
            "measure": time.perf_counter() - inferred,
        }
        findings = Findings(
            label_map=labels,
            structures=on_side(STRUCTURES, patient),
            measurements=(*volumes, *said.measurements),
            statements=(*stated(self._reliability, shown), *said.statements),
            flags=(*found, *said.flags),
            trends=said.trends,
            timings_s=MappingProxyType(timings),
            precision=precision,
        )
        return findings, shown

    def _grid(self, volume: Volume, patient: Patient) -> Grid:
        """Return the way to the network, which knows left hippocampi alone."""
        axes = MIRRORED_AXES if patient.laterality == RIGHT else NETWORK_AXES
        spacing_mm = self._preprocessing.spacing_mm
        return Grid.of(volume.shape, volume.affine, spacing_mm, axes)

    def _precision(self, network: nn.Module, context: Context) -> str:
        """Return the wanted precision; ``auto`` is decided once per device."""
        ramp = np.arange(np.prod(self._preprocessing.window), dtype=np.float32)
        probe = ramp.reshape(self._preprocessing.window)

        def step(precision: str) -> None:
            probabilities(
                network, probe, self._preprocessing, precision, context.device
            )

        key = (context.device, context.precision)
        if key not in self._chosen:
            reduced = reduced_precision(context.device)
            self._chosen[key] = choose_precision(
                step, context.precision, reduced, SERVING_LIMIT
            )
        return self._chosen[key]


def _preprocessing(bundle: Bundle) -> Preprocessing:
    """Return what shapes the input; refuse what the network could not read."""
    try:
        found = Preprocessing.of(bundle.preprocessing)
        require_window(found.window, len(_widths(bundle)))
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{bundle.folder.name}: preprocessing: {error}") from None
    return found


def _widths(bundle: Bundle) -> tuple[int, ...]:
    """Return the widths of the network that the bundle's weights fill."""
    return tuple(bundle.training.get("settings", {}).get("widths", WIDTHS))


def _check(volume: Volume) -> None:
    """Refuse images that cannot hold a hippocampus, by name."""
    if not np.isfinite(volume.array).all():
        raise UnfitInput("not_finite", "the image holds values that are not finite")
    if volume.array.min() == volume.array.max():
        raise UnfitInput("constant_image", "every voxel has the same value")

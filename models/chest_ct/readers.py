"""The parts of a bundle that read: networks, profile, rules; loaded strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from torch import nn

from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE, Rule
from models.chest_ct.kinds import POSITIVE, Kind
from models.chest_ct.network import TriageCNN
from models.chest_ct.preprocess import View
from models.chest_ct.slice_network import SliceNetwork
from models.chest_ct.zprofile.reference import Reference
from models.chest_ct.zprofile.score import SIGNS, Scoring
from models.training.checkpoint import load_weights
from models.volume.bundle import Bundle, BundleError
from models.volume.lungs.network import SHARED_WEIGHTS, shipped_weights

SLICES_FILE = "weights/slices.safetensors"
PROFILE_FILE = "weights/z_profile.safetensors"

EVIDENCE: Mapping[str, frozenset[str]] = {
    "full": frozenset({CNN, SLICES, Z_PROFILE}),
    "fast": frozenset({CNN, Z_PROFILE}),
}
"""What each mode of the model looks at: each has a rule of its own."""

MESSAGE = 240
"""Letters of what another library says of a fault."""


def cnn_file(number: int) -> str:
    """Return the name of the weights of one of the 3D networks.

    >>> cnn_file(0)
    'weights/cnn_0.safetensors'
    """
    return f"weights/cnn_{number}.safetensors"


@dataclass(frozen=True, slots=True)
class Readers:
    """Everything of a bundle that reads a chest.

    Attributes
    ----------
    cnns
        3D networks that were trained on different parts of the data; the mean of
        what they say counts.
    rules
        Mode of the model → how the evidence becomes one probability.
    places
        Chance from which a cell of the evidence map is told, by kind.
    """

    cnns: tuple[nn.Module, ...]
    cnn_view: View
    slices: nn.Module
    slices_view: View
    reference: Reference
    scoring: Scoring
    rules: Mapping[str, Rule]
    places: Mapping[Kind, float]

    @classmethod
    def of(cls, bundle: Bundle) -> Readers:
        """Load what a bundle holds.

        Raises
        ------
        BundleError
            Something is missing, or weights are of another network than is stated.
        """
        try:
            _require_trained(bundle)
            _require_lungs(bundle)
            return cls(
                cnns=_cnns(bundle),
                cnn_view=_view(bundle, "cnn"),
                slices=_slices(bundle),
                slices_view=_view(bundle, "slices"),
                reference=_reference(bundle),
                scoring=_scoring(bundle.training["z_profile"]),
                rules=_rules(bundle.decision["rules"]),
                places=_places(bundle.decision["places"]),
            )
        except (KeyError, OSError, TypeError, ValueError, RuntimeError) as error:
            told = " ".join(str(error).split())[:MESSAGE]  # torch's has many lines
            says = f"{told} is missing" if isinstance(error, KeyError) else told
            raise BundleError(f"{bundle.folder.name}: {says}") from None


def _require_trained(bundle: Bundle) -> None:
    """Refuse networks of which nobody says how they were trained and judged."""
    trained = {each["sha256"] for each in bundle.training["networks"].values()}
    for name, sha256 in bundle.weights.items():
        if name != PROFILE_FILE and sha256 not in trained:
            raise ValueError(f"{name} is of no training that the bundle names")
    if not bundle.metrics.get("validation"):
        raise ValueError("no figure of a validation is stated")


def _require_lungs(bundle: Bundle) -> None:
    """Refuse a bundle that was made with another network of the lungs."""
    shipped_weights()  # what is broken is told before a study
    if bundle.shared_weights != SHARED_WEIGHTS:
        raise ValueError("it was made with another network of the lungs, or names none")


def _view(bundle: Bundle, name: str) -> View:
    """Return how a network sees a chest: as it was trained to."""
    view = View(**bundle.preprocessing[name])
    if view != View(**bundle.training["settings"][name]["view"]):
        raise ValueError(f"the {name} networks were trained with another view")
    return view


def _cnns(bundle: Bundle) -> tuple[nn.Module, ...]:
    shape = bundle.training["cnn"]
    count = int(shape["networks"])
    hashes = [bundle.weights[cnn_file(number)] for number in range(count)]
    if count < 1 or cnn_file(count) in bundle.weights:
        raise ValueError(f"there are not {count} 3D networks")
    if len(set(hashes)) < count:
        raise ValueError("two 3D networks are one and the same")
    networks: list[nn.Module] = []
    for number in range(count):
        network = TriageCNN(
            len(Kind),
            channels=len(bundle.preprocessing["cnn"]["windows_hu"]) + 1,
            widths=tuple(shape["widths"]),
        )
        networks.append(load_weights(network, bundle.weights_path(cnn_file(number))))
    return tuple(networks)


def _slices(bundle: Bundle) -> nn.Module:
    network = SliceNetwork(
        len(Kind),
        channels=len(bundle.preprocessing["slices"]["windows_hu"]),
        width=int(bundle.training["slices"]["width"]),
    )
    return load_weights(network, bundle.weights_path(SLICES_FILE))


def _reference(bundle: Bundle) -> Reference:
    return Reference.read(load_file(bundle.weights_path(PROFILE_FILE)))


def _scoring(content: Mapping[str, Any]) -> Scoring:
    weights = {str(sign): float(weight) for sign, weight in content["weights"].items()}
    bias = float(content["bias"])
    if unknown := set(weights) - set(SIGNS):
        raise ValueError(f"the profile has no sign {min(unknown)}")
    if missing := set(SIGNS) - set(weights):
        raise ValueError(f"the profile has no weight of its sign {min(missing)}")
    if not np.isfinite([bias, *weights.values()]).all() or min(weights.values()) < 0:
        raise ValueError("a weight of the profile is below 0, or no number")
    return Scoring(bias, weights)


def _rules(content: Mapping[str, Any]) -> Mapping[str, Rule]:
    rules = {mode: Rule.of(content[mode]) for mode in EVIDENCE}
    for mode, rule in rules.items():
        if set(rule.weights) != EVIDENCE[mode]:
            raise ValueError(
                f"the rule of the {mode} mode is of {sorted(rule.weights)}, and not "
                f"of {sorted(EVIDENCE[mode])}"
            )
        if rule.positive != POSITIVE:
            raise ValueError(
                f"the threshold of the {mode} mode is of {rule.positive!r}, and the "
                f"probability of {POSITIVE!r}"
            )
    return rules


def _places(content: Mapping[str, Any]) -> Mapping[Kind, float]:
    """Return from which chance each kind is told; null in a bundle is never."""
    if missing := {kind.name.lower() for kind in Kind} - set(content):
        raise ValueError(f"from which chance {min(missing)} is told is not said")
    chances = {
        Kind[name.upper()]: float(chance)
        for name, chance in content.items()
        if chance is not None
    }
    if not all(0 < chance <= 1 for chance in chances.values()):
        raise ValueError("a place is told from a chance above 0, and at most 1")
    return chances

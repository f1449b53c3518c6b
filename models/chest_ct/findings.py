"""What the model says: coded structures, places, shares, profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from models.chest_ct.aggregate import CNN
from models.chest_ct.kinds import Kind
from models.chest_ct.locate import Place
from models.chest_ct.told_lungs import (
    LUNG,
    LUNGS,
    lung_labels,
    lung_structures,
    sides_of,
)
from models.chest_ct.zprofile.profile import (
    DENSE_HU,
    EMPHYSEMA_HU,
    GROUND_GLASS_HU,
    LEVELS,
    LungProfile,
)
from models.chest_ct.zprofile.reference import Reference
from models.contract import LabelMap
from models.evidence import Location, Profile
from models.terms import Code, Statement, Structure
from models.volume.lungs import LEFT_LUNG, Lungs

ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
PLEURA = Code("3120008", "SCT", "Pleura")

QUESTION = Code("19829001", "SCT", "Disorder of lung")
"""What is suspected, or not (PS3.16 CID 3205)."""

CONSOLIDATION = Code("9656002", "SCT", "Consolidation")
EMPHYSEMA = Code("87433001", "SCT", "Pulmonary emphysema")

KINDS: Mapping[Kind, Structure] = MappingProxyType(
    {
        kind: Structure(name, (label,), ABNORMAL, type_, site, colour=colour)
        for label, (kind, name, type_, site, colour) in enumerate(
            (
                (
                    Kind.NODULE,
                    "Nodule",
                    Code("27925004", "SCT", "Nodule"),
                    LUNG,
                    (255, 80, 80),
                ),
                (
                    Kind.CONSOLIDATION,
                    "Consolidation",
                    CONSOLIDATION,
                    LUNG,
                    (255, 150, 60),
                ),
                (
                    Kind.GROUND_GLASS,
                    "Ground-glass opacity",
                    Code("112120", "DCM", "Ground glass opacity"),
                    LUNG,
                    (240, 220, 90),
                ),
                (
                    Kind.EFFUSION,
                    "Pleural effusion",
                    Code("60046008", "SCT", "Pleural effusion"),
                    PLEURA,
                    (190, 120, 255),
                ),
                (
                    Kind.PNEUMOTHORAX,
                    "Pneumothorax",
                    Code("36118008", "SCT", "Pneumothorax"),
                    PLEURA,
                    (255, 110, 200),
                ),
                (Kind.EMPHYSEMA, "Emphysema", EMPHYSEMA, LUNG, (150, 230, 120)),
            ),
            start=LEFT_LUNG + 1,
        )
    }
)
"""Structure of each kind. Codes from PS3.16 CID 6102 and 6105; consolidation, which
these lack, from HL7's FHIR examples, and emphysema from its guide on lung cancer."""

SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "mean_hu": "Mean density",
        "dense": "Dense (above -400 HU)",
        "ground_glass": "Hazy (-700 to -400 HU)",
        "emphysema": "Emphysema-like (below -950 HU)",
    }
)
"""Curves that a reader sees, and what they are called."""


def label_map(lungs: Lungs, found: Sequence[Place]) -> LabelMap:
    """Return lungs and outlines in one map, ``(D, H, W)``.

    Parameters
    ----------
    found
        The most dangerous first: where two outlines meet, it is the one that is drawn.
    """
    labels = lung_labels(lungs)
    for place in reversed(found):
        if place.outline is not None:
            box = tuple(
                slice(a, b + 1) for a, b in zip(place.first, place.last, strict=True)
            )
            labels[box][place.outline] = KINDS[place.kind].labels[0]
    return labels


def structures(lungs: Lungs, found: Sequence[Place]) -> tuple[Structure, ...]:
    """Return the lungs, their sides, and the kinds that were found."""
    kinds = dict.fromkeys(place.kind for place in found)
    return (*lung_structures(lungs), *(KINDS[kind] for kind in kinds))


def locations(lungs: Lungs, found: Sequence[Place]) -> tuple[Location, ...]:
    """Return where it was found, the most dangerous first: the map of a network says.

    Whatever evidence decided about the study, no other says where.
    """
    return tuple(
        Location(
            KINDS[place.kind].name,
            place.first,
            place.last,
            place.score,
            CNN,
            sides_of(place, lungs),
            place.outline,
        )
        for place in found
    )


def shares(profile: LungProfile) -> Statement:
    """Return the shares of the lungs that are dense, hazy and emphysema-like."""
    weights = profile.curves["area"] / max(float(profile.curves["area"].sum()), 1e-9)
    dense, hazy, empty = (
        f"{100 * float(weights @ profile.curves[name]):.1f} %"
        for name in ("dense", "ground_glass", "emphysema")
    )
    return Statement(
        "Density of the lungs",
        f"{dense} dense (above {DENSE_HU:.0f} HU), {hazy} hazy "
        f"({GROUND_GLASS_HU:.0f} to {DENSE_HU:.0f} HU), {empty} emphysema-like "
        f"(below {EMPHYSEMA_HU:.0f} HU), of the images smoothed to a common sharpness.",
        LUNGS.name,
    )


def profiles(
    profile: LungProfile, reference: Reference, levels: tuple[int, ...]
) -> tuple[Profile, ...]:
    """Return the curves that a reader sees, each with the band of the reference."""
    places = tuple(100 * (level + 0.5) / LEVELS for level in range(LEVELS))
    return tuple(
        _profile(quantity, places, profile, reference, levels) for quantity in SHOWN
    )


def _profile(
    quantity: str,
    places: tuple[float, ...],
    profile: LungProfile,
    reference: Reference,
    levels: tuple[int, ...],
) -> Profile:
    is_share = quantity != "mean_hu"
    scale = 100.0 if is_share else 1.0
    values, low, high = (
        tuple((scale * curve).tolist())
        for curve in (
            profile.curves[quantity],
            reference.low[quantity],
            reference.high[quantity],
        )
    )
    return Profile(
        SHOWN[quantity],
        "%" if is_share else "HU",
        "apex to base, % of the lungs' height",
        places,
        values,
        low,
        high,
        levels,
    )

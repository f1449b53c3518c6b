"""How images were taken: what volumes of two visits must agree in to be compared."""

from __future__ import annotations

import math

from pydicom import Dataset

from models.contract import Vector
from models.volume.headers import text

SCANNER = ("Manufacturer", "ManufacturerModelName")
FIELD_STRENGTH = "MagneticFieldStrength"
VOXEL_SIZE = "VoxelSize"

SPACING_DIGITS = 6
"""Digits of a spacing after the point: what comes behind is noise of positions."""


def protocol_of(header: Dataset, spacing_mm: Vector | None) -> dict[str, str]:
    """Return the protocol of a series, by DICOM keyword.

    Parameters
    ----------
    spacing_mm
        ``(d, h, w)``.
    """
    scanner = {keyword: text(header, keyword).strip() for keyword in SCANNER}
    return stated_protocol(scanner, text(header, FIELD_STRENGTH), spacing_mm)


def stated_protocol(
    scanner: dict[str, str], tesla: str, spacing_mm: Vector | None
) -> dict[str, str]:
    """Return the protocol of values as headers or a report state them.

    Nothing, if nobody names the scanner: that voxels are of one size alone makes no
    equal protocol.

    >>> stated_protocol({"Manufacturer": "Maker"}, "3.0", (1.0, 0.8, 0.8))
    ... # doctest: +NORMALIZE_WHITESPACE
    {'Manufacturer': 'Maker', 'MagneticFieldStrength': '3',
     'VoxelSize': '1.00 x 0.80 x 0.80 mm'}
    """
    named = {keyword: value for keyword, value in scanner.items() if value}
    if strength := _strength(tesla):
        named[FIELD_STRENGTH] = strength
    if not named or spacing_mm is None:
        return {}
    lengths = (round(length, SPACING_DIGITS) for length in spacing_mm)
    voxel = " x ".join(f"{length:.2f}" for length in lengths)
    return named | {VOXEL_SIZE: f"{voxel} mm"}


def _strength(tesla: str) -> str:
    """Return a field strength written in one way, "" for what is none."""
    try:
        number = float(tesla)
    except ValueError:
        return ""
    return f"{number:g}" if math.isfinite(number) and number > 0 else ""

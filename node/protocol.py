"""How images were taken: what volumes of two visits must agree in to be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydicom import Dataset

from models.terms import Vector
from models.volume.headers import text

SCANNER = ("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber")
CONTRAST = "ContrastBolusAgent"
FIELD_STRENGTH = "MagneticFieldStrength"
VOXEL_SIZE = "VoxelSize"

KINDS = ("ScanningSequence", "SequenceVariant")
TIMES_MS = ("RepetitionTime", "EchoTime", "InversionTime")
ACQUIRED = (*KINDS, *TIMES_MS)
"""What makes the contrast of an MR image, and has no code to say it in a report."""

NEEDED = frozenset(
    {"Manufacturer", "ManufacturerModelName", FIELD_STRENGTH, VOXEL_SIZE}
    | {*KINDS, "RepetitionTime", "EchoTime"}
)
"""Without one of these nobody knows the protocol: absent twice is not equal. A contrast
agent or an inversion time that no header states was not there; a serial number tells
two scanners of one model apart where both visits state it."""

SPACING_DIGITS = 6
"""Digits of a spacing after the point: what comes behind is noise of positions."""

ACQUISITION = "Acquisition: "


def protocol_of(header: Dataset, spacing_mm: Vector | None) -> dict[str, str]:
    """Return the protocol of a series, by DICOM keyword.

    Parameters
    ----------
    spacing_mm
        ``(d, h, w)``.
    """
    keywords = (*SCANNER, CONTRAST, FIELD_STRENGTH, *ACQUIRED)
    return stated_protocol({k: text(header, k) for k in keywords}, spacing_mm)


def stated_protocol(
    stated: Mapping[str, str], spacing_mm: Vector | None
) -> dict[str, str]:
    r"""Return the protocol of values as headers or a report state them.

    Nothing, if something is lacking that two visits must agree in.

    >>> stated = {"Manufacturer": "Maker", "ManufacturerModelName": "M"}
    >>> kinds = {"ScanningSequence": r"IR\GR", "SequenceVariant": "MP"}
    >>> times = {"RepetitionTime": "2300.0", "EchoTime": "2.98"}
    >>> acquired = kinds | times | {"MagneticFieldStrength": "3.0"}
    >>> stated_protocol(stated | acquired, (1.0, 0.8, 0.8))
    ... # doctest: +NORMALIZE_WHITESPACE
    {'Manufacturer': 'Maker', 'ManufacturerModelName': 'M',
     'ScanningSequence': 'GR\\IR', 'SequenceVariant': 'MP',
     'MagneticFieldStrength': '3', 'RepetitionTime': '2300', 'EchoTime': '2.98',
     'VoxelSize': '1.00 x 0.80 x 0.80 mm'}
    >>> stated_protocol(stated, (1.0, 0.8, 0.8))
    {}
    """
    said = {keyword: value.strip() for keyword, value in stated.items()}
    found = {k: said.get(k, "") for k in (*SCANNER, CONTRAST)}
    found |= {k: "\\".join(sorted(_kinds(said.get(k, "")))) for k in KINDS}
    found |= {k: _number(said.get(k, "")) for k in (FIELD_STRENGTH, *TIMES_MS)}
    if spacing_mm is not None:
        lengths = (round(length, SPACING_DIGITS) for length in spacing_mm)
        found[VOXEL_SIZE] = " x ".join(f"{length:.2f}" for length in lengths) + " mm"
    return known({keyword: value for keyword, value in found.items() if value})


def known(protocol: Mapping[str, str]) -> dict[str, str]:
    """Return a protocol that says everything needed; nothing for one that does not."""
    return dict(protocol) if protocol.keys() >= NEEDED else {}


def acquisition_text(protocol: Mapping[str, str]) -> str:
    """Return the sentence by which a report says what has no code, or "".

    >>> acquisition_text({"ScanningSequence": "GR", "EchoTime": "2.98"})
    'Acquisition: ScanningSequence GR; EchoTime 2.98'
    """
    said = [f"{k} {protocol[k]}" for k in ACQUIRED if k in protocol]
    return ACQUISITION + "; ".join(said) if said else ""


def acquisition_in(sentence: str) -> dict[str, str]:
    """Return what ``acquisition_text`` wrote; nothing in any other sentence.

    >>> acquisition_in("Acquisition: ScanningSequence GR; EchoTime 2.98")
    {'ScanningSequence': 'GR', 'EchoTime': '2.98'}
    """
    if not sentence.startswith(ACQUISITION):
        return {}
    parts = sentence.removeprefix(ACQUISITION).split("; ")
    said = dict(part.partition(" ")[::2] for part in parts)
    return {keyword: said[keyword] for keyword in ACQUIRED if keyword in said}


def _kinds(value: str) -> set[str]:
    return {kind.strip().upper() for kind in value.split("\\")} - {""}


def _number(value: str) -> str:
    """Return a number above 0 written in one way, "" for what is none."""
    try:
        number = float(value)
    except ValueError:
        return ""
    return f"{number:g}" if math.isfinite(number) and number > 0 else ""

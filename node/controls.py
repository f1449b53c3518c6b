"""The controls of a site: healthy people whom the model has measured, from a CSV file.

One line is one side of one person. What stands in the file stays there: of a person
nothing is kept but that there was one more.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.hippocampus.findings import PLAUSIBLE_MM3
from models.hippocampus.interpretation.norms.calibration import Control
from models.hippocampus.interpretation.norms.norm import Subject
from node.errors import NodeError

REQUIRED = ("subject", "age", "sex", "side")
VOLUME, STUDY, HEAD_SIZE, WEIGHTS = "total_mm3", "study_uid", "icv_mm3", "weights"
SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
SEXES = {"f": "F", "m": "M"}
OLDEST = 120.0
HEAD_MM3 = (500_000.0, 2_500_000.0)
"""Intracranial volumes that a person can have."""

MOST_BYTES = 16 << 20
FEWEST_DIGITS = 12
"""Of the SHA-256 of weights, as every page of this program shortens it."""


class _LineError(ValueError):
    """What is wrong with a line, and what to do; the caller knows its number."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What a file of controls says.

    Attributes
    ----------
    sha256
        Of the file.
    """

    controls: tuple[Control, ...]
    sha256: str


Lookup = Callable[[str], tuple[float, str]]
"""From a Study Instance UID to the volume in mm³ and the weights that measured it."""


def read_controls(path: Path, weights: str, measured: Lookup) -> Controls:
    """Read a file of controls.

    Parameters
    ----------
    path
        CSV in UTF-8, parted by commas, or by semicolons with decimal commas; its
        first line names the columns, others than those known are left alone.
    weights
        SHA-256 of the weights in force: all must be measured with them.
    measured
        Where a line names a study in the place of a volume.

    Raises
    ------
    NodeError
        It cannot be read, or a line is not one side of one person; says which line.
    """
    try:
        raw = path.read_bytes()[: MOST_BYTES + 1]
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise NodeError(f"{path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NodeError(f"{path.name}: not UTF-8; save it as CSV UTF-8") from None
    if len(raw) > MOST_BYTES:
        raise NodeError(f"{path.name}: larger than 16 MiB; this is no list of controls")
    controls = _lines(path.name, text, weights, measured)
    return Controls(tuple(controls), hashlib.sha256(raw).hexdigest())


def _lines(name: str, text: str, weights: str, measured: Lookup) -> list[Control]:
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    _check_columns(name, reader.fieldnames or ())
    controls: list[Control] = []
    seen: dict[tuple[str, str | None], int] = {}
    for line in reader:
        values = {str(k): (v or "").strip() for k, v in line.items() if k}
        if not any(values.values()):
            continue
        try:
            control = _control(values, weights, measured)
            _check_once(seen, values["subject"], control, reader.line_num)
        except _LineError as error:
            raise NodeError(f"{name}, line {reader.line_num}: {error}") from None
        controls.append(control)
    return controls


def _check_columns(name: str, columns: object) -> None:
    present = set(columns) if isinstance(columns, list | tuple) else set()
    missing = [column for column in REQUIRED if column not in present]
    if not present & {VOLUME, STUDY}:
        missing.append(f"{VOLUME} or {STUDY}")
    if missing:
        raise NodeError(
            f"{name}, line 1: no column {', '.join(missing)}; name the columns "
            f"{','.join(REQUIRED)},{HEAD_SIZE},{VOLUME}"
        )


def _check_once(
    seen: dict[tuple[str, str | None], int], person: str, control: Control, line: int
) -> None:
    """Refuse one side of one person twice: it would count as two people."""
    key = person, control.subject.side
    if key in seen:
        raise _LineError(
            f"the {control.subject.side} side of this subject stands in line "
            f"{seen[key]} already; keep one of the two"
        )
    seen[key] = line


def _control(values: Mapping[str, str], weights: str, measured: Lookup) -> Control:
    if not values["subject"]:
        raise _LineError("no subject; write any word of your own, one per person")
    head_size = values.get(HEAD_SIZE, "")
    subject = Subject(
        age_years=_number("age", values["age"], (0.0, OLDEST), "years"),
        sex=_choice("sex", values["sex"], SEXES, "F or M"),
        side=_choice("side", values["side"], SIDES, "left or right"),
        head_size_mm3=_number(HEAD_SIZE, head_size, HEAD_MM3, "mm³")
        if head_size
        else None,
    )
    return Control(subject, _volume(values, weights, measured))


def _volume(values: Mapping[str, str], weights: str, measured: Lookup) -> float:
    """Return the volume that the line states, else that of the study it names."""
    stated, named = values.get(VOLUME, ""), values.get(WEIGHTS, "").lower()
    if stated:
        volume = _number(VOLUME, stated, PLAUSIBLE_MM3, "mm³")
    elif values.get(STUDY, ""):
        try:
            volume, named = measured(values[STUDY])
        except LookupError as error:
            raise _LineError(str(error)) from None
    else:
        raise _LineError(f"neither {VOLUME} nor {STUDY}; write one of them")
    if named and (len(named) < FEWEST_DIGITS or not weights.startswith(named)):
        raise _LineError(
            f"measured with weights {named[:FEWEST_DIGITS]}, in force are "
            f"{weights[:FEWEST_DIGITS]} (calibration_other_weights); read the study "
            "again with `pacs-node retry`, or leave the line out"
        )
    return volume


def _number(name: str, text: str, bounds: tuple[float, float], unit: str) -> float:
    low, high = bounds
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise _LineError(
            f"{name} {text[:20]!r} is not {low:g} to {high:g} {unit}; write a number, "
            f"{unit}"
        )
    return value


def _choice(name: str, text: str, known: Mapping[str, str], wanted: str) -> str:
    if text.lower() not in known:
        raise _LineError(f"{name} {text[:20]!r} is not known; write {wanted}")
    return known[text.lower()]

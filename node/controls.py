"""The controls of a site: healthy people whom the model has measured, from a CSV file.

One line is one side of one person. What stands in the file stays there: of a person
nothing is kept but that there was one more.
"""

from __future__ import annotations

import csv
import hashlib
import io
import statistics
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.hippocampus.findings import PLAUSIBLE_MM3
from models.hippocampus.interpretation.norms.calibration import FEWEST, Control
from models.hippocampus.interpretation.norms.norm import Subject
from node.errors import NodeError

REQUIRED = ("subject", "age", "sex", "side")
VOLUME, STUDY, HEAD_SIZE, WEIGHTS = "total_mm3", "study_uid", "icv_mm3", "weights"
SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
SEXES = {"f": "F", "m": "M"}
OLDEST = 120.0
HEAD_MM3 = (500_000.0, 2_500_000.0)
"""Intracranial volumes that a person can have."""

SAME_AGE_YEARS = 1.0
"""Ages are written exact, rounded, or as completed years."""

LEAST_SPREAD = 0.03
"""SD over mean of the volumes of different people: in healthy ones of equal age, sex
and head size it is 0.085 (NOMIS: 338 of 3981 mm³), and more where these differ."""

MOST_EQUAL = 0.2
"""Share of people who may have one volume: rounded to 0.1 mL it is some 0.1."""

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What the node has read in a study, and whom the study shows.

    Attributes
    ----------
    weights
        SHA-256 of those that measured.
    sex, age_years
        As the study says them, in completed years; "" and None where it does not.
    """

    total_mm3: float
    weights: str
    sex: str = ""
    age_years: int | None = None


Lookup = Callable[[str], Reading]
"""From a Study Instance UID to its reading; a LookupError says why there is none."""


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
        It cannot be read, or a line is not one side of one person, and says which; or
        volumes hardly differ, as those of people do.
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
    reader = _reader(text)
    try:
        _check_columns(path.name, reader.fieldnames or ())
        controls = tuple(_controls(reader, weights, measured))
    except csv.Error:
        line = reader.line_num + 1  # the one that gave none
        raise NodeError(
            f"{path.name}, line {line}: no line of a table, a quotation mark may lack "
            "its partner; save it as CSV UTF-8"
        ) from None
    except _LineError as error:
        raise NodeError(f"{path.name}, line {reader.line_num}: {error}") from None
    for side in ("left", "right"):
        _check_spread(path.name, side, controls)
    return Controls(controls, hashlib.sha256(raw).hexdigest())


def _reader(text: str) -> csv.DictReader[str]:
    """Return the lines of a table; any line end, commas or semicolons."""
    first = text.partition("\n")[0].partition("\r")[0]
    lines = io.StringIO(text, newline=None)
    return csv.DictReader(lines, delimiter=";" if ";" in first else ",")


def _controls(
    reader: csv.DictReader[str], weights: str, measured: Lookup
) -> Iterator[Control]:
    seen: dict[Hashable, int] = {}
    for line in reader:
        values = {str(k): (v or "").strip() for k, v in line.items() if k}
        if not any(values.values()):
            continue
        control = _control(values, weights, measured)
        _check_once(seen, values, control, reader.line_num)
        yield control


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
    seen: dict[Hashable, int], values: Mapping[str, str], control: Control, line: int
) -> None:
    """Refuse one side of one person twice: it would count as two people."""
    side = control.subject.side
    once: dict[Hashable, str] = {
        (values["subject"].casefold(), side): f"the {side} side of this subject"
    }
    if not values.get(VOLUME):
        once[values[STUDY]] = "this study_uid"
    for key, what in once.items():
        if key in seen:
            raise _LineError(
                f"{what} stands in line {seen[key]} already; keep one of the two"
            )
        seen[key] = line


def _check_spread(name: str, side: str, controls: Sequence[Control]) -> None:
    """Refuse volumes that people cannot have: nobody measured them one by one."""
    volumes = [c.total_mm3 for c in controls if c.subject.side == side]
    if len(volumes) < FEWEST:  # too few to calibrate with
        return
    spread = statistics.stdev(volumes) / statistics.fmean(volumes)
    ((volume, times),) = Counter(volumes).most_common(1)
    if spread < LEAST_SPREAD or times > MOST_EQUAL * len(volumes):
        raise NodeError(
            f"{name}: {len(volumes)} {side} volumes, SD {100 * spread:.1f} % of the "
            f"mean, {volume:g} mm³ stands there {times} times; people differ more, "
            "write what was measured of each"
        )


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
    volume, named = _volume(values, subject, measured)
    _check_weights(named, weights)
    return Control(subject, volume)


def _volume(
    values: Mapping[str, str], subject: Subject, measured: Lookup
) -> tuple[float, str]:
    """Return the volume that the line states, else that of its study; by whom."""
    if stated := values.get(VOLUME, ""):
        volume = _number(VOLUME, stated, PLAUSIBLE_MM3, "mm³")
        return volume, values.get(WEIGHTS, "").lower()
    if not values.get(STUDY):
        raise _LineError(f"neither {VOLUME} nor {STUDY}; write one of them")
    try:
        reading = measured(values[STUDY])
    except LookupError as error:
        raise _LineError(str(error)) from None
    _check_person(subject, reading)
    return reading.total_mm3, reading.weights


def _check_person(subject: Subject, reading: Reading) -> None:
    """Refuse a study that is of somebody else by its own word."""
    if reading.sex in SEXES.values() and reading.sex != subject.sex:
        raise _LineError(
            f"sex {subject.sex}, the study says {reading.sex}; look which is right, or "
            "leave the line out"
        )
    age, said = subject.age_years, reading.age_years
    if age is not None and said is not None and abs(age - said) > SAME_AGE_YEARS:
        raise _LineError(
            f"age {age:g}, the study says {said}; write the age on the day of the scan"
        )


def _check_weights(named: str, weights: str) -> None:
    if named and (len(named) < FEWEST_DIGITS or not weights.startswith(named)):
        raise _LineError(
            f"measured with weights {named[:FEWEST_DIGITS]}, in force are "
            f"{weights[:FEWEST_DIGITS]} (calibration_other_weights); read the study "
            "again with `pacs-node retry`, or leave the line out"
        )


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

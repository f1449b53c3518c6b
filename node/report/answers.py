"""What a reader asks first: how large, where in the norm, how changed.

A measurement answers by its code and unit, a statement by its label: no model is known
here. What answers none of these stands further down, among the facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.contract import Findings
from models.history import CHANGE, POSITION, Trend, TrendPoint
from models.terms import Code, Measurement, Statement, Structure
from node.report.facts import Line
from node.report.steps import spoken_steps

Z_SCORES = frozenset({("DCM", "121416"), ("DCM", "113071")})
"""Concepts of a position in a norm (PS3.16 CID 227, CID 7469)."""

PER_YEAR = "/a"
"""How UCUM units of a change over time end."""

UNITS = {
    "mm3": "mm³",
    "mm2": "mm²",
    "%/a": "%/year",
    "[hnsf'U]": "HU",
    "1": "",
    "{score}": "",
}
"""UCUM units that people write another way."""

NAMES = {("DCM", "112181"): "Mean density"}
"""Concepts whose meaning is longer than people say, and than the page has room for."""

MINUS = "\N{MINUS SIGN}"

INTERVAL = "95 % interval"

BEGINS_WITH_A_NUMBER = re.compile(
    r"([+-]?\d+(?:\.\d+)?) (% per year|%/year)"
    r"(?: \((95 % interval(?: [a-z][^\d:)]*)?):? ([^)]+)\))?(.*)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """The sizes of one structure: ``(value, unit)`` as they are printed."""

    structure: str
    colour: tuple[int, int, int]
    numbers: tuple[tuple[str, str], ...]
    union: bool


@dataclass(frozen=True, slots=True)
class Headline:
    """A sentence that begins with a number, in parts of different size.

    A rate of change has no code in DICOM and comes as a sentence; what it begins with
    is printed as large as a coded number.

    >>> Headline.of("+0.4 % per year (95 % interval 0.1 to 0.7) since 2023-01-09.").rest
    'since 2023-01-09.'
    >>> Headline.of("+0.4 %/year (95 % interval of noise: 0.1 to 0.7).").interval_name
    '95 % interval of noise'
    """

    number: str
    unit: str = ""
    interval_name: str = ""
    interval: str = ""
    rest: str = ""

    @classmethod
    def of(cls, sentence: str) -> Headline | None:
        """Return the parts of a sentence; None when it begins with no number."""
        found = BEGINS_WITH_A_NUMBER.match(sentence)
        if found is None:
            return None
        number, unit, name, ends, rest = (part or "" for part in found.groups())
        return cls(typeset(number), unit.strip(), name, typeset(ends), rest.strip())


def step_and_whom(sentence: str) -> tuple[str, str]:
    """Return the percentile that a sentence begins with, and of whom it is.

    >>> step_and_whom("10th to 25th percentile of women; a norm.")
    ('10th to 25th percentile', 'of women; a norm.')
    """
    step, found, whom = sentence.partition(" percentile ")
    return (f"{step} percentile", whom) if found else (sentence, "")


@dataclass(frozen=True, slots=True)
class Answer:
    """Numbers and sentences that answer one question, or say why it has no answer.

    Attributes
    ----------
    withheld
        Sentences with a reason code.
    """

    numbers: tuple[Measurement, ...] = ()
    sentences: tuple[Statement, ...] = ()
    withheld: tuple[Statement, ...] = ()
    trends: tuple[Trend, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything at all is said."""
        return any((self.numbers, self.sentences, self.withheld, self.trends))


def rows(findings: Findings) -> Iterator[Row]:
    """Yield the sizes of every structure that has one."""
    for structure in findings.structures:
        sizes = tuple(
            (typeset(m.printed), unit_of(m.unit)) for m in _sizes(findings, structure)
        )
        if sizes:
            union = len(structure.labels) > 1
            yield Row(structure.name, structure.colour, sizes, union)


def position(findings: Findings) -> Answer:
    """Return where in a norm the numbers lie."""
    return _answer(findings, POSITION, is_score)


def rates(answer: Answer) -> list[tuple[str, Headline]]:
    """Return the changes per year, coded or in a sentence, by structure."""
    coded = [(m.structure, Headline(*_parts(m))) for m in answer.numbers]
    said = [(s.structure, Headline.of(s.text)) for s in answer.sentences]
    return [*coded, *((name, line) for name, line in said if line)]


def _parts(number: Measurement) -> tuple[str, str, str, str]:
    ends = interval(number).removeprefix(f"{INTERVAL} ")
    return signed(number), unit_of(number.unit), INTERVAL, ends


def change(findings: Findings) -> Answer:
    """Return how the numbers changed over time."""
    return _answer(findings, CHANGE, is_change, findings.trends)


def further(findings: Findings) -> Iterator[Line]:
    """Yield the numbers that answer none of the first questions, then statements."""
    sizes = [m for s in findings.structures for m in _sizes(findings, s)]
    for number in findings.measurements:
        if not (number in sizes or is_score(number) or is_change(number)):
            yield Line(name_of(number.name), spoken(number))
    for said in findings.statements:
        if said.label not in {POSITION, CHANGE}:
            yield Line(said.label, told(said))


def words(findings: Findings) -> Iterator[str]:
    """Yield in words what the first answers print, for the SR."""
    for label, answer in (
        (POSITION, position(findings)),
        (CHANGE, change(findings)),
    ):
        for number in answer.numbers:
            yield f"{label}: {spoken(number)}"
        for said in (*answer.sentences, *answer.withheld):
            yield f"{label}: {sentence(said)}"
        for trend in answer.trends:
            yield from _course(trend)
    if position(findings).numbers:
        yield f"Steps of the percentile: {spoken_steps()}"
    for number in findings.measurements:
        if number.interval and not (is_score(number) or is_change(number)):
            yield f"{name_of(number.name)}: {spoken(number)}"


def spoken(number: Measurement) -> str:
    """Return a number as a sentence: of what, interval and reference with it."""
    value = " ".join(filter(None, (signed(number), unit_of(number.unit))))
    name = "z " if is_score(number) else ""
    behind = [interval(number)] if number.interval else []
    behind += [number.reference] if number.reference else []
    tail = f" ({'; '.join(behind)})" if behind else ""
    return f"{number.structure}: {name}{value}{tail}"


def signed(number: Measurement) -> str:
    """Return a value as it is printed, a change with its sign."""
    sign = "+" if is_change(number) and number.value > 0 else ""
    return sign + typeset(number.printed)


def told(said: Statement) -> str:
    """Return a statement as a sentence: of what."""
    return f"{said.structure}: {said.text}" if said.structure else said.text


def sentence(said: Statement) -> str:
    """Return a statement as it stands in the SR: of what, and its reason code."""
    return f"{told(said)} [{said.reason}]" if said.reason else told(said)


def interval(number: Measurement) -> str:
    """Return the interval of a number as it is printed; "" without one."""
    if number.interval is None:
        return ""
    low, high = (typeset(f"{end:z.{number.decimals}f}") for end in number.interval)
    return f"{INTERVAL} {low} to {high}"


def visit(trend: Trend, point: TrendPoint) -> str:
    """Return one visit: the value with half the width of its interval."""
    value = f"{point.value:.{trend.decimals}f} {unit_of(trend.unit)}".rstrip()
    if point.margin is not None:
        value += f" ± {point.margin:.{trend.decimals}f}"
    return typeset(value)


def visits(trend: Trend) -> str:
    """Return how often a structure was measured."""
    count = len(trend.points)
    return f"{count} visits" if count > 1 else "1 visit"


def band(low: float, high: float) -> str:
    """Return the expected change of a group."""
    return f"{typeset(f'{low:.2f}')} to {typeset(f'{high:.2f}')} %/year"


def typeset(number: str) -> str:
    """Return a printed number with a minus sign for its hyphen."""
    return number.replace("-", MINUS)


def name_of(code: Code) -> str:
    """Return a concept as people say it."""
    return NAMES.get((code.scheme, code.value), code.meaning)


def unit_of(code: Code) -> str:
    """Return a unit as people write it."""
    return UNITS.get(code.value, code.value)


def is_score(number: Measurement) -> bool:
    """Tell whether a number is a position in a norm."""
    return (number.name.scheme, number.name.value) in Z_SCORES


def is_change(number: Measurement) -> bool:
    """Tell whether a number is a change over time."""
    return number.unit.value.endswith(PER_YEAR)


def _sizes(findings: Findings, structure: Structure) -> list[Measurement]:
    """Return the numbers of the first concept that is measured of a structure."""
    plain = [
        m
        for m in findings.measurements
        if m.structure == structure.name and not (is_score(m) or is_change(m))
    ]
    return [m for m in plain if m.name == plain[0].name]


def _answer(
    findings: Findings,
    label: str,
    belongs: Callable[[Measurement], bool],
    trends: tuple[Trend, ...] = (),
) -> Answer:
    said = [s for s in findings.statements if s.label == label]
    return Answer(
        tuple(m for m in findings.measurements if belongs(m)),
        tuple(s for s in said if not s.reason),
        tuple(s for s in said if s.reason),
        trends,
    )


def _course(trend: Trend) -> Iterator[str]:
    yield f"Course of {trend.structure}: {visits(trend)}"
    for point in trend.points:
        margin = ", 95 % interval" if point.margin is not None else ""
        yield (
            f"{trend.structure} on {point.when.isoformat()}{margin}: "
            f"{visit(trend, point)}"
        )
    for name, (low, high) in trend.bands.items():
        yield f"Published change of {trend.structure}, {name}: {band(low, high)}"

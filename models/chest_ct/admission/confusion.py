"""How the validator decides over many series, beside what they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.chest_ct.admission.admit import Admission


@dataclass(frozen=True, slots=True)
class Case:
    """One series: what it is called, whether it is a chest CT, what was decided."""

    name: str
    is_chest: bool
    decided: Admission


def confusion_table(cases: Iterable[Case]) -> str:
    """Return a Markdown table of the cases and, below it, how often was decided what.

    >>> confusion_table([Case("a", True, Admission(True, 0.9, "", "both lungs"))])
    ... # doctest: +ELLIPSIS
    '| series | is a chest CT | admitted | confidence | reason | what decided |...
    """
    cases = list(cases)
    head = "series", "is a chest CT", "admitted", "confidence", "reason", "what decided"
    rows = [head, ("---",) * len(head), *map(_row, cases)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join((*lines, "", _counts(cases)))


def _row(case: Case) -> tuple[str, ...]:
    decided = case.decided
    return (
        case.name,
        _yes(case.is_chest),
        _yes(decided.is_chest),
        f"{decided.confidence:.2f}",
        decided.reason,
        decided.detail,
    )


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _counts(cases: list[Case]) -> str:
    pairs = [(case.is_chest, case.decided.is_chest) for case in cases]
    return (
        f"Chest CT: {pairs.count((True, True))} admitted, "
        f"{pairs.count((True, False))} refused. "
        f"Other: {pairs.count((False, False))} refused, "
        f"{pairs.count((False, True))} admitted."
    )

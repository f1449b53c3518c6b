"""Every reason code that the node or the model can give has words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from models.hippocampus.interpretation.progression.reasons import (
    OF_THIS_STUDY,
    REFUSED,
    UNCONFIRMED,
    UNSOUGHT,
    beside,
    cautions,
    why_not,
)

ROOT = Path(__file__).parents[5]
FINDERS = (
    "node/person.py",
    "node/prior_*.py",
    "node/inbound/prior*.py",
    "node/inbound/visits.py",
    "node/jobs/known_priors.py",
)
"""Modules that look for earlier results; a code's docstring says what it is."""


def codes(kind: str) -> Iterator[str]:
    """Yield the codes of the node whose docstring begins so."""
    for path in (p for pattern in FINDERS for p in sorted(ROOT.glob(pattern))):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for said, doc in pairwise(body):
            if (
                isinstance(said, ast.Assign)
                and isinstance(said.value, ast.Constant)
                and isinstance(doc, ast.Expr)
                and isinstance(doc.value, ast.Constant)
                and str(doc.value.value).startswith(kind)
            ):
                yield str(said.value.value)


def test_the_codes_of_the_node_are_found() -> None:
    """Otherwise the next tests would say nothing."""
    assert {"prior_retracted", "identity_conflict", "patient_id_missing"} < set(
        codes("Reason code:")
    )
    assert "prior_grade_unknown" in set(codes("Caution:"))


@pytest.mark.parametrize("code", sorted({*codes("Reason code:")} - {"name_differs"}))
def test_each_reason_of_the_node_has_words(code: str) -> None:
    """One sentence, not the code with blanks."""
    assert code in {**REFUSED, **UNSOUGHT, **UNCONFIRMED, **OF_THIS_STUDY}
    assert code.replace("_", " ") not in why_not(code)


@pytest.mark.parametrize("code", [*codes("Caution:"), "identity_unproven"])
def test_each_caution_of_the_node_has_words(code: str) -> None:
    """What is known against an earlier result is told as such."""
    assert list(cautions([code])) == [code]


def test_a_code_is_of_one_kind() -> None:
    """What was refused was found; a search that broke off found nothing."""
    kinds = [set(REFUSED), set(UNSOUGHT), set(UNCONFIRMED), set(OF_THIS_STUDY)]

    assert len(set.union(*kinds)) == sum(map(len, kinds))


def test_a_code_of_tomorrow_is_still_said() -> None:
    """By another version of the node: in its own words."""
    assert why_not("prior_lost") == "prior lost."
    assert beside("prior_lost").endswith("was not used: prior lost.")
    assert cautions(["odd"]).popitem()[1].endswith("has reservations (odd)")

"""What a reader is told beside the answer."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE
from models.chest_ct.answers import contradictions, place_statements, statements
from models.chest_ct.findings import QUESTION
from models.chest_ct.kinds import Kind
from models.chest_ct.locate import Place
from models.chest_ct.told_lungs import LUNGS
from models.chest_ct.zprofile.score import ZScore
from models.evidence import Classification

EQUAL = dict.fromkeys((CNN, SLICES, Z_PROFILE), 1.0)
DRAWN = Place(Kind.NODULE, 0.7, (1, 2, 3), (2, 3, 4), np.ones((2, 2, 2), np.bool_))
BOXED = Place(Kind.NODULE, 0.7, (1, 2, 3), (2, 3, 4), None)


def test_what_segments_leave_out_is_told_where_something_is_drawn() -> None:
    """A place without an outline leaves the lungs whole."""
    told = [place_statements(places) for places in ([BOXED, DRAWN], [BOXED])]
    assert [[each.label for each in found] for found in told] == [["Segments"], []]


def test_without_a_place_nobody_is_sent_anywhere() -> None:
    """And that is said."""
    (told,) = place_statements([])
    assert told.label == "Places"
    assert "not known" in told.text


def answered(**evidence: float) -> Classification:
    """Return an answer that rests on this evidence."""
    return Classification(
        LUNGS.name, QUESTION, "pathology", 0.8, 0.5, CNN, MappingProxyType(evidence)
    )


@pytest.mark.parametrize(
    ("evidence", "against"),
    [
        ({CNN: 0.96, SLICES: 0.1, Z_PROFILE: 0.5}, "slice network against"),
        ({CNN: 0.1, SLICES: 0.2, Z_PROFILE: 0.9}, "3D network against"),
        ({CNN: 0.96, SLICES: 0.9, Z_PROFILE: 0.352}, ""),
    ],
)
def test_a_profile_within_its_band_speaks_against_nothing(
    evidence: dict[str, float], against: str
) -> None:
    """Small disease leaves no trace in it; a network that sees none does speak."""
    told = [flag.text for flag in contradictions(answered(**evidence), EQUAL)]
    assert len(told) == bool(against)
    assert all(against in text for text in told)


def test_evidence_that_does_not_count_contradicts_nobody() -> None:
    """Its weight is 0: it changed nothing."""
    answer = answered(**{CNN: 0.1, Z_PROFILE: 0.9})
    assert list(contradictions(answer, {CNN: 1.0, Z_PROFILE: 0.0})) == []


def test_a_side_that_is_not_proven_is_in_no_sentence() -> None:
    """Two lungs that the middle of the body parts have no larger one."""
    score = ZScore(0.8, MappingProxyType({"right_larger": 2.0}), (3, 4))
    answer = answered(**{CNN: 0.7, Z_PROFILE: 0.8})
    proven, not_proven = (
        " ".join(s.text for s in statements(answer, score, fast=False, sides=sides))
        for sides in (True, False)
    )
    assert "right" in proven
    assert "right" not in not_proven

"""Whether told places are where the disease is, counted by hand."""

from __future__ import annotations

from models.chest_ct.validation.evaluation.judged import ToldPlace
from models.chest_ct.validation.evaluation.places import localisation
from tests.models.chest_ct.validation.evaluation.made import THRESHOLDS, judged

RIGHT = ToldPlace("NODULE", 0.9, right=True, on_disease=True)
OTHER = ToldPlace("EFFUSION", 0.8, right=False, on_disease=True)
WRONG = ToldPlace("NODULE", 0.7, right=False, on_disease=False)


def test_places_are_counted_by_kind_and_studies_by_their_first() -> None:
    """A study below the threshold is not asked where; one without truth neither."""
    cases = [
        judged(0, 0.9, "NODULE", places=(WRONG, RIGHT)),
        judged(1, 0.9, "NODULE", places=(OTHER,)),
        judged(2, 0.9, places=(WRONG,)),
        judged(3, 0.1, "NODULE"),
        judged(4, 0.9, "NODULE", places=None),
    ]

    found = localisation(cases, THRESHOLDS["full"])

    assert found["kinds"]["nodule"]["told"] == 3
    assert found["kinds"]["nodule"]["right"]["value"] == 1 / 3
    assert found["kinds"]["effusion"]["right"]["value"] == 0.0
    assert found["kinds"]["effusion"]["on_disease"]["value"] == 1.0
    assert found["kinds"]["emphysema"]["right"]["value"] is None
    assert found["all"]["told"] == 4
    assert found["studies"]["called"] == 2
    assert found["studies"]["any_on_disease"]["value"] == 1.0
    assert found["studies"]["first_on_disease"]["value"] == 0.5

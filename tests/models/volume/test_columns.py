"""What a bundle says stands in the columns of its table."""

from __future__ import annotations

from typing import Any

import pytest

from models.volume.columns import Column, Shows, columns_of, is_classified

CHEST = {
    "probability_of_pathology": {"shows": "probability"},
    "pathology": {"shows": "decision"},
    "processing_status": {"shows": "common"},
    "dense_ml": {"structure": "Lungs", "unit": "mL", "measurement": "Dense volume"},
}


def test_columns_keep_their_order_and_say_what_they_show() -> None:
    """A table of the hospital goes on below its old heading."""
    columns = columns_of(CHEST)

    assert list(columns) == list(CHEST)
    assert columns["pathology"] == Column(shows=Shows.DECISION)
    assert columns["dense_ml"].measurement == "Dense volume"


def test_a_table_that_shows_a_decision_is_of_a_model_that_classifies() -> None:
    """One of volumes alone is not."""
    assert is_classified(columns_of(CHEST))
    assert not is_classified({"total_mm3": Column("Hippocampus", "mm3")})


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ({"shows": "colour"}, "colour"),
        ({"shows": "decision", "structure": "Lungs"}, "of no structure"),
        ({"structure": "Lungs"}, "a structure and a unit"),
        ({"structure": 3, "unit": "mL"}, "must be text"),
        ({"shows": "decision", "threshold": 0.5}, "threshold"),
    ],
)
def test_a_column_that_says_nothing_is_refused(
    place: dict[str, Any], complaint: str
) -> None:
    """Rather than a column that is never filled."""
    with pytest.raises(ValueError, match=complaint):
        columns_of({"pathology": place})

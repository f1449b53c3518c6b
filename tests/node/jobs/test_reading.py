"""The name of a reading says which model, and which series if it is one alone."""

from __future__ import annotations

import models
from node.jobs.reading import OF_SERIES, parts_of, reading_of


def test_a_reading_is_taken_apart_as_it_was_put_together() -> None:
    """With a series and without."""
    for parts in (("chest_ct", ""), ("chest_ct", "1.2.3")):
        assert parts_of(reading_of(*parts)) == parts


def test_no_model_has_a_name_that_would_be_taken_for_a_series() -> None:
    """The ledger could not tell the two apart."""
    assert not [model for model in models.MODELS if OF_SERIES in model]

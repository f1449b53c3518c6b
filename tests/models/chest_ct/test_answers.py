"""What a reader is told beside the answer."""

from __future__ import annotations

import numpy as np

from models.chest_ct.answers import place_statements
from models.chest_ct.kinds import Kind
from models.chest_ct.locate import Place

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

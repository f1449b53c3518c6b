"""A structure over time: the first and the last visit in numbers, all as points."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from models.history import Trend, TrendPoint
from node.report.canvas import PAPER, Canvas
from node.report.course import draw_course
from tests.node.report.inputs import BANDS, MM3

BOX = (20, 20, 340, 170)
POINTS = (
    TrendPoint(date(2018, 1, 9), 3598.2, "1.1", 60.0),
    TrendPoint(date(2019, 2, 3), 3490.0, "1.2"),
    TrendPoint(date(2020, 1, 3), 3394.0, "1.3", 60.0),
)
TREND = Trend("Hippocampus", MM3, 0, POINTS, BANDS)


def drawn(trend: Trend) -> Canvas:
    """Return a canvas with a trend on it."""
    canvas = Canvas.blank(380, 210)
    draw_course(canvas, BOX, trend)
    return canvas


def test_the_ends_are_told_in_numbers() -> None:
    """Values with their digits, dates, how many visits, and the bands in full."""
    written = drawn(TREND).written

    assert {"3598", "3394", "2018-01-09", "2020-01-03", "3 visits"} <= set(written)
    assert "−2.30 to −0.52 %/year" in written  # noqa: RUF001 - as printed
    assert "controls (Barnes 2009)" in written
    assert not any("3490" in words for words in written)


@pytest.mark.parametrize(
    "trend",
    [
        TREND,
        replace(TREND, points=POINTS[:1], bands={}),
        replace(TREND, points=(POINTS[0], replace(POINTS[0], study_instance_uid="2"))),
        replace(TREND, bands={"a group with a name " * 5: (-90.0, 80.0)}),
        replace(TREND, points=tuple(replace(p, value=0.0) for p in POINTS)),
    ],
    ids=["three visits", "one", "two on one day", "wide band", "nothing left"],
)
def test_everything_stays_in_its_box(trend: Trend) -> None:
    """Whatever the values, nothing is drawn outside and no text meets another."""
    canvas = drawn(trend)
    pixels = canvas.pixels()
    x, y, width, height = BOX
    outside = np.ones(pixels.shape[:2], bool)
    outside[y - 1 : y + height + 5, x - 2 : x + width + 3] = False

    assert (pixels[outside] == PAPER).all()
    rows = sorted(canvas.boxes, key=lambda box: (box[1], box[0]))
    for first, second in pairwise(rows):
        apart = first[3] <= second[1] or first[2] <= second[0] or second[2] <= first[0]
        assert apart, (first, second)

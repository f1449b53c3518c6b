"""A profile beside its reference: what is drawn stands in words too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.evidence import Profile
from node.report import curves
from node.report.canvas import WARNING, Canvas
from node.report.curves import BAND, draw_curve
from tests.node.report.classified import profile

BOX = (20, 20, 300, 110)


def drawn(shown: Profile) -> Canvas:
    """Return a page with a profile and nothing else."""
    canvas = Canvas.blank(340, 150)
    draw_curve(canvas, BOX, shown)
    return canvas


def test_every_number_beside_a_curve_is_told() -> None:
    """Ends of both axes (docs/promises.md 8)."""
    shown = profile("Mean density", "HU")
    told = " ".join(curves.words(shown))

    written = set(drawn(shown).written) - {"Mean density (HU)", shown.place}
    assert written == {"0", "100", "\N{MINUS SIGN}900", "\N{MINUS SIGN}660"}
    assert all(number in told for number in written)


def test_each_stretch_that_is_conspicuous_is_told_with_its_reference() -> None:
    """Neighbours together, others apart."""
    shown = replace(profile("Dense voxels", ""), conspicuous=(9, 8, 2, 10))
    _, first, second = curves.words(shown)

    assert "conspicuous at 10 to 10: 0.02 to 0.02" in first
    assert "conspicuous at 40 to 50: 0.17 to 0.17 (reference" in second


def test_what_is_conspicuous_is_coloured() -> None:
    """And nothing else is."""
    shown = profile("Mean density", "HU")
    calm = replace(shown, conspicuous=())

    assert WARNING in {colour for _, colour in _colours(drawn(shown))}
    assert WARNING not in {colour for _, colour in _colours(drawn(calm))}


def test_the_band_of_the_reference_is_filled() -> None:
    """From its lower to its upper end: a wider band fills more."""
    shown = replace(profile("Mean density", "HU"), conspicuous=())
    middle = tuple((a + b) / 2 for a, b in zip(shown.low, shown.high, strict=True))
    half = replace(shown, low=middle)
    areas = [
        sum(count for count, colour in _colours(drawn(each)) if colour == BAND)
        for each in (shown, half)
    ]

    assert areas[1] > 500
    assert areas[0] > 1.3 * areas[1]


@pytest.mark.parametrize("value", [0.0, -1024.0, 3e-5])
def test_a_flat_curve_can_be_drawn(value: float) -> None:
    """Of one place, and without any range."""
    flat = Profile("x", "", "apex to base", (0.0,), (value,), (value,), (value,), (0,))

    assert "x" in drawn(flat).written


def test_nothing_leaves_its_box() -> None:
    """Letters, band and curve."""
    canvas = drawn(profile("A very long name of something that is measured", "HU"))
    x, y, width, height = BOX

    assert all(left >= x and right <= x + width for left, _, right, _ in canvas.boxes)
    assert all(top >= y and bottom <= y + height for _, top, _, bottom in canvas.boxes)


def _colours(canvas: Canvas) -> list[tuple[int, tuple[int, ...]]]:
    found = canvas.image.getcolors(100_000) or []
    return [(count, colour) for count, colour in found if isinstance(colour, tuple)]

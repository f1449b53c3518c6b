"""The steps of a percentile."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from node.report.canvas import Canvas
from node.report.steps import STEPS, draw_steps, step_of


@pytest.mark.parametrize(("step", "border"), list(enumerate(STEPS)))
def test_a_border_parts_two_steps(step: int, border: float) -> None:
    """Below it the step that ends there, above it the next."""
    z_score = NormalDist().inv_cdf(border / 100)

    assert step_of(z_score - 1e-6) == step
    assert step_of(z_score + 1e-6) == step + 1


@pytest.mark.parametrize("z_score", [-9.0, -1.4, 0.0, 1.3, 9.0])
def test_the_mark_stands_over_its_step(z_score: float) -> None:
    """Within the bar, lower values further left; the borders are written once."""
    canvas = Canvas.blank(400, 80)
    below = draw_steps(canvas, (20, 20), 300, z_score)
    pixels = canvas.pixels()
    columns = (pixels[20] > 200).all(axis=1).nonzero()[0]  # the mark, above the bar

    step = step_of(z_score)
    cells = 0.5 + step + (0.5 if step == 4 else step > 4)  # the middle one is double
    assert abs((columns.mean() - 20) / 300 - cells / 10) < 0.02
    assert canvas.written == [f"{border:g}" for border in STEPS]
    assert 20 < below <= 80

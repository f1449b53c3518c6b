"""The steps of a percentile."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.hippocampus.interpretation.norms import distribution
from models.hippocampus.interpretation.norms.norm import Subject, load_norms
from node.report.canvas import Canvas
from node.report.steps import STEPS, draw_steps, step_of


@pytest.mark.parametrize(("step", "border"), list(enumerate(STEPS)))
def test_a_border_parts_two_steps(step: int, border: float) -> None:
    """Below it the step that ends there, above it the next."""
    z_score = NormalDist().inv_cdf(border / 100)

    assert step_of(z_score - 1e-6) == step
    assert step_of(z_score + 1e-6) == step + 1


SUBJECTS = [
    Subject(age_years=age, sex=sex, side=side, head_size_mm3=size)
    for age, sex, side, size in (
        (60.0, "F", "left", 1.42e6),
        (80.0, "F", "right", 1.42e6),
        (70.0, "M", "left", 1.60e6),
    )
]


@given(z_score=st.floats(-6, 6), subject=st.sampled_from(SUBJECTS))
def test_the_mark_and_the_words_of_a_norm_name_one_step(
    z_score: float, subject: Subject
) -> None:
    """The model says the step from volumes, the page marks it from z.

    As calibrated by a site; a table of percentiles has no z, and gets no mark.
    """
    (norm,) = (each for each in load_norms() if each.name == "nomis2021")
    people = norm.distribution(subject).moved(bias_mm3=-400.0, sd_ratio=1.2)
    volume = people.centre_mm3 + z_score * people.sd_mm3
    assume(min(abs(volume - bound) for bound in people.bounds_mm3) > 1e-6)

    assert people.is_normal
    assert distribution.STEPS[step_of(people.score(volume))] == people.step(volume)


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

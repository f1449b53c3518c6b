"""Profiles inside the band score low, and more excess never scores lower."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chest_ct.zprofile.profile import LEVELS, QUANTITIES, LungProfile
from models.chest_ct.zprofile.reference import Reference
from models.chest_ct.zprofile.score import SIGNS, Scoring, fit, signs_of

USUAL = {
    "area": 0.7,
    "mean_hu": -840.0,
    "dense": 0.02,
    "ground_glass": 0.05,
    "emphysema": 0.01,
    "area_asymmetry": 0.05,
    "density_asymmetry": 0.0,
}
SD = {
    "area": 0.05,
    "mean_hu": 15.0,
    "dense": 0.01,
    "ground_glass": 0.02,
    "emphysema": 0.01,
    "area_asymmetry": 0.04,
    "density_asymmetry": 8.0,
}
SCORING = Scoring(-2.0, MappingProxyType(dict.fromkeys(SIGNS, 1.0)))


def profile(seed: int, **changes: tuple[slice, float]) -> LungProfile:
    """Return a usual profile; a change is levels and what is added there."""
    rng = np.random.default_rng(seed)
    curves = {q: USUAL[q] + SD[q] * rng.normal(0, 1, LEVELS) for q in QUANTITIES}
    for quantity, (levels, added) in changes.items():
        curves[quantity][levels] += added
    return LungProfile(MappingProxyType(curves), np.arange(float(LEVELS)), 240.0)


@pytest.fixture(scope="module", name="reference")
def reference_fixture() -> Reference:
    """Return the band of a hundred usual profiles."""
    return Reference.of([profile(seed) for seed in range(100)])


def test_a_usual_profile_scores_low(reference: Reference) -> None:
    """Little lies outside the band, and so the score is near that of nothing."""
    assert SCORING.score(profile(1000), reference).value < 0.5


def test_a_level_that_is_out_is_named(reference: Reference) -> None:
    """The sign that adds most, and the levels that it rests on."""
    found = SCORING.score(profile(1000, dense=(slice(20, 26), 0.4)), reference)
    assert found.leading == "dense_tissue"
    assert set(range(20, 26)) <= set(found.levels)
    assert found.value > 0.5


@given(st.sampled_from(sorted(SIGNS)), st.floats(0, 20), st.floats(0, 20))
def test_more_excess_never_scores_lower(
    reference: Reference, sign: str, first: float, second: float
) -> None:
    """In the direction of every sign."""
    quantity, direction = SIGNS[sign]
    scores = [
        SCORING.score(
            profile(7, **{quantity: (slice(8, 20), direction * SD[quantity] * more)}),
            reference,
        ).shares.get(sign, 0.0)
        for more in sorted((first, second))
    ]
    assert scores[0] <= scores[1]


def test_one_level_alone_does_not_decide(reference: Reference) -> None:
    """Disease has an extent: a single wild slice counts for a little."""
    alone = SCORING.score(profile(7, dense=(slice(20, 21), 5.0)), reference).value
    wide = SCORING.score(profile(7, dense=(slice(16, 24), 5.0)), reference).value
    assert alone < wide


def test_the_fit_finds_the_sign_that_tells(reference: Reference) -> None:
    """And gives none a weight below 0."""
    sick = [profile(s, ground_glass=(slice(8, 20), 0.15)) for s in range(200, 260)]
    well = [profile(seed) for seed in range(300, 360)]
    signs = np.stack([signs_of(each, reference) for each in (*sick, *well)])
    scoring = fit(signs, [1] * 60 + [0] * 60)
    assert min(scoring.weights.values()) >= 0
    assert max(scoring.weights, key=lambda s: scoring.weights[s]) == "ground_glass"
    scores = [scoring.score(each, reference).value for each in (*sick, *well)]
    assert min(scores[:60]) > max(scores[60:])


def test_one_class_fits_nothing(reference: Reference) -> None:
    """There is nothing to tell apart."""
    signs = np.stack([signs_of(profile(1), reference)] * 2)
    with pytest.raises(ValueError, match="with and without"):
        fit(signs, [0, 0])


def test_a_reference_is_read_as_it_was_written(reference: Reference) -> None:
    """To the precision of the file."""
    again = Reference.read(reference.tensors())
    assert again.count == 100
    for quantity in QUANTITIES:
        np.testing.assert_allclose(
            again.middle[quantity], reference.middle[quantity], rtol=1e-6
        )


def test_a_reference_with_another_number_of_levels_is_refused(
    reference: Reference,
) -> None:
    """Its bands would be laid over other levels."""
    tensors = reference.tensors()
    tensors["low.dense"] = tensors["low.dense"][:-1]
    with pytest.raises(ValueError, match=r"low\.dense"):
        Reference.read(tensors)


def test_few_profiles_make_no_band() -> None:
    """Nineteen have no 5th percentile."""
    with pytest.raises(ValueError, match="20 profiles"):
        Reference.of([profile(seed) for seed in range(19)])

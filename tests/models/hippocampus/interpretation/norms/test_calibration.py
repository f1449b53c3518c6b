"""Calibration: the truth that was put in comes out, and nothing is used beyond it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.hippocampus.interpretation.norms.calibration import (
    FEWEST,
    FEWEST_OF_SEX,
    Calibration,
    Control,
    fit,
)
from models.hippocampus.interpretation.norms.norm import Subject, load_norms
from tests.models.hippocampus.interpretation.norms.site import (
    BIAS_MM3,
    SD_RATIO,
    calibrated,
    norm,
    women,
)


def test_bias_and_spread_of_a_site_are_found() -> None:
    """With a thousand controls both are as they were made."""
    (entry,) = fit(women(1000), [norm("nobis2019")])

    assert entry.bias_mm3.value == pytest.approx(BIAS_MM3, abs=45)
    assert entry.sd_ratio.value == pytest.approx(SD_RATIO, abs=0.08)


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Over 100 sites of thirty controls: 95 %, give or take its own error."""
    sites = [women(FEWEST, seed=site) for site in range(100)]
    entries = [fit(controls, [norm("nobis2019")])[0] for controls in sites]

    held_bias = [e.bias_mm3.low <= BIAS_MM3 <= e.bias_mm3.high for e in entries]
    held_ratio = [e.sd_ratio.low <= SD_RATIO <= e.sd_ratio.high for e in entries]
    assert 90 <= sum(held_bias) <= 99
    assert 90 <= sum(held_ratio) <= 99


def test_fewer_than_thirty_of_one_side_calibrate_nothing() -> None:
    """Twenty-nine on each side are not fifty-eight of one."""
    assert FEWEST == 30
    too_few = [*women(FEWEST - 1), *women(FEWEST - 1, "left")]

    assert fit(too_few, load_norms()) == ()


def test_controls_outside_a_norm_do_not_count_for_it() -> None:
    """Thirty on paper, twenty-nine of an age that the norm knows."""
    old = Control(Subject(80, "F", "right"), 3000.0)

    assert fit([*women(FEWEST - 1), old], [norm("nobis2019")]) == ()
    assert fit([*women(FEWEST), old], [norm("nobis2019")])[0].n == FEWEST


def test_it_holds_for_people_like_the_controls() -> None:
    """Of their ages and sexes, and of nobody whose age is unknown."""
    (entry,) = calibrated().entries

    assert entry.covers(Subject(60, "F", "right"))
    assert entry.covers(Subject(53.0, "F", "right"))
    assert not entry.covers(Subject(52.5, "F", "right"))
    assert not entry.covers(Subject(60, "M", "right"))
    assert not entry.covers(Subject(None, "F", "right"))


def test_one_person_far_from_the_others_covers_nothing() -> None:
    """A man of 25 among women of 53 to 70 calibrates neither men nor the young."""
    nomis = norm("nomis2021")
    him = Control(Subject(25, "M", "left", 1.6e6), 3000.0)
    her = Control(Subject(25, "F", "left", 1.5e6), 3000.0)

    (alone,) = fit([*women(FEWEST, "left"), him], [nomis])
    (joined,) = fit([*women(FEWEST, "left"), her], [nomis])

    assert (alone.n, alone.sexes) == (FEWEST, ("F",))
    assert (joined.n, joined.age_years) == (FEWEST + 1, (53.0, 70.0))
    assert fit([*women(FEWEST - 1, "left"), him], [nomis]) == ()


def test_both_sexes_are_covered_from_ten_of_each_on() -> None:
    """Nine men are dropped, and do not move the bias of the women."""
    nomis = norm("nomis2021")
    few = [*women(25, "left"), *men(FEWEST_OF_SEX - 1)]
    enough = [*women(25, "left"), *men(FEWEST_OF_SEX)]

    assert fit(few, [nomis]) == ()
    (entry,) = fit(enough, [nomis])
    assert (entry.n, entry.sexes) == (35, ("F", "M"))
    assert entry.covers(Subject(60, "M", "left"))


def men(count: int) -> list[Control]:
    """Return the first women as men."""
    return [
        replace(each, subject=replace(each.subject, sex="M"))
        for each in women(25, "left")[:count]
    ]


def test_it_is_the_same_after_a_way_through_a_file() -> None:
    """JSON and back."""
    made = calibrated()

    assert Calibration.of(json.loads(json.dumps(made.as_json()))) == made


@pytest.mark.parametrize("key", ["weights_sha256", "made", "entries", "sha256"])
def test_a_changed_or_missing_value_is_noticed(key: str) -> None:
    """Nobody edits a calibration, and half a file is none."""
    content = calibrated().as_json()
    other = replace(calibrated(30), made=calibrated().made.replace(day=9)).as_json()
    del content[key]
    with pytest.raises(ValueError, match=r"no calibration|SHA-256"):
        Calibration.of(content)

    with pytest.raises(ValueError, match="SHA-256"):
        Calibration.of(calibrated().as_json() | {key: other[key]} | {"model": "x"})


def test_controls_that_are_one_person_many_times_are_no_spread() -> None:
    """A spread of nothing would divide by nothing."""
    flat = norm("nobis2019").distribution(Subject(60, "F", "right")).centre_mm3
    same = [Control(Subject(60, "F", "right"), flat)] * FEWEST

    with pytest.raises(ValueError, match="equally far"):
        fit(same, [norm("nobis2019")])

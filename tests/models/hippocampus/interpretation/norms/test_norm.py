"""Norms: what their sources say, for whom, and nothing outside."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hippocampus.interpretation.norms.norm import (
    FOLDER,
    Subject,
    load_norms,
    norms_digest,
)
from tests.models.hippocampus.interpretation.norms.site import norm

PUBLISHED = [
    ("F", 60, 1.42, 3785.28, 3925.67),
    ("F", 80, 1.42, 3390.67, 3484.53),
    ("M", 70, 1.60, 3833.08, 3950.85),
]
"""Sex, age, head size in litres, left and right by the program of the authors."""


@pytest.mark.parametrize(("sex", "age", "litres", "left", "right"), PUBLISHED)
def test_nomis_gives_what_its_own_program_gives(
    sex: str, age: float, litres: float, left: float, right: float
) -> None:
    """Within 0.1 mm³: a term for the voxel size is left out."""
    for side, wanted in (("left", left), ("right", right)):
        spread = norm("nomis2021").distribution(Subject(age, sex, side, litres * 1e6))

        assert spread.centre_mm3 == pytest.approx(wanted, abs=0.1)
        assert spread.sd_mm3 == {"left": 338.435, "right": 359.813}[side]


SUBJECTS = st.builds(
    Subject,
    st.none() | st.floats(-10, 130) | st.just(float("nan")),
    st.sampled_from([None, "F", "M"]),
    st.sampled_from([None, "left", "right"]),
    st.none() | st.floats(1e5, 3e6),
)


@given(SUBJECTS)
def test_a_norm_answers_inside_its_validity_and_nowhere_else(subject: Subject) -> None:
    """Inside, percentiles rise and are volumes of a hippocampus; outside, a reason."""
    for each in load_norms():
        age = subject.age_years
        held = age is not None and each.age_years[0] <= age <= each.age_years[1]
        held = held and (subject.sex, subject.side) in each.groups
        if bounds := each.head_size_mm3:
            head = subject.head_size_mm3
            held = held and head is not None and bounds[0] <= head <= bounds[1]

        assert held == (not list(each.refusals(subject)))
        if held:
            volumes = each.distribution(subject).bounds_mm3
            assert list(volumes) == sorted(volumes)
            assert volumes[0] > 1000
            assert volumes[-1] < 6500
        else:
            with pytest.raises(ValueError, match="does not hold"):
                each.distribution(subject)


@pytest.mark.parametrize(
    ("subject", "reasons"),
    [
        (Subject(), ["sex_unknown", "side_unknown", "age_unknown"]),
        (Subject(72, "M", None), ["no_norm_for_side_and_sex", "age_outside_norm"]),
        (Subject(60, "F", "left"), ["no_norm_for_side_and_sex"]),
        (Subject(60, None, "left"), ["no_norm_for_side_and_sex"]),
        (Subject(60, "F", None), ["side_unknown"]),
        (Subject(60, None, "right"), ["sex_unknown"]),
        (Subject(71.01, "F", "right"), ["age_outside_norm"]),
        (Subject(71, "F", "right"), []),
    ],
)
def test_each_thing_that_is_missing_has_its_code(
    subject: Subject, reasons: list[str]
) -> None:
    """A norm of women's right side, 52 to 71 years, as measured."""
    assert list(norm("nobis2019").refusals(subject)) == reasons


def test_head_size_is_asked_for_where_it_is_a_predictor() -> None:
    """Unknown and unheard-of ones are told apart."""
    asked = norm("nomis2021")

    assert list(asked.refusals(Subject(60, "F", "left"))) == ["head_size_unknown"]
    giant = Subject(60, "F", "left", 2.4e6)
    assert list(asked.refusals(giant)) == ["head_size_outside_norm"]


def test_every_data_file_says_all_that_a_reader_must_know() -> None:
    """Source, DOI, licence, n, segmenter, units, head size, accuracy, validity."""
    for path in FOLDER.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))

        assert content["doi"].startswith("10.")
        assert content["n"] is None or content["n"] > 1000
        assert content["n"] or content["n_because"]
        assert content["units"] == "mm3"
        assert content["head_size"] in {"predictor", "uncorrected"}
        assert all(content[key] for key in ("source", "licence", "segmenter"))
        assert content["accuracy_mm3"] > 0
        assert content["validity"]["groups"]
    assert len(load_norms()) == 2
    assert len(norms_digest()) == 64


DATA = Path(os.environ.get("PACS_AI_DATA", "../shared/data"))


@pytest.mark.data
def test_the_nomogram_is_what_was_read_from_the_figure() -> None:
    """Every number of the shared file, and no other."""
    path = DATA / "norms" / "nobis2019_female_right_uncorrected.csv"
    with path.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    table = json.loads((FOLDER / "nobis2019.json").read_text(encoding="utf-8"))["table"]

    assert table["ages"] == [int(line["age"]) for line in lines]
    columns = [f"p{percentile:g}" for percentile in table["percentiles"]]
    assert {"age", *columns} == set(lines[0])
    assert table["mm3"] == [[int(line[c]) for c in columns] for line in lines]

"""Figures of made-up scores, counted by hand; and what is said of no study at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from models.chest_ct.validation.evaluation.figures import figures, row
from models.chest_ct.validation.evaluation.judged import Judged, Reading
from models.chest_ct.validation.evaluation.tables import heading, tables
from models.training.classification.threshold import Threshold
from tests.models.chest_ct.validation.evaluation.made import (
    THRESHOLDS,
    judged,
    reading,
)

CASES = [
    judged(0, 0.9, "NODULE", small=True),
    judged(1, 0.3, "NODULE", small=True),
    judged(2, 0.8, "EMPHYSEMA", diffuse=True),
    judged(3, 0.2),
    judged(4, 0.6),
    judged(5, 0.1),
    judged(6, 0.1, reading=reading(0.1, sharpness=1.0, thickness_mm=5.0)),
    judged(7, 0.0, reading=Reading(refused="lungs_not_covered")),
]


def strata(cases: Sequence[Judged], group: str) -> dict[str, Any]:
    """Return the rows of a group by their names."""
    found = figures(cases, THRESHOLDS)["strata"][group]
    return {each["name"]: each for each in found}


def test_the_figures_are_those_of_the_scores() -> None:
    """Two of three with disease, three of four without; one was refused."""
    content = figures(CASES, THRESHOLDS)

    full = content["modes"]["full"]
    assert full["sensitivity"]["value"] == pytest.approx(2 / 3)
    assert full["specificity"]["value"] == pytest.approx(3 / 4)
    assert full["auc"]["value"] == pytest.approx(11 / 12)
    assert full["threshold"]["positive"] == content["positive"] == "pathology"
    assert content["refused"] == {"lungs_not_covered": 1}
    assert (content["studies"], content["patients"]) == (8, 8)
    json.dumps(content, allow_nan=False)


def test_a_kind_is_judged_beside_all_studies_without_disease() -> None:
    """And not beside other kinds, which would be called mistakes."""
    nodule = strata(CASES, "kind")["nodule"]

    assert (nodule["positive"], nodule["negative"]) == (2, 4)
    assert nodule["auc"]["full"]["value"] == pytest.approx(7 / 8)
    assert nodule["sensitivity"]["value"] == 0.5


def test_a_size_is_told_apart() -> None:
    """Small ones alone, diffuse ones alone."""
    rows = strata(CASES, "size")

    assert rows["nodules up to 10 mm"]["positive"] == 2
    assert rows["diffuse, 20 % and more"]["positive"] == 1
    assert rows["all others"]["positive"] == 0


def test_a_scanner_is_judged_with_its_own_studies_without_disease() -> None:
    """The one sharp study is of no disease: there is no area, and no sensitivity."""
    kernels, thickness = strata(CASES, "kernel"), strata(CASES, "thickness")

    assert (
        kernels["soft kernels"]["positive"],
        kernels["soft kernels"]["negative"],
    ) == (
        3,
        3,
    )
    assert kernels["sharp kernels"]["auc"]["full"]["value"] is None
    assert kernels["sharp kernels"]["specificity"]["value"] == 1.0
    assert thickness["3 to 5 mm"]["negative"] == 1


def test_an_empty_stratum_says_nothing() -> None:
    """No study, no figure; and the table has a dash."""
    empty = row("nobody", [], THRESHOLDS)

    assert (empty["positive"], empty["patients"]) == (0, 0)
    assert empty["sensitivity"] is None
    assert set(empty["auc"].values()) == {None}
    assert strata(CASES, "thickness")["5 to 10 mm"]["sensitivity"] is None


def test_a_threshold_of_another_class_is_refused() -> None:
    """The original service applied one of the wrong class."""
    wrong = {mode: Threshold(0.5, "normal") for mode in THRESHOLDS}
    with pytest.raises(ValueError, match="of 'normal', the answer of 'pathology'"):
        figures(CASES, wrong)


def test_studies_that_were_all_refused_make_no_figures() -> None:
    """Nothing is not 0."""
    with pytest.raises(ValueError, match="no study was read"):
        figures(CASES[-1:], THRESHOLDS)


def test_a_line_of_the_journal_is_read_as_it_was_written() -> None:
    """Through JSON."""
    case = judged(1, 0.3, "NODULE", twin=reading(0.4, sharpness=1.0))
    plain = json.loads(json.dumps(case.plain()))
    assert Judged.of(case.study, plain) == case


def test_tables_have_every_count_and_a_dash_for_what_cannot_be_said() -> None:
    """For the terminal and for the card."""
    said = {"data": "made", "version": "1", "status": "demonstration"}
    content = said | figures(CASES, THRESHOLDS) | {"real": [], "regions": None}

    text = "\n".join(table.as_text() for table in tables(content))
    markdown = "\n".join(table.as_markdown() for table in tables(content))

    assert heading(content).startswith("DEMONSTRATION: made, version 1.\n")
    assert "not read: 1 lungs_not_covered" in heading(content)
    assert "consolidation  0/4           4         -" in text
    assert "| nodule | 2/4 | 6 | 0.875 (" in markdown
    assert max(len(line) for line in text.splitlines()) <= 125


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        (None, "-"),
        ({"told": 3, "first_met": 2, "kind": "Nodule"}, "2 of 3: nodule"),
        ({"told": 3, "first_met": None}, "none of 3"),
        ({"told": 0, "first_met": None}, "none of 0"),
    ],
)
def test_a_real_series_tells_which_place_meets_the_tumour(
    marked: dict[str, Any] | None, told: str
) -> None:
    """Where nobody marked one, there is a dash."""
    row = {
        "name": "A1",
        "kernel": "",
        "confidence": 1.0,
        "refused": "",
        "scores": {},
        "is_positive": True,
        "lungs_ml": 4000,
        "flags": [],
        "marked": marked,
    }
    said = {"data": "made", "version": "1", "status": "demonstration"}
    content = said | figures(CASES, THRESHOLDS) | {"real": [row], "regions": None}
    (table,) = (each for each in tables(content) if each.sentence.startswith("Real"))
    assert f"| 4000 | {told} | - |" in table.as_markdown()

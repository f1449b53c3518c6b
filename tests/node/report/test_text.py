"""Words: what a series is called, a person is named, a grade is reasoned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.terms import Grade
from node.report.text import person_names, series_description
from tests.node.report.inputs import Case


def test_series_are_called_what_they_hold(case: Case) -> None:
    """A list of series can be read without opening them."""
    names = [
        series_description(case.bundle, kind, case.provenance)
        for kind in ("SEG", "SR", "SC")
    ]

    assert names == [
        "Ellipsoid volumetry, segmentation (AI, research)",
        "Ellipsoid volumetry, measurements (AI, research)",
        "Ellipsoid volumetry, report page (AI, research)",
    ]


def test_a_title_that_says_it_is_not_repeated(case: Case) -> None:
    """No "segmentation, segmentation"."""
    bundle = replace(case.bundle, title="Hippocampus segmentation")

    assert (
        series_description(bundle, "SEG", case.provenance)
        == "Hippocampus segmentation (AI, research)"
    )


@pytest.mark.parametrize("status", ["research", "demonstration"])
@pytest.mark.parametrize("kind", ["SEG", "SR", "SC"])
def test_a_long_title_gives_way(case: Case, status: str, kind: str) -> None:
    """VR LO holds 64 characters; status and version are never cut."""
    bundle = replace(case.bundle, title="Volumetry of " + "parts " * 20, status=status)
    provenance = replace(case.provenance, version=12, replaces="2.25.1")
    name = series_description(bundle, kind, provenance)

    assert len(name) <= 64
    assert "v12, replaces v11" in name
    assert name.startswith("DEMONSTRATION ") == (status == "demonstration")


def test_only_flags_that_lower_the_grade_are_reasons(case: Case) -> None:
    """The rest are notes."""
    text = case.prepare().text

    assert text.grade is Grade.B
    assert [flag.code for flag in text.reasons] == ["thick_slices"]
    assert [flag.code for flag in text.notes] == ["no_head_size"]


def test_an_unconfirmed_study_is_graded_b_at_best(case: Case) -> None:
    """What nobody confirmed to be whole is not of the best quality."""
    perfect = replace(case, findings=replace(case.findings, flags=()))
    unconfirmed = replace(case.provenance, completeness="unconfirmed")

    assert perfect.prepare().text.grade is Grade.A
    text = replace(perfect, provenance=unconfirmed).prepare().text
    assert text.grade is Grade.B
    assert [flag.code for flag in text.reasons] == ["completeness_unconfirmed"]


def test_a_name_is_read_as_people_write_it() -> None:
    """Family name first; empty parts leave no commas; each script its own."""
    assert person_names("Doe^John^Q^Dr") == ("Doe, John Q Dr",)
    assert person_names("Doe") == ("Doe",)
    assert person_names("Wang^XiaoDong=王^小東") == ("Wang, XiaoDong", "王 小東")
    assert person_names("Hong^Gildong=洪^吉洞=홍^길동") == (
        "Hong, Gildong",
        "洪 吉洞",
        "홍 길동",
    )
    assert person_names("=قباني^لنزار") == ("قباني، لنزار",)
    assert person_names("=שרון^דבורה") == ("שרון, דבורה",)
    assert person_names("^^") == ()

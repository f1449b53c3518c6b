"""The page says everything, in its place, and no number of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from models import MODELS, bundle_folder
from models.contract import Findings
from models.terms import Flag, Grade, Statement
from models.volume.bundle import load_bundle
from models.volume.series import NOMINAL_GEOMETRY
from node.report.canvas import Canvas
from node.report.page import (
    BOTTOM,
    EDGE,
    HEIGHT,
    MARGIN_BOTTOM,
    MARGIN_TOP,
    UNNAMED,
    WIDTH,
    compose_page,
    draw_foot,
    draw_page,
    fitting_name,
    spellings,
)
from node.report.sop import Report
from node.report.text import RESEARCH_LINE
from tests.node.report.inputs import (
    CYRILLIC,
    Case,
    build_case,
    interpreted,
    withheld,
)


def written(report: Report) -> str:
    """Return all words on the page of a report."""
    return "\n".join(compose_page(report).written)


def numbers(text: str) -> set[str]:
    """Return every number of a text as it is printed."""
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def test_the_page_is_rgb_of_one_size(case: Case) -> None:
    """What a Secondary Capture needs."""
    page = draw_page(case.prepare())

    assert page.shape == (HEIGHT, WIDTH, 3)
    assert page.dtype == np.uint8


def test_the_page_shows_what_a_reader_must_know(case: Case) -> None:
    """Numbers, grade with reasons, statements, person, images, making, warning."""
    page = written(case.prepare())
    measured = [m.printed for m in case.findings.measurements]

    for expected in (
        *measured,
        "mm³",
        "mL",
        "Quality B",
        "with reservations",
        "Slices are thick.",
        "not determinable from a cropped series",
        "Phantom, Test",
        "TEST-1",
        "70 years",
        "2020-01-03",
        "Crop (number 1)",
        "its description names Crop",
        "ellipsoids 1.2.0",
        "SHA-256 b3b3b3b3b3b3b3b3",
        "2025-06-05",
        RESEARCH_LINE,
        "Intended use: Tests of the report.",
    ):
        assert expected in page, expected


FINDINGS: dict[str, Callable[[Findings], Findings]] = {
    "measured": lambda findings: findings,
    "interpreted": interpreted,
    "withheld": withheld,
}


@pytest.mark.parametrize("kind", FINDINGS)
@pytest.mark.parametrize("version", [1, 2])
def test_every_number_on_the_page_is_in_the_report(
    case: Case, version: int, kind: str
) -> None:
    """No number exists only in a picture (docs/promises.md 8).

    Neither value, interval, norm, date of a visit nor border of a step.
    """
    replaces = "2.25.1" if version > 1 else None
    provenance = replace(case.provenance, version=version, replaces=replaces)
    findings = FINDINGS[kind](case.findings)
    case = replace(case, provenance=provenance, findings=findings)
    page = numbers(written(case.prepare()))
    dates = {"2020", "1950", "01", "02", "03"}  # of the header: 20200103, 19500102

    assert len(page) > 15
    assert page - dates <= numbers(content(case.compose()["SR"].dataset))


def content(sr: Dataset) -> str:
    """Return what the content tree says, in texts, numbers and dates alone."""
    values = [
        str(getattr(item, keyword))
        for item in tree(sr)
        for keyword in ("TextValue", "Date")
        if keyword in item
    ]
    values += [
        str(item.MeasuredValueSequence[0].NumericValue)
        for item in tree(sr)
        if "MeasuredValueSequence" in item
    ]
    return "\n".join([*values, str(sr.PatientID)])


def tree(item: Dataset) -> Iterator[Dataset]:
    """Yield every content item."""
    yield item
    for child in item.get("ContentSequence") or []:
        yield from tree(child)


def test_sides_are_named_only_where_geometry_is_proven(case: Case) -> None:
    """Nominal geometry gets no R and L."""
    flags = (*case.findings.flags, NOMINAL_GEOMETRY)
    nominal = replace(case, findings=replace(case.findings, flags=flags))

    assert {"R", "L", "A", "P", "H", "F"} <= set(compose_page(case.prepare()).written)
    assert not {"R", "L"} & set(compose_page(nominal.prepare()).written)


def test_a_later_version_says_what_it_replaces(case: Case) -> None:
    """Two pages of one study can be told apart."""
    provenance = replace(case.provenance, version=2, replaces="2.25.1")

    assert "v2, replaces v1" in written(replace(case, provenance=provenance).prepare())


def test_a_demonstration_says_so_first(case: Case) -> None:
    """The first words that a reader sees (docs/promises.md 11)."""
    bundle = replace(case.bundle, status="demonstration")
    page = written(replace(case, bundle=bundle).prepare())

    assert "DEMONSTRATION Ellipsoid volumetry" in page


def test_many_long_flags_stay_on_the_page(case: Case) -> None:
    """What does not fit is said to stand in the structured report."""
    words = "This is a long sentence about something that a reader should know. " * 2
    flags = tuple(Flag(f"f{n}", words, Grade(g)) for n in range(20) for g in "AB")
    report = replace(case, findings=replace(case.findings, flags=flags)).prepare()
    page = compose_page(report)

    assert any(re.fullmatch(r"\d+ more below", line) for line in page.written)
    assert "… continued in the structured report" in page.written
    assert {m.printed for m in case.findings.measurements} <= set(page.written)
    assert {"Scanner", "Series read", "Because"} <= set(page.written)
    foot = np.asarray(page.image)[BOTTOM + 3 : BOTTOM + 7, EDGE : EDGE + 500]
    assert (foot == foot[0, 0]).all(), "the column runs into the foot"


def test_a_long_name_leaves_room_for_the_facts(folder: Path) -> None:
    """The study date is never pushed off the page."""
    name = "Featherstonehaugh^Maximiliana Alexandrina Theodora"
    case = build_case(folder, PatientName=name, PatientID="1234567890" * 6)
    page = compose_page(case.prepare()).written

    assert "2020-01-03" in page
    assert any(line.startswith("Feather") and line.endswith("…") for line in page)


def test_a_name_is_shown_in_letters_that_the_fonts_have() -> None:
    """Every spelling that can be drawn; else a hint, never boxes."""
    assert spellings(CYRILLIC) == ("Ivanova, Anna", "Иванова, Анна")
    assert spellings("Wang^XiaoDong=王^小東") == ("Wang, XiaoDong", "王 小東")
    assert spellings("Somchai=สมชาย") == ("Somchai",)
    assert spellings("สมชาย") == (UNNAMED,)
    assert spellings("") == spellings("\u200e^") == ("name not given",)


def test_as_many_spellings_are_shown_as_there_is_room_for() -> None:
    """The first ones stay, and one alone is cut rather than the facts beside it."""
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"

    assert len(fitting_name(name, 700)[0]) == 3
    assert fitting_name(name, 320)[0] == ("Yamada, Tarou", "山田 太郎")
    assert fitting_name(name, 90)[0][0].endswith("…")


SCRIPTS: dict[str, tuple[str | list[str], str, tuple[str, ...]]] = {
    "Cyrillic": ("ISO_IR 144", "Иванова^Анна", ("Иванова, Анна",)),
    "Arabic": ("ISO_IR 127", "قباني^لنزار", ("قباني، لنزار",)),
    "Hebrew": ("ISO_IR 138", "שרון^דבורה", ("שרון, דבורה",)),
    "Chinese": ("GB18030", "Wang^XiaoDong=王^小东", ("Wang, XiaoDong", "王 小东")),
    "Japanese": (
        ["", "ISO 2022 IR 87"],
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ("Yamada, Tarou", "山田 太郎", "やまだ たろう"),
    ),
    "Korean": (
        ["", "ISO 2022 IR 149"],
        "Hong^Gildong=洪^吉洞=홍^길동",
        ("Hong, Gildong", "洪 吉洞", "홍 길동"),
    ),
}
"""Specific Character Set of the source, name, and what stands on the page."""


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_page_fits_in_every_script(folder: Path, script: str) -> None:
    """The name stands there; no texts overlap; the margin stays free."""
    charset, name, shown = SCRIPTS[script]
    case = build_case(folder, SpecificCharacterSet=charset, PatientName=name)
    findings = interpreted(case.findings)
    page = compose_page(replace(case, findings=findings).prepare())

    assert set(shown) <= set(page.written)
    assert overlapping(page) == []
    pixels = np.asarray(page.image)
    for margin in (pixels[:MARGIN_TOP], pixels[-MARGIN_BOTTOM:]):
        assert (margin == pixels[0, 0]).all()


def test_a_small_screen_leaves_the_margins_to_the_viewer() -> None:
    """1280 x 720: OHIF's pane is 662 high, its words take 73 above and 51 below."""
    assert MARGIN_TOP * 662 / HEIGHT >= 73
    assert MARGIN_BOTTOM * 662 / HEIGHT >= 51


LABELS = ("Published rates", "Reservations", "Asymmetry", "Formula", "Noise")
"""What the models call their statements, and the longest of our own."""


def test_no_label_is_cut(case: Case) -> None:
    """Smaller letters where it is long; half a label says nothing."""
    said = tuple(Statement(label, "Something is said.") for label in LABELS)
    shown = compose_page(
        replace(case, findings=replace(case.findings, statements=said)).prepare()
    ).written

    assert set(LABELS) <= set(shown)


def test_what_nobody_states_is_named_on_one_line(folder: Path) -> None:
    """A crop without headers looks complete, not broken."""
    missing: dict[str, Any] = {
        "PatientBirthDate": None,
        "Manufacturer": None,
        "PatientAge": "070Y",
    }
    shown = compose_page(build_case(folder, **missing).prepare()).written

    assert {"Not given", "birth date, scanner"} <= set(shown)
    assert not {"Birth date", "Scanner", "not given"} & set(shown)


def overlapping(page: Canvas) -> list[tuple[str, str]]:
    """Return the pairs of texts whose ink shares a place on the page.

    A pixel of side bearing is no overlap: letters of one line have it too.
    """
    drawn = list(zip(page.written, page.boxes, strict=True))
    return [
        (text, other)
        for (text, a), (other, b) in combinations(drawn, 2)
        if a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] and b[1] < a[3]
    ]


def test_each_spelling_keeps_its_own_brackets(folder: Path) -> None:
    """A name from right to left beside one from left to right."""
    name = "Qabbani^Nizar (2)=قباني^نزار (2)"
    case = build_case(folder, PatientName=name, SpecificCharacterSet="ISO_IR 192")
    page = compose_page(case.prepare())

    assert "Qabbani, Nizar (2)" in page.written
    assert "قباني، نزار (2)" in page.written


@pytest.mark.parametrize("name", list(MODELS))
def test_what_a_model_is_not_for_is_never_cut(case: Case, name: str) -> None:
    """That of every model of ours stands on the page to its last word."""
    bundle = load_bundle(bundle_folder(name))
    stated = replace(
        case.prepare().text,
        intended_use=bundle.intended_use,
        not_for=bundle.not_for,
    )
    canvas = Canvas.blank(WIDTH, HEIGHT)

    draw_foot(canvas, stated)

    assert bundle.not_for in " ".join(canvas.written)

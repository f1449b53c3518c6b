"""The page of a decision: the answer first, everything in its place and in the SR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.contract import Findings
from models.evidence import Classification, Location
from models.terms import Flag, Grade, Statement
from models.volume.series import NOMINAL_GEOMETRY
from node.config_reading import ReportSettings
from node.report.canvas import GOOD, Canvas
from node.report.cards_classified import DEMONSTRATION, NOTHING_PLACED, colour_of
from node.report.compose import page_of
from node.report.page import HEIGHT, MARGIN_BOTTOM, MARGIN_TOP, WIDTH, compose_page
from node.report.page_classified import grid_of
from node.report.seg import build_seg
from node.report.sop import Report
from node.report.sr import build_sr
from node.report.verdict import verdicts
from tests.node.report.classified import (
    DECIDED,
    below,
    classified_case,
    without_masks,
)
from tests.node.report.inputs import CYRILLIC, Case
from tests.node.report.test_page import content, numbers, overlapping


def many(findings: Findings) -> Findings:
    """Return findings with more of everything than a page can hold."""
    spots = tuple(
        Location(
            "Nodule", (2 * n, 4 * n, 5 * n), (2 * n + 1, 4 * n + 3, 5 * n + 3), 0.3
        )
        for n in range(10)
    )
    words = "A long sentence about something that a reader should know of this. " * 2
    flags = tuple(Flag(f"f{n}", words, Grade(g)) for n in range(9) for g in "AB")
    evidence = {f"piece_{n}": n / 10 for n in range(6)}
    return replace(
        findings,
        locations=spots,
        flags=flags,
        statements=(Statement("Nodules", words),),
        profiles=findings.profiles * 2,
        classifications=(
            replace(DECIDED, evidence=evidence, decided_by="piece_5"),
            replace(DECIDED, positive="cancer", probability=0.1),
        ),
    )


KINDS: dict[str, Callable[[Findings], Findings]] = {
    "above the threshold": lambda findings: findings,
    "below the threshold": below,
    "boxes without masks": without_masks,
    "more than fits": many,
    "nothing but a probability": lambda findings: replace(
        below(findings),
        profiles=(),
        measurements=(),
        classifications=(Classification("Lungs", DECIDED.name, "pathology", 1, 0.5),),
    ),
}


COUNTED = ("2", "6")
"""What found no room is counted on the page alone."""


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def drawn(case: Case, findings: Findings | None = None) -> Canvas:
    """Return the page of a case, with other findings if they are given."""
    return page_of(replace(case, findings=findings or case.findings).prepare())


@pytest.fixture(scope="module", params=KINDS)
def report(chest: Case, request: pytest.FixtureRequest) -> Report:
    """Return a report of every kind."""
    findings = KINDS[request.param](chest.findings)
    return replace(chest, findings=findings).prepare()


@pytest.fixture(scope="module")
def page(report: Report) -> Canvas:
    """Return its page."""
    return page_of(report)


def test_every_number_on_the_page_is_in_the_report(
    report: Report, page: Canvas
) -> None:
    """No number exists only in a picture (docs/promises.md 8)."""
    shown = numbers("\n".join(page.written))
    seg = build_seg(report) if report.segments else None
    dates = {"2020", "1950", "01", "02", "03"}  # of the header: 20200103, 19500102

    assert len(shown) > 12
    assert shown - dates - set(COUNTED) <= numbers(content(build_sr(report, seg)))


def test_no_words_lie_over_others(page: Canvas) -> None:
    """Nor in the margins, where viewers write."""
    pixels = np.asarray(page.image)

    assert overlapping(page) == []
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    for margin in (pixels[:MARGIN_TOP], pixels[-MARGIN_BOTTOM:]):
        assert (margin == pixels[0, 0]).all()


def test_the_answer_stands_first(chest: Case) -> None:
    """Probability, threshold, decision; evidence; what was found and where."""
    written = drawn(chest).written

    for expected in (
        "Lungs: probability of pathology",
        "0.871",
        "threshold 0.500",
        "at or above threshold",
        "pathology suspected",
        "3D network, decided",
        "0.667",
        "1  Nodule",
        "1 Nodule",
        "image 15",
        "Coronal",
        "Mean density (HU)",
        "Quality B",
        "Colour: Grad-CAM of the 3D network",
    ):
        assert expected in written, expected


def test_below_the_threshold_is_no_all_clear(chest: Case) -> None:
    """Neither in words nor in colour."""
    findings = below(chest.findings)
    page = drawn(chest, findings)
    words = " ".join(page.written).lower()

    assert {"below threshold", "Does not exclude pathology."} <= set(page.written)
    assert NOTHING_PLACED in page.written
    assert "normal" not in words
    assert colour_of(verdicts(findings)[0], Grade.A) != GOOD


def test_a_demonstration_says_so_beside_its_number(chest: Case) -> None:
    """In the heading and on the card; a research model on neither."""
    research = replace(chest, bundle=replace(chest.bundle, status="research"))

    assert DEMONSTRATION in drawn(chest).written
    assert any(line.startswith("DEMONSTRATION ") for line in drawn(chest).written)
    assert DEMONSTRATION not in " ".join(drawn(research).written).lower()


def test_what_finds_no_room_is_counted(chest: Case) -> None:
    """Findings, reservations, evidence, profiles: the rest is told below."""
    written = drawn(chest, many(chest.findings)).written

    assert any(line.endswith("more below") for line in written)
    assert "2 more in the structured report" in written
    assert "… continued in the structured report" in written


def test_numbers_of_neighbours_do_not_cover_one_another(chest: Case) -> None:
    """Of two boxes that end at one place, one number is left out."""
    box = Location("Nodule", (10, 20, 20), (12, 24, 24), 0.5)
    near = replace(box, first=(10, 21, 20))
    page = drawn(chest, replace(chest.findings, locations=(box, near)))

    assert overlapping(page) == []
    assert "1" in page.written


def test_invented_positions_get_no_sides(chest: Case) -> None:
    """Neither on the slices nor on the overview."""
    flags = (*chest.findings.flags, NOMINAL_GEOMETRY)
    page = drawn(chest, replace(chest.findings, flags=flags))

    assert {"R", "L", "H"} <= set(drawn(chest).written)
    assert not {"R", "L", "H"} & set(page.written)


@pytest.mark.parametrize("shape", [(20, 64, 64), (60, 32, 90)])
def test_every_matrix_has_a_page(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    """Few slices and many, square and not; a name in Cyrillic letters."""
    case = classified_case(
        tmp_path / "study",
        shape=shape,
        PatientName=CYRILLIC,
        SpecificCharacterSet="ISO_IR 192",
    )
    page = drawn(case)

    assert "Иванова, Анна" in page.written
    assert overlapping(page) == []


def test_the_page_can_be_a_pdf(tmp_path: Path) -> None:
    """The same words, to be searched."""
    case = classified_case(tmp_path / "study", settings=ReportSettings(pdf=True))
    made = case.compose()["PDF"].dataset

    assert made.DocumentTitle.startswith("DEMONSTRATION ")
    assert made.EncapsulatedDocument.startswith(b"%PDF-1.7")


def test_what_only_measures_keeps_its_page(chest: Case) -> None:
    """The page of a size, where nothing was decided."""
    findings = replace(chest.findings, classifications=(), locations=())
    report = replace(chest, findings=findings).prepare()

    assert page_of(report).written == compose_page(report).written


def test_pictures_are_as_large_as_the_room_allows() -> None:
    """One alone, two wide ones above each other or beside, six in two rows."""
    assert grid_of(1, (300.0, 200.0), (660, 430))[0] == 1
    assert grid_of(2, (100.0, 200.0), (660, 430))[0] == 2
    assert grid_of(6, (300.0, 200.0), (660, 430))[0] == 3
    columns, scale = grid_of(5, (300.0, 200.0), (660, 430))
    assert columns * 300 * scale <= 660

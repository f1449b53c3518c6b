"""The cards at the top of the page: an answer each, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.contract import Findings
from models.history import CHANGE, POSITION
from models.terms import Flag, Grade, Statement
from node.report.canvas import FAINT, INK
from node.report.fonts import Colour
from node.report.page import CARDS_HEIGHT, CARDS_TOP, compose_page
from tests.node.report.inputs import BOTH, Case, interpreted, withheld

LONG = "This is a long sentence that a reader should know of. " * 12


def on_cards(case: Case, findings: Findings) -> list[str]:
    """Return what is written on the cards; all of it lies inside of them."""
    page = compose_page(replace(case, findings=findings).prepare())
    end = CARDS_TOP + CARDS_HEIGHT
    inside = []
    for words, (_, top, _, bottom) in zip(page.written, page.boxes, strict=True):
        if top >= CARDS_TOP and bottom <= end:
            inside.append(words)
        assert not top < end < bottom, f"{words} leaves its card"
    return inside


def test_everything_that_is_known_is_answered(case: Case) -> None:
    """Size, grade, step and z, change with its interval."""
    shown = on_cards(case, interpreted(case.findings))
    sizes = {m.printed for m in case.findings.measurements}

    assert sizes <= set(shown)
    assert {"B", "Quality B", "percentile 5–10", "z −1.41"} <= set(shown)  # noqa: RUF001 - as printed
    assert {"−2.9", "%/year", "95 % interval", "−3.7 to −2.1"} <= set(shown)  # noqa: RUF001 - as printed


def test_what_is_withheld_says_why(case: Case) -> None:
    """In the place of the number, with the reason and without its code."""
    shown = on_cards(case, withheld(case.findings))

    assert shown.count("Not stated") == 2
    assert "No earlier scan of this patient is" in shown
    assert not any("segmenter_mismatch" in words for words in shown)


def test_what_somebody_could_declare_is_the_headline(case: Case) -> None:
    """Of several reasons it is the one that a reader or a site can mend."""
    women = "Not given by a nomogram: it holds for women."
    side = "Not given by a norm: side neither proven nor declared."
    said = (
        Statement(POSITION, women, reason="no_norm_for_side_and_sex"),
        Statement(POSITION, side, reason="side_unknown"),
    )
    shown = on_cards(case, replace(case.findings, statements=said))

    title = shown.index("Position in the norm")
    assert shown[title + 1 : title + 3] == [
        "Side not known",
        "Not given by a norm: side",
    ]
    assert "Not stated" not in shown


def test_a_question_that_nobody_answers_has_no_card(case: Case) -> None:
    """A model without norms and priors leaves no empty frame."""
    shown = on_cards(case, case.findings)

    assert not {"Position in the norm", "Change over time"} & set(shown)


def test_a_rate_in_words_is_as_large_as_a_coded_one(case: Case) -> None:
    """DICOM has no code for a change per year."""
    text = "-2.0 % per year (95 % interval -3.5 to -0.5) since 2018-01-09."
    said = (Statement(CHANGE, text, BOTH.name),)
    shown = on_cards(case, replace(case.findings, statements=said))

    assert {"−2.0", "% per year", "95 % interval", "−3.5 to −0.5"} <= set(shown)  # noqa: RUF001 - as printed


def test_reasons_are_told_whole_or_below(case: Case) -> None:
    """Many norms that do not apply: never a sentence that ends in its middle."""
    reason = "Not given by this norm: it holds for women, right side, 52 to 71 years."
    said = (Statement(POSITION, reason, reason="sex"),) * 5
    shown = on_cards(case, replace(case.findings, statements=said))

    assert any(words.endswith(" more below") for words in shown)
    assert not any(words.endswith("…") for words in shown)


@pytest.mark.parametrize(("grade", "ink"), [(Grade.B, INK), (Grade.C, FAINT)])
def test_numbers_not_to_be_relied_on_are_faint(
    case: Case, grade: Grade, ink: Colour
) -> None:
    """A glance at the page does not take them for a result."""
    findings = replace(case.findings, flags=(Flag("f", "A reason.", grade),))
    page = compose_page(replace(case, findings=findings).prepare())
    number = case.findings.measurements[0].printed
    left, top, right, bottom = map(int, page.boxes[page.written.index(number)])
    drawn = np.asarray(page.image)[top:bottom, left:right].reshape(-1, 3)

    assert drawn.max(axis=0).tolist() == list(ink)


LENGTHY: dict[str, Callable[[Findings], Findings]] = {
    "reasons": lambda f: replace(
        f, flags=tuple(Flag(f"f{n}", LONG, Grade.C) for n in range(4))
    ),
    "norm": lambda f: replace(
        f, statements=(Statement(POSITION, LONG, reason="r"),) * 2
    ),
    "change": lambda f: replace(f, statements=(Statement(CHANGE, LONG, reason="r"),)),
    "both in words": lambda f: replace(
        f, statements=(Statement(CHANGE, LONG), Statement(POSITION, LONG))
    ),
}


@pytest.mark.parametrize("what", LENGTHY)
def test_a_long_reason_pushes_no_number_away(case: Case, what: str) -> None:
    """It is cut where its card ends, and told in full below or in the SR."""
    findings = LENGTHY[what](interpreted(case.findings))
    shown = on_cards(case, findings)

    assert {m.printed for m in case.findings.measurements} <= set(shown)


def test_the_gravest_reason_comes_first(case: Case) -> None:
    """A reason for C is not hidden behind one for B."""
    flags = (Flag("b", "A lesser one.", Grade.B), Flag("c", "Worst.", Grade.C))
    shown = on_cards(case, replace(case.findings, flags=flags))

    assert shown.index("Worst.") < shown.index("A lesser one.")


def test_many_structures_stand_on_a_line_each(case: Case) -> None:
    """Both sides and their parts are told without leaving the card."""
    front, back, both = case.findings.structures
    more = tuple(replace(both, name=f"Union {n}") for n in range(4))
    sizes = [m for m in case.findings.measurements if m.structure == both.name]
    measured = tuple(replace(m, structure=s.name) for s in more for m in sizes)
    findings = replace(
        case.findings,
        structures=(front, back, both, *more),
        measurements=(*case.findings.measurements, *measured),
    )
    shown = on_cards(case, findings)

    assert {s.name for s in findings.structures} <= set(shown)

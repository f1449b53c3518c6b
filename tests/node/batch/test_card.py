"""The result of one study: numbers first, then where they come from."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from node.batch.card import card, plain_lines
from node.batch.entry import Entry
from node.batch.words import Words
from node.jobs.job import Verdict
from tests.node.batch import results as given

EN, RU = Words.of("en"), Words.of("ru")
ENTRIES = {
    "reported": given.reported(),
    "not_applicable": given.not_applicable(),
    "failed": given.failed(),
    "no_study": given.no_study(),
    "not_read": given.not_read(),
}


def lines(entry: Entry, words: Words = EN) -> list[str]:
    """Return the plain lines under the shipped bundle."""
    return plain_lines(entry, given.bundle(), words, Path("results"))


def shown(entry: Entry, words: Words) -> str:
    """Return the card as a terminal of 80 columns shows it."""
    stream = StringIO()
    console = Console(file=stream, width=80, highlight=False)
    console.print(card(entry, given.bundle(), words, Path("results")))
    return stream.getvalue()


def test_the_numbers_come_first_and_stand_below_one_another() -> None:
    """With the digits of the report, in both units."""
    assert lines(given.reported())[:4] == [
        "Hippocampal volumetry: reported",
        "Anterior hippocampus    1489 mm³    1.5 mL",
        "Posterior hippocampus   1896 mm³    1.9 mL",
        "Hippocampus             3385 mm³    3.4 mL",
    ]
    assert "Гиппокамп            3385 мм³    3,4 мл" in lines(given.reported(), RU)


def test_the_rest_says_where_they_come_from() -> None:
    """Grade, flags in words, series, objects, model and time."""
    assert lines(given.reported())[4:] == [
        "Grade     B, with reservations",
        "Notes     image positions are nominal",
        "          of_their_own",
        "Series    901 HippoCrop, 40 images",
        "Because   MR 'HippoCrop'",
        "Not read  1 T1post, 192 images: another kind of series ('T1post')",
        "Results   r/v2",
        "          SR.dcm",
        "Model     hippocampus 0.9.0, weights 0123456789ab",
        "Time      1.8 s",
        "Research use, not a diagnosis; not verified by a physician.",
    ]


def test_a_study_of_another_kind_is_told_calmly() -> None:
    """Which series there are, and that there is nothing to do."""
    told = lines(given.not_applicable())

    assert told[:3] == [
        "Hippocampal volumetry: not applicable",
        "Why     The study holds no series of the kind that is read.",
        "Series  1 T1post, 192 images: another kind of series ('T1post')",
    ]
    assert told[3].startswith("Advice  Nothing to do")


def test_a_failure_shows_no_number_of_an_earlier_version() -> None:
    """Somebody might take it for this one's."""
    assert "3385" not in shown(given.failed(), EN)
    assert "(12 mm)" in lines(given.failed())[1]


def test_many_series_are_counted() -> None:
    """A card stays one page."""
    others = tuple(
        Verdict(f"1.{n}", n, f"S{n}", 1, False, "description", "") for n in range(30)
    )

    told = lines(given.reported(job=given.job(verdicts=(given.CHOSEN, *others))))

    assert "          24 other series" in told
    assert len(told) < 30


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
@pytest.mark.parametrize("name", ENTRIES)
def test_the_card_holds_in_80_columns_without_colour(name: str, words: Words) -> None:
    """Every ending in both languages; no control codes where there is no terminal."""
    told = shown(ENTRIES[name], words)

    assert max(cell_len(line) for line in told.splitlines()) <= 80
    assert "\x1b" not in told
    assert words.text("research")[:20] in told


def test_a_series_without_number_or_name_is_counted() -> None:
    """Neither is there in every archive."""
    bare = Verdict("1.2.2", None, "", 40, True, "", "y")

    told = lines(given.reported(job=given.job(verdicts=(bare,))))

    assert "Series   40 images" in told


def test_a_description_in_brackets_is_no_markup() -> None:
    """A scanner may call a series as it likes."""
    odd = Verdict("1.2.2", 901, "[red]x[/red]\x1b[2J", 40, True, "", "y")

    told = shown(given.reported(job=given.job(verdicts=(odd,))), EN)

    assert "[red]x[/red]\\x1b[2J" in told

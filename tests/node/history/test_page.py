"""A story as a person reads it: 80 columns, no control characters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from node.history import page
from node.history.card import UNVERIFIED, card
from node.history.paths import Objects
from node.history.repetition import Compared, Repetition
from node.history.story import Story
from node.jobs.ledger import Ledger
from tests.node.history.stories import ARCHIVE, VIEW, everything

WIDTH = 80


def shown(story: Story, results: Path) -> list[str]:
    """Return the lines of the page."""
    (job,) = story.jobs
    parts = [
        *page.head(story),
        *page.decisions(story, WIDTH),
        *page.job_lines(job, Objects(results), WIDTH),
    ]
    return [line.plain for line in parts]


def test_the_page_fits_and_obeys_nothing(ledger: Ledger, tmp_path: Path) -> None:
    """A series description may hold what a terminal would obey."""
    lines = shown(everything(ledger), tmp_path)

    assert max(map(len, lines)) <= WIDTH
    assert all(line.isprintable() for line in lines)
    assert "       2      22  'T1?[31m' refused because matrix: 512" in lines
    assert "       ?      36  'crop' read because MR, 36 slices" in lines


def test_every_version_stands_with_its_objects_and_where_they_went(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A file is there or gone, also when the whole folder was moved."""
    moved = tmp_path / "moved" / Path("results/2/SEG.dcm")
    moved.parent.mkdir(parents=True)
    moved.touch()

    lines = shown(everything(ledger), tmp_path / "moved")

    assert "  result 1, 2026-01-05 08:03:00, taken back 2026-01-05" in lines
    assert "  result 2, 2026-01-05 08:09:00" in lines
    assert "    SEG     2.25.1.1  gone   000000000000" in lines
    assert "    SEG     2.25.1.2  there  000000000000" in lines
    assert f"    SEG, SR, SC to {ARCHIVE}: sent" in lines
    assert f"    SEG, SR, SC to {VIEW}: not sent" in lines


def test_a_result_says_which_earlier_ones_it_was_told_of(
    ledger: Ledger, tmp_path: Path
) -> None:
    """With what is known against each, and why it was told of no other."""
    lines = shown(everything(ledger), tmp_path)

    at = lines.index("    told of 2024-03-01  own results, 1.0")
    assert [line.strip() for line in lines[at + 1 : at + 4]] == [
        "2.25.3",
        "identity_unproven",
        "told of no other: identity_conflict",
    ]


def test_the_card_says_what_is_not_known_and_that_nobody_verified_it(
    ledger: Ledger,
) -> None:
    """Framed on a terminal, plain lines elsewhere, the same words."""
    story = everything(ledger)
    made = story.jobs[0].results[-1]
    lines = card(story, "hippocampus", made, None)

    plain, framed = Console(width=WIDTH), Console(width=WIDTH)
    with plain.capture() as words:
        plain.print(page.panel("Provenance", lines, framed=False))
    with framed.capture() as frame:
        framed.print(page.panel("Provenance", lines, framed=True))

    assert UNVERIFIED in words.get()
    assert UNVERIFIED in frame.get()
    assert ("weights", "SHA-256 ffffffffffff") in lines
    assert ("computed", "bf16 on cpu") in lines
    assert "status unknown: the bundle has changed since" in words.get()
    assert "│" in frame.get()
    assert "│" not in words.get()
    older = card(story, "hippocampus", replace(made, made_with={}), None)
    assert ("input", "not recorded") in older


def test_a_comparison_names_what_differs(ledger: Ledger) -> None:
    """Other files with equal numbers come from settings, and it says so."""
    del ledger
    volume = Compared("volume, mm3", "3370 (3370.0)", "3370 (3370.0)")
    seg = Compared("SEG", "1" * 64, "2" * 64, is_object=True)
    repeated = Repetition(1, "hippocampus", 1, rows=(volume, seg))

    lines = [line.plain for line in page.comparison(repeated, WIDTH)]

    assert "  volume, mm3  3370 (3370.0)  3370 (3370.0)  yes" in lines
    assert "  SEG          111111111111   222222222222   NO" in lines
    assert "  1 of 2 values differ: SEG" in lines
    assert any("the numbers are equal" in line for line in lines)
    other = replace(repeated, rows=(replace(volume, repeated="3371 (3371.0)"), seg))
    assert not other.only_objects_differ
    assert "numbers are equal" not in " ".join(
        line.plain for line in page.comparison(other, WIDTH)
    )


def test_what_could_not_be_repeated_says_why(ledger: Ledger) -> None:
    """And first what is other than it was."""
    del ledger
    failed = Repetition(1, "m", 1, trouble="no images", changed=("other weights",))

    lines = [line.plain for line in page.comparison(failed, WIDTH)]

    assert lines[-2:] == ["  other weights", "  no images"]
    assert not failed.is_equal

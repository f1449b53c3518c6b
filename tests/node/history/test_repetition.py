"""What is compared when a result is made once more."""

from __future__ import annotations

from dataclasses import replace

from node.config import Settings
from node.history.plain import plain_repetition
from node.history.repetition import NOTHING, Repetition, compare, repeat
from node.jobs.answers import Answers, Classified, Located
from node.jobs.ledger import Ledger
from tests.node.history.stories import everything, measured, reported


def test_equal_results_are_equal_in_every_row(ledger: Ledger) -> None:
    """Numbers as printed and in full, the images, each object."""
    recorded = everything(ledger).jobs[0].results[-1]

    rows = list(compare(recorded, reported("2")))

    assert all(row.is_equal for row in rows)
    assert [row.what for row in rows] == [
        "Hippocampus volume, mm3",
        "images read",
        "SEG",
        "SR",
        "SC",
    ]


def test_a_number_that_is_printed_alike_may_still_differ(ledger: Ledger) -> None:
    """The value counts to its last digit."""
    recorded = everything(ledger).jobs[0].results[-1]
    nearly = reported("2", measurements=(measured(3370.0000000000005, "3370"),))

    (volume, *others) = compare(recorded, nearly)

    assert (volume.recorded, volume.repeated) == (
        "3370 (3370.0)",
        "3370 (3370.0000000000005)",
    )
    assert not volume.is_equal
    assert all(row.is_equal for row in others)


def test_what_one_of_them_lacks_is_a_difference(ledger: Ledger) -> None:
    """A number or an object more or less is shown as such."""
    recorded = everything(ledger).jobs[0].results[-1]
    seg, *rest = reported("2").objects
    other = reported("2", measurements=(), objects=(*rest, replace(seg, kind="PR")))

    rows = {row.what: row for row in compare(recorded, other)}

    assert rows["Hippocampus volume, mm3"].repeated == NOTHING
    assert rows["SEG"].repeated == NOTHING
    assert rows["PR"].recorded == NOTHING


def test_an_answer_that_comes_out_otherwise_is_a_difference(ledger: Ledger) -> None:
    """Also in the last digit of a probability, and where one has a box more."""
    recorded = everything(ledger).jobs[0].results[-1]
    answer = Classified(
        "Lungs", "Pathology", "pathology", 0.873, "0.873", 0.5, "0.500", True
    )
    box = Located("Nodule", (0, 1, 2, 3, 4, 5), (0.0,) * 6, 0.5)
    before = replace(recorded, answers=Answers((answer,)))
    nearly = replace(answer, probability=0.8730000000000001)

    rows = {
        row.what: row.is_equal
        for row in compare(before, reported("2", answers=Answers((nearly,), (box,))))
    }

    assert not rows["classification 1"]
    assert not rows["location 1"]
    assert rows["SEG"]


def test_without_images_it_says_so_and_that_the_weights_are_others(
    ledger: Ledger,
) -> None:
    """Both are news; the machine reads the same."""
    story = everything(ledger)
    for path in ledger.studies.files("1.1"):
        path.unlink()

    done = repeat(story.jobs[0], ledger, Settings(), in_order=True)

    assert isinstance(done, Repetition)
    assert done.trouble.endswith("the images are gone; send the study again")
    assert any(line.startswith("other weights: then") for line in done.changed)
    told = plain_repetition(done)
    assert (told["equal"], told["rows"]) == (False, [])

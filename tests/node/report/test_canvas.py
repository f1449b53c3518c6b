"""The canvas: what it draws and what it remembers."""

from __future__ import annotations

import numpy as np

from node.report.canvas import FAINT, LEADING, PAPER, Canvas, block_height
from node.report.fonts import font


def blank() -> Canvas:
    """Return an empty page of 400 x 200."""
    return Canvas.blank(400, 200)


def test_an_empty_page_is_paper() -> None:
    """Height, width, three colours."""
    pixels = blank().pixels()

    assert pixels.shape == (200, 400, 3)
    assert (pixels == PAPER).all()


def test_a_line_is_drawn_measured_and_remembered() -> None:
    """Its ink lies in its box; its length is that of its letters."""
    canvas = blank()
    length = canvas.line((20, 50), "Иванова, Анна", 20)

    assert canvas.written == ["Иванова, Анна"]
    assert length == font(20).length("Иванова, Анна")
    ink = np.argwhere((canvas.pixels() != PAPER).any(axis=2))
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    box = canvas.boxes[0]
    assert box[0] <= left <= right <= box[2]
    assert box[1] <= top <= bottom <= box[3]


def test_a_line_is_cut_to_its_width() -> None:
    """And says that it was."""
    canvas = blank()
    length = canvas.line((0, 50), "a sentence that is too long", 20, width=100)

    assert length <= 100
    assert canvas.written[0].endswith("…")


def test_what_was_written_is_remembered_in_reading_order() -> None:
    """Not in the order in which a line from right to left is drawn."""
    canvas = blank()
    canvas.line((0, 50), "שרון, דבורה", 20)

    assert canvas.written == ["שרון, דבורה"]


def test_a_block_has_the_height_that_was_foretold() -> None:
    """The column is laid out before it is drawn."""
    canvas, words = blank(), "words that need three lines or so in a narrow column"
    below = canvas.block((0, 10), words, 14, 120)

    assert below - 10 == block_height(words, 14, 120)
    assert len(canvas.written) > 2


def test_a_block_of_few_lines_ends_with_an_ellipsis() -> None:
    """Nothing disappears without a sign."""
    canvas = blank()
    below = canvas.block((0, 0), "many words " * 20, 14, 120, lines=2)

    assert len(canvas.written) == 2
    assert canvas.written[-1].endswith("…")
    assert below == 2 * 14 * LEADING


def test_a_halo_keeps_letters_apart_from_a_picture() -> None:
    """A dark rim on a bright ground."""
    canvas = blank()
    canvas.image.paste((255, 255, 255), (0, 0, 400, 200))
    canvas.line((20, 50), "R", 20, FAINT, halo=True)

    assert (canvas.pixels() == PAPER).all(axis=2).any()

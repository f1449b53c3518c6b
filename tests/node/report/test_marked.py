"""Heat, outlines and boxes on a plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from node.report.marked import Framed, Marked
from node.report.pictures import Plane

EMPTY = np.zeros((4, 4), np.uint8)


def test_heat_colours_and_keeps_the_anatomy() -> None:
    """Cold pixels stay as they are; hot ones are still seen through."""
    plane = Plane("", np.zeros((4, 4), np.float32), EMPTY, (1.0, 1.0), ("",) * 4)
    heat = np.zeros((4, 4), np.float32)
    heat[:, 2:] = 1.0
    picture = np.asarray(Marked(plane, heat, ()).draw((), 16.0, (-1.0, 1.0)))

    assert (picture[:, :16] == 127).all()
    assert picture[32, 56, 0] > 150 > picture[32, 56, 2]


def test_a_frame_at_the_edge_stays_in_the_picture() -> None:
    """All four sides of it are drawn."""
    plane = Plane("", np.zeros((4, 4), np.float32), EMPTY, (1.0, 1.0), ("",) * 4)
    box = Framed(1, (0, 0, 4, 4), (255, 0, 0))
    picture: Any = np.asarray(
        Marked(plane, None, (box,)).draw((), 16.0, (-1.0, 1.0)), np.int16
    )
    red = picture[..., 0] - picture[..., 1]

    assert min(red[0].max(), red[-1].max(), red[:, 0].max(), red[:, -1].max()) > 100

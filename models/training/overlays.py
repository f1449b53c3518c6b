"""What a network sees and says, as one picture of three planes.

Three rows: each axis cut where the truth is largest. Columns: the image, the truth
on it, what was predicted, and the probability of each class but the background.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import nn

Picture = npt.NDArray[np.uint8]
FloatVolume = npt.NDArray[np.float32]
Predict = Callable[[nn.Module, FloatVolume], FloatVolume]
"""Returns probabilities ``(K, D, H, W)`` of an image ``(D, H, W)``."""

COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (204, 121, 167))
"""Of labels 1, 2, …: told apart by colour-blind eyes (Okabe & Ito 2008)."""

OPACITY = 0.5
ZOOM = 3
GAP = 2


@dataclass(frozen=True, slots=True)
class Window:
    """One case that is drawn again and again.

    Attributes
    ----------
    image
        ``(D, H, W)`` float32: d to the head, h to the front, w to the right.
    truth
        ``(D, H, W)`` uint8, 0 is background.
    """

    name: str
    image: FloatVolume
    truth: npt.NDArray[np.uint8]


def draw(window: Window, chances: FloatVolume) -> Picture:
    """Return the picture ``(rows, columns, 3)``, patient's right at the left.

    Parameters
    ----------
    chances
        ``(K, D, H, W)``.
    """
    predicted = chances.argmax(axis=0).astype(np.uint8)
    grey = _grey(window.image)
    rows = []
    for axis in range(3):
        place = int(_area(window.truth, axis).argmax())
        image, truth, found, *likely = (
            volume.take(place, axis)[::-1, ::-1]
            for volume in (grey, window.truth, predicted, *chances[1:])
        )
        shown = [_coloured(image, image * 0), _coloured(image, truth)]
        shown += [_coloured(image, found)]
        shown += [
            _coloured((255 * each).astype(np.uint8), truth * 0) for each in likely
        ]
        rows.append(np.concatenate([_framed(each) for each in shown], axis=1))
    widest = max(row.shape[1] for row in rows)
    return np.concatenate([_widened(row, widest) for row in rows])


def _area(truth: npt.NDArray[np.uint8], axis: int) -> npt.NDArray[np.intp]:
    others = tuple(other for other in range(3) if other != axis)
    return np.asarray(np.count_nonzero(truth, axis=others))


def _grey(image: FloatVolume) -> Picture:
    low, high = np.percentile(image, [1, 99])
    unit = (image - low) / max(float(high - low), 1e-6)
    return np.asarray(255 * unit.clip(0, 1), dtype=np.uint8)


def _coloured(grey: Picture, labels: npt.NDArray[np.uint8]) -> Picture:
    """Return ``(H, W, 3)`` with the labels over the grey."""
    picture = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    for number, colour in enumerate(COLOURS, start=1):
        here = labels == number
        picture[here] += OPACITY * (np.array(colour, np.float32) - picture[here])
    return picture.astype(np.uint8)


def _framed(picture: Picture) -> Picture:
    larger = picture.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    return np.pad(larger, ((0, GAP), (0, GAP), (0, 0)))


def _widened(row: Picture, width: int) -> Picture:
    return np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)))

"""A plane of the images with what a decision rests on: heat, outlines, boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from models.terms import Structure
from node.report.fonts import Colour
from node.report.heat import Heat
from node.report.pictures import FINER, Plane, Size, grey, outline

WARM = np.array([(255, 214, 60), (255, 60, 40)], np.float32)
"""Colours of little and of much heat."""

FAINTEST, MOST_OPAQUE = 0.15, 0.5
"""Heat below this is not drawn; how much of the anatomy the most of it hides."""

BOX_PX = 2
AROUND_PX = 3
"""Between a box and its frame: the frame hides nothing of what it is about."""


@dataclass(frozen=True, slots=True)
class Framed:
    """The box of one place on a plane.

    Attributes
    ----------
    number
        Of the place, as it is written beside the box.
    box
        Left, top, right, bottom in pixels of the plane, along the edges of pixels.
    """

    number: int
    box: tuple[float, float, float, float]
    colour: Colour

    def on(self, plane: Plane, size: Size) -> tuple[float, float, float, float]:
        """Return the box on a picture of the plane of this size, in its pixels."""
        rows, columns = plane.labels.shape
        left, top, right, bottom = self.box
        across, down = size[0] / columns, size[1] / rows
        return left * across, top * down, right * across, bottom * down


@dataclass(frozen=True, slots=True)
class Marked:
    """A plane, the heat of its pixels ``(rows, columns)``, and boxes on it."""

    plane: Plane
    heat: Heat | None
    boxes: tuple[Framed, ...]

    def draw(
        self,
        structures: Sequence[Structure],
        scale: float,
        levels: tuple[float, float],
    ) -> Image.Image:
        """Draw it; ``scale`` is pixels per mm, ``levels`` become black and white."""
        picture = grey(self.plane, scale, levels)
        if self.heat is not None:
            picture = tint(picture, self.heat)
        outline(picture, self.plane.labels, structures)
        self._frame(picture)
        return picture.reduce(FINER)

    def _frame(self, picture: Image.Image) -> None:
        pen = ImageDraw.Draw(picture)
        far = AROUND_PX * FINER
        for each in self.boxes:
            left, top, right, bottom = each.on(self.plane, picture.size)
            frame = (
                max(0, left - far),
                max(0, top - far),
                min(picture.width - 1, right + far),
                min(picture.height - 1, bottom + far),
            )
            pen.rectangle(frame, outline=each.colour, width=BOX_PX * FINER)


def tint(picture: Image.Image, heat: Heat) -> Image.Image:
    """Return a picture with heat laid over it, translucent: anatomy stays visible."""
    spread = Image.fromarray(heat).resize(picture.size, Image.Resampling.BILINEAR)
    warmth = np.asarray(spread, np.float32)[..., np.newaxis]  # (H, W, 1)
    strength = np.where(warmth < FAINTEST, 0.0, warmth) * MOST_OPAQUE
    colour = WARM[0] + (WARM[1] - WARM[0]) * warmth
    plain = np.asarray(picture, np.float32)
    mixed = plain * (1 - strength) + colour * strength
    return Image.fromarray(mixed.astype(np.uint8))

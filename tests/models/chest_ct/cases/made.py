"""Cases that are made in a moment: two lungs, and a nodule in every second one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.chest_ct.cases.case import Case, Loaded
from models.chest_ct.kinds import Kind
from tests.models.chest_ct.volumes import volume_of


@dataclass(frozen=True, slots=True)
class Made:
    """A chest of ellipses, 5 mm voxels.

    Attributes
    ----------
    seed
        Of noise and place.
    radius
        Of a nodule in voxels; 0 has none.
    """

    seed: int
    radius: int = 0

    def digest(self) -> str:
        """Return the figures."""
        return f"{self.seed}-{self.radius}"

    def load(self) -> Loaded:
        """Draw it."""
        generator = np.random.default_rng(self.seed)
        z, y, x = np.mgrid[:48, :64, :80]
        body = ((y - 32) / 28) ** 2 + ((x - 40) / 38) ** 2 < 1
        array = np.where(body, 40.0, -1000.0)
        for middle in (22, 58):
            lung = (
                ((z - 24) / 20) ** 2 + ((y - 32) / 18) ** 2 + ((x - middle) / 13) ** 2
            )
            array[lung < 1] = -860
        truth = np.zeros(array.shape, np.uint8)
        if self.radius:
            d, h, w = generator.integers((18, 26, 18), (30, 38, 26))
            ball = (z - d) ** 2 + (y - h) ** 2 + (x - w) ** 2 <= self.radius**2
            truth[ball] = Kind.NODULE
            array[ball] = 30
        array += generator.normal(0, 20, array.shape)
        volume = volume_of(array, (5.0, 5.0, 5.0), (-200.0, -160.0, 0.0))
        return Loaded(volume, truth, {"seed": self.seed})


def made_cases(count: int, radius: int = 4) -> list[Case]:
    """Return cases of ``count / 2`` patients, one positive and one negative of each."""
    return [
        Case(
            name=f"study {number}",
            patient=f"patient {number // 2}",
            is_positive=bool(number % 2),
            source=Made(number, radius * (number % 2)),
        )
        for number in range(count)
    ]

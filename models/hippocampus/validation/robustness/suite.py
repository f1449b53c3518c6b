"""The perturbations that are tried, with how strong, in the order of the table."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from models.hippocampus.validation.robustness import perturbations as p
from models.hippocampus.validation.robustness.perturbations import Perturbation, Scene


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table.

    Attributes
    ----------
    severity
        In the unit that ``name`` states.
    trusted
        Whether a reading of it may count as good; False where it must be flagged.
    """

    name: str
    apply: Perturbation
    severity: float
    trusted: bool = True

    @property
    def key(self) -> str:
        """Name and severity, as the table prints them."""
        return self.name.format(self.severity)

    def scene(self, scene: Scene, case: str, seed: int = 0) -> Scene:
        """Return the perturbed scene of a case; equal for equal names and seed."""
        name = f"{self.key}/{case}".encode()
        rng = np.random.default_rng([seed, zlib.crc32(name)])
        return self.apply(scene, self.severity, rng)


CLEAN = Entry("as it is", p.nothing, 0)

SUITE = (
    CLEAN,
    Entry("intensity x {:g}", p.scale, 0.01),
    Entry("intensity x {:g}", p.scale, 1000),
    Entry("offset {:+g} SD", p.offset, 100),
    Entry("gamma {:g}", p.gamma, 0.6),
    Entry("gamma {:g}", p.gamma, 1.7),
    Entry("noise {:g} SD", p.noise, 0.2),
    Entry("noise {:g} SD", p.noise, 0.5),
    Entry("noise {:g} SD", p.noise, 1.0),
    Entry("bias field {:.0%}", p.bias_field, 0.2),
    Entry("bias field {:.0%}", p.bias_field, 0.5),
    Entry("blur {:g} mm", p.blur, 1.5),
    Entry("blur {:g} mm", p.blur, 3.0),
    Entry("ghosting {:g}", p.ghosting, 0.2),
    Entry("ghosting {:g}", p.ghosting, 0.5),
    Entry("ghosting {:g}", p.ghosting, 0.8),
    Entry("voxels {:g} mm", p.isotropic, 0.8),
    Entry("voxels {:g} mm", p.isotropic, 1.5),
    Entry("one axis {:g} mm", p.anisotropic, 0.8),
    Entry("one axis {:g} mm", p.anisotropic, 1.5),
    Entry("one axis {:g} mm", p.anisotropic, 3.0),
    Entry("axes stored otherwise", p.stored, 0),
    Entry("field moved {:g} voxels", p.shifted, 3),
    Entry("field moved {:g} voxels", p.shifted, 6),
    Entry("field cut by {:.0%}", p.cut_off, 0.2, trusted=False),
    Entry("field cut by {:.0%}", p.cut_off, 0.5, trusted=False),
    Entry("contrast inverted", p.inverted, 0, trusted=False),
    Entry("other hand", p.mirrored, 0, trusted=False),
    Entry("no anatomy", p.no_anatomy, 0, trusted=False),
    Entry("every voxel {:g}", p.constant, 0, trusted=False),
    Entry("every voxel {:g}", p.constant, 7, trusted=False),
)

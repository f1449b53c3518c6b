"""What a simulated study holds: the kinds of disease, their places, the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.chest_ct.kinds import Kind
from models.contract import LabelMap, Volume
from models.evidence import box_mm
from models.terms import Vector

Voxel = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion as it lies on the voxels of a study.

    Attributes
    ----------
    first, last
        Smallest box around its voxels in the truth, ``(d, h, w)``, inclusive.
    diameter_mm
        Of the sphere of its volume.
    volume_mm3
        As drawn, before the scanner: what partial volume hides is still counted.
    lung_share
        Its volume over that of both lungs, 0 to 1.
    form
        How it was made, such as ``"spiculated"`` or ``"lidc"``.
    """

    kind: Kind
    first: Voxel
    last: Voxel
    diameter_mm: float
    volume_mm3: float
    lung_share: float
    form: str = ""

    def box_mm(self, affine: npt.NDArray[np.float64]) -> tuple[Vector, Vector]:
        """Return the lowest and the highest corner in patient LPS millimetres.

        Parameters
        ----------
        affine
            ``(4, 4)``, voxel ``(d, h, w)`` to LPS, of the study; the corners are
            those of the outer faces of the box, not the centres of its voxels.
        """
        return box_mm(self.first, self.last, affine)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How the scanner looked at a patient.

    Attributes
    ----------
    spacing_mm
        ``(d, h, w)``: between slices, rows and columns.
    thickness_mm
        Full width at half maximum of the slice profile.
    sharpness
        0 a soft kernel (about B30f), 1 a sharp one (about B70f).
    noise_hu
        Standard deviation in the middle of the chest, after the kernel.
    prone
        The patient lies on the belly: gravity pulls to the front.
    tilt_deg
        Rotation about the long axis.
    shift_mm
        Offset of the patient from the centre of the field of view, ``(z, y, x)``.
    cover_mm
        How far the scan reaches beyond the lungs, below and above.
    circle, padding_hu
        Whether the field of view is a circle, and the HU outside of it.
    motion_mm
        How far the heart moved.
    seed
        Of the noise.
    """

    spacing_mm: Vector
    matrix: int
    thickness_mm: float
    kernel: str
    sharpness: float
    noise_hu: float
    prone: bool
    tilt_deg: float
    shift_mm: Vector
    cover_mm: tuple[float, float]
    circle: bool
    padding_hu: int
    motion_mm: float
    seed: int


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """A chest CT whose truth is known.

    Attributes
    ----------
    volume
        HU, float32 of whole numbers, d to the head, h to the back, w to the left.
    lungs
        ``(D, H, W)`` uint8: 0 outside, 1 right, 2 left; disease and vessels inside,
        also fluid and air of the pleural space; trachea and main bronchi outside.
    airways
        ``(D, H, W)`` bool: lumen of trachea and main bronchi.
    truth
        ``(D, H, W)`` uint8 of `Kind`; where two lie on one voxel, the later kind.
    diffuse
        A disease of 20 % of the lungs or more is there.
    """

    volume: Volume
    lungs: LabelMap
    airways: npt.NDArray[np.bool_]
    truth: LabelMap
    lesions: tuple[Lesion, ...]
    patient: str
    study: str
    acquisition: Acquisition
    diffuse: bool

    @property
    def is_positive(self) -> bool:
        """Whether any disease was drawn."""
        return bool(self.lesions)

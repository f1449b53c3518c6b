"""What passes between a model and the node. Numpy only: no torch, no DICOM.

Arrays are ``(D, H, W)``: slice, row, column. Affines map a voxel index
``(d, h, w)`` to patient coordinates in LPS millimetres (x grows to the patient's
left, y to the back, z to the head; DICOM PS3.3 C.7.6.2.1.1). Every length is in
millimetres and every volume in cubic millimetres, taken from the spacing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from models.evidence import Classification, HeatMap, Location, Profile
from models.terms import Flag, Measurement, Statement, Structure, Vector

if TYPE_CHECKING:
    from models.history import Patient, Trend
    from models.volume.bundle import Bundle

FloatArray = npt.NDArray[np.floating]
LabelMap = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Instance:
    """One slice of a series: an image, or a frame of one.

    Attributes
    ----------
    path
        The DICOM file.
    position_mm
        Image Position (Patient), LPS millimetres; None when absent.
    pixel_offset
        Byte offset of the pixels of this slice when they are native (uncompressed,
        little endian) and can be read straight from the file; None otherwise.
    frame
        Number of the frame in a multi-frame image, from 1; None for an image that
        is one slice. The frames of an image share UID and path.
    """

    sop_instance_uid: str
    sop_class_uid: str
    path: Path
    instance_number: int | None = None
    position_mm: Vector | None = None
    pixel_offset: int | None = None
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """What the headers of one series say; all that acceptance may look at.

    Attributes
    ----------
    instances
        In slice order (along the normal of the image plane, which is the cross
        product of the row and the column direction), or in file order when the
        geometry is irregular.
    spacing_mm
        ``(d, h, w)``: between slices, between rows, between columns.
    orientation
        Image Orientation (Patient): six direction cosines, row then column.
    geometry_problem
        Reason code when the slices do not form one regular grid, else None.
    tags
        Further header values by DICOM keyword, as text, for rules and reports.
    """

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    instances: tuple[Instance, ...]
    series_description: str = ""
    series_number: int | None = None
    frame_of_reference_uid: str | None = None
    rows: int = 0
    columns: int = 0
    spacing_mm: Vector | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    geometry_problem: str | None = None
    geometry_detail: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Volume:
    """One regular image volume; an instance that exists is valid.

    Attributes
    ----------
    array
        ``(D, H, W)``, read-only, in ``units``.
    affine
        ``(4, 4)`` float64, voxel ``(d, h, w)`` to patient LPS millimetres.
    units
        ``"HU"`` for rescaled CT, ``"arbitrary"`` otherwise.
    flags
        Geometry findings, such as ``nominal_geometry``.
    """

    array: npt.NDArray[np.generic]
    affine: npt.NDArray[np.float64]
    units: str
    series: SeriesInfo
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        if self.array.ndim != 3 or 0 in self.array.shape:
            raise ValueError(f"a volume is (D, H, W), not {self.array.shape}")
        if self.affine.shape != (4, 4) or not np.isfinite(self.affine).all():
            raise ValueError("the affine must be a finite 4 x 4 matrix")
        if abs(float(np.linalg.det(self.affine[:3, :3]))) < 1e-9:
            raise ValueError("the affine is singular")
        if self.units not in {"HU", "arbitrary"}:
            raise ValueError(f"units are 'HU' or 'arbitrary', not {self.units!r}")
        self.array.flags.writeable = False
        self.affine.flags.writeable = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(D, H, W)``."""
        depth, height, width = self.array.shape
        return depth, height, width

    @property
    def spacing_mm(self) -> Vector:
        """``(d, h, w)``: the lengths of the affine's columns, millimetres."""
        d, h, w = (float(np.linalg.norm(self.affine[:3, axis])) for axis in range(3))
        return d, h, w

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel in cubic millimetres: determinant of the affine."""
        return abs(float(np.linalg.det(self.affine[:3, :3])))


def labels_in(label_map: LabelMap) -> set[int]:
    """Return the values that occur in ``(D, H, W)`` uint8.

    A slice at a time, and of each only where the value changes: sorting, counting or
    copying a chest of 35 million voxels takes longer than reading it.
    """
    found: set[int] = set()
    for plane in label_map:
        flat = plane.ravel()
        changed = flat[1:][flat[1:] != flat[:-1]]
        found.update(flat[:1].tolist(), np.unique(changed).tolist())
    return found


@dataclass(frozen=True, slots=True)
class Findings:
    """What every model returns; the node turns it into DICOM without knowing more.

    Attributes
    ----------
    label_map
        ``(D, H, W)`` uint8 on the grid of the source volume; 0 is background.
    structures
        Every non-zero label stands in exactly one structure of one label.
    timings_s
        Seconds by stage.
    precision
        Arithmetic that was used, such as ``"fp32"`` or ``"bf16"``.
    classifications
        The first is the answer of the result; empty for a model that only measures.
    locations
        What was found where, the most dangerous first.
    """

    label_map: LabelMap
    structures: tuple[Structure, ...]
    measurements: tuple[Measurement, ...]
    statements: tuple[Statement, ...] = ()
    flags: tuple[Flag, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    precision: str = "fp32"
    trends: tuple[Trend, ...] = ()
    classifications: tuple[Classification, ...] = ()
    locations: tuple[Location, ...] = ()
    heat_map: HeatMap | None = None
    profiles: tuple[Profile, ...] = ()

    def __post_init__(self) -> None:
        if self.label_map.dtype != np.uint8 or self.label_map.ndim != 3:
            raise ValueError("a label map is (D, H, W) uint8")
        single = [s.labels[0] for s in self.structures if len(s.labels) == 1]
        if len(single) != len(set(single)):
            raise ValueError("two structures claim one label")
        unknown = labels_in(self.label_map) - {0} - set(single)
        if unknown:
            raise ValueError(f"labels without a structure: {sorted(unknown)}")
        self._require_structures()
        self._require_boxes_inside()
        self.label_map.flags.writeable = False

    def _require_structures(self) -> None:
        names = {structure.name for structure in self.structures}
        about = {each.structure for each in self.measurements}
        about |= {each.structure for each in self.classifications}
        about |= {each.structure for each in self.locations}
        if orphans := about - names:
            raise ValueError(f"findings of unknown structures: {sorted(orphans)}")

    def _require_boxes_inside(self) -> None:
        for box in self.locations:
            if any(b >= n for b, n in zip(box.last, self.label_map.shape, strict=True)):
                raise ValueError(f"the box of {box.structure} reaches out of the image")


@dataclass(frozen=True, slots=True)
class Match:
    """A model reads this series; ``because`` names the evidence."""

    because: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model does not read this series: a reason code and the deciding value."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Context:
    """How to compute: chosen at start from what the machine has.

    ``precision`` is ``"auto"``, ``"fp32"`` or ``"bf16"``; ``device`` is a torch
    device name; ``threads`` bounds the intra-operator threads. ``patient`` is whom
    the images show, None when nobody has asked. ``fast`` asks a model whose bundle
    says so to leave out what takes long.
    """

    device: str = "cpu"
    precision: str = "auto"
    threads: int = 1
    patient: Patient | None = None
    fast: bool = False


@runtime_checkable
class Model(Protocol):
    """What ``build()`` of a model folder returns.

    Which series it reads is no code of its own: the node judges every series by the
    rule in the bundle, or by what the site has written in its place.
    """

    @property
    def bundle(self) -> Bundle:
        """The deployable description with its verified weights."""

    def predict(self, volume: Volume, context: Context) -> Findings:
        """Read one volume. Deterministic for equal input, bundle and precision."""


class UnfitInput(ValueError):  # noqa: N818 - a verdict on the images, no malfunction
    """The pixels cannot be read by the model, although the headers were accepted.

    Attributes
    ----------
    reason
        Reason code in snake_case, stable over versions.
    not_applicable
        Whether the model was never meant for such images, as for an abdomen where it
        reads a chest. Otherwise they are of its kind, and yet cannot be read.
    """

    def __init__(
        self, reason: str, message: str, *, not_applicable: bool = False
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.not_applicable = not_applicable

    def __reduce__(self) -> tuple[object, ...]:
        return _unfit_input, (self.reason, str(self), self.not_applicable)


def _unfit_input(reason: str, message: str, not_applicable: bool) -> UnfitInput:
    return UnfitInput(reason, message, not_applicable=not_applicable)

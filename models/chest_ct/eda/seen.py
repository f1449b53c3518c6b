"""What one series shows: plain values, small enough to be sent from a process."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.terms import Vector

Picture = npt.NDArray[np.float32]
Thumbnail = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a series shows, as far as its header says.

    Attributes
    ----------
    patient
        A pseudonym of the Patient ID; "" where there is none.
    sex
        ``M``, ``F``, ``O`` or "".
    age
        In years at the study; None where it is not known.
    birth_year
        None where it is not known. Stays in memory: it is written nowhere.
    """

    patient: str = field(default="", repr=False)
    sex: str = ""
    age: float | None = None
    birth_year: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Acquired:
    """How a series was acquired and reconstructed.

    Attributes
    ----------
    spacing_mm
        ``(d, h, w)``; None where the slices form no grid.
    moment
        Frame of Reference with Acquisition UID, or with date and time of the
        acquisition: equal in two reconstructions of one scan. "" where the header
        does not say it.
    """

    manufacturer: str
    kernel: str
    thickness_mm: float | None
    spacing_mm: Vector | None
    slices: int
    rows: int
    moment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """What the voxels of a suited series show.

    Attributes
    ----------
    digest
        SHA-256 of the values and their shape.
    lung_ml, lung_hu
        Volume of both lungs, and their mean density.
    noise_hu
        Standard deviation of neighbouring voxels of soft tissue; None where there
        is too little of it.
    picture
        The lungs as `models.chest_ct.eda.picture` draws them.
    thumbnail
        ``(H, W)``: coronal slice through the middle of the lungs, grey.
    """

    digest: str
    lung_ml: float
    lung_hu: float
    noise_hu: float | None
    picture: Picture = field(repr=False)
    thumbnail: Thumbnail = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """A series that was found.

    Attributes
    ----------
    place
        Folder or ZIP, relative to the data.
    fault
        Reason code for which nothing can be learned from it; "" where it can be.
    detail
        The fault in words.
    pixels
        None where it has a fault, or its study has no label.
    """

    study_uid: str
    series_uid: str
    place: str
    person: Person
    acquired: Acquired
    fault: str = ""
    detail: str = ""
    pixels: Pixels | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or a ZIP that cannot be read.

    Attributes
    ----------
    place
        Relative to the data; of an entry of a ZIP also its number.
    """

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Examined:
    """All that one place holds."""

    place: str
    series: tuple[Seen, ...] = ()
    unread: tuple[Unread, ...] = ()

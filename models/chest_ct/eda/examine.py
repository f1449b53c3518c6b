"""Read one place and measure every series in it; runs in a worker process.

Nothing is judged of one series by another here, and nothing stops the reading: what
cannot be read is a fact like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from models.chest_ct.admission.admit import admit
from models.chest_ct.cases.archive import ArchiveError
from models.chest_ct.cases.found import pseudonym, unsuited
from models.chest_ct.cases.places import Found, Opened, Place, opened
from models.chest_ct.eda.picture import draw, middle_plane
from models.chest_ct.eda.seen import Acquired, Examined, Person, Pixels, Seen, Unread
from models.chest_ct.zprofile.sampling import lungscape
from models.contract import SeriesInfo, Volume
from models.volume.headers import DAMAGED, text
from models.volume.lungs import Lungs, find_lungs
from models.volume.series import SeriesError, StudyHeaders, demographics, load_volume

SOFT_TISSUE_HU = (-20.0, 90.0)
"""Muscle, blood and organs: where noise is measured."""

FEWEST_VOXELS = 2000
"""Of soft tissue, beneath which no noise is told."""

MAD_TO_SD = 1.4826
"""Of normally distributed values."""

Array = npt.NDArray[np.float32]


class FaultError(Exception):
    """A series is one that nothing is learned from, for what its pixels show."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def examine(place: Place, data: Path, labelled: frozenset[str]) -> Examined:
    """Return what a place holds.

    Parameters
    ----------
    data
        Folder that places are named relative to.
    labelled
        Studies whose pixels are of interest.
    """
    name = place.path.relative_to(data).as_posix()
    try:
        with opened(place) as there:
            series = tuple(
                _seen(found, there.study, name, labelled) for found in there.series
            )
            return Examined(name, series, tuple(_unread(there, data, name)))
    except ArchiveError as error:
        return Examined(name, unread=(Unread(name, str(error)),))


def _unread(there: Opened, data: Path, name: str) -> Iterator[Unread]:
    """Yield the files that were images once; what never was one is left alone."""
    for path, reason in there.study.unreadable:
        if reason not in DAMAGED | {"unreadable"}:
            continue
        if path in there.entries:
            yield Unread(f"{name}, entry {there.entries[path] + 1}", reason)
        else:
            yield Unread(path.relative_to(data).as_posix(), reason)


def _seen(
    found: Found, study: StudyHeaders, place: str, labelled: frozenset[str]
) -> Seen:
    info = found.info
    fault, pixels = fault_of(info), None
    if not fault and info.study_instance_uid in labelled:
        try:
            pixels = measure(info)
        except FaultError as error:
            fault = error.reason, str(error)
    reason, detail = fault or ("", "")
    return Seen(
        study_uid=info.study_instance_uid,
        series_uid=info.series_instance_uid,
        place=place,
        person=_person(found, study),
        acquired=_acquired(info, found.header),
        fault=reason,
        detail=detail,
        pixels=pixels,
    )


def fault_of(info: SeriesInfo) -> tuple[str, str] | None:
    """Return kind and words of what the headers of a series are refused for."""
    code = unsuited(info)
    if code is None:
        return None
    words = {
        "not_ct": f"modality {info.modality or 'not said'}",
        "few_slices": _count(len(info.instances), "slice"),
    }
    if code == "slice_spacing" and info.spacing_mm:
        return code, f"slices {info.spacing_mm[0]:.2f} mm apart"
    if code in words:
        return code, words[code]
    return "geometry", f"{code}: {info.geometry_detail}".removesuffix(": ")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def measure(info: SeriesInfo) -> Pixels:
    """Read and measure the pixels of a series.

    Raises
    ------
    FaultError
        They cannot be read, or are not of a chest.
    """
    try:
        volume = load_volume(info)
    except SeriesError as error:
        raise FaultError("pixels", f"{error.reason}: {error}") from None
    lungs = find_lungs(volume)
    _require_chest(volume, lungs)
    hu = volume.array.astype(np.float32, copy=False)
    inside = lungs.labels > 0
    return Pixels(
        digest=_digest(hu),
        lung_ml=float(inside.sum()) * volume.voxel_mm3 / 1000,
        lung_hu=float(hu[inside].mean()),
        noise_hu=noise(hu),
        picture=draw(lungscape(volume, lungs.labels)),
        thumbnail=middle_plane(volume, lungs.labels),
    )


def _require_chest(volume: Volume, lungs: Lungs) -> None:
    admission = admit(volume, lungs)
    if not admission.is_chest:
        raise FaultError("not_chest", f"{admission.reason}: {admission.detail}")
    if not lungs.labels.any():
        raise FaultError("not_chest", "no_lungs: no lungs were found")


def _digest(hu: Array) -> str:
    """Return the SHA-256 of values and shape, however they were stored."""
    total = hashlib.sha256(f"{hu.shape}".encode())
    total.update(np.ascontiguousarray(hu).data)
    return total.hexdigest()


def noise(hu: Array) -> float | None:
    """Return the noise of soft tissue in HU; None where there is too little of it.

    The robust deviation of the differences of neighbours along a row: edges between
    organs are few, and do not count. Tissue is told by the mean of both, which the
    difference does not depend on: strong noise is not cut off.
    """
    low, high = SOFT_TISSUE_HU
    left, right = hu[:, :, :-1], hu[:, :, 1:]
    sums = left + right
    soft = (sums >= 2 * low) & (sums <= 2 * high)
    if np.count_nonzero(soft) < FEWEST_VOXELS:
        return None
    steps = np.abs(right[soft] - left[soft])
    return float(np.median(steps) * MAD_TO_SD / np.sqrt(2))


def _person(found: Found, study: StudyHeaders) -> Person:
    who = demographics(study, found.info.series_instance_uid)
    year = who.birth_date[:4]
    return Person(
        patient=pseudonym(found.patient_id) if found.patient_id else "",
        sex=who.sex,
        age=who.age_years,
        birth_year=int(year) if year.isdecimal() and len(year) == 4 else None,
    )


def _acquired(info: SeriesInfo, header: Dataset) -> Acquired:
    thickness = info.tags.get("SliceThickness", "")
    return Acquired(
        manufacturer=info.tags.get("Manufacturer", ""),
        kernel=info.tags.get("ConvolutionKernel", ""),
        thickness_mm=_number(thickness),
        spacing_mm=info.spacing_mm,
        slices=len(info.instances),
        rows=info.rows,
        moment=_moment(info, header),
    )


def _number(words: str) -> float | None:
    try:
        return float(words)
    except ValueError:
        return None


def _moment(info: SeriesInfo, header: Dataset) -> str:
    uid = text(header, "AcquisitionUID")
    dated = text(header, "AcquisitionDate") and text(header, "AcquisitionTime")
    told = uid or (text(header, "AcquisitionDate") + dated if dated else "")
    frame = info.frame_of_reference_uid
    return f"{frame} {told}" if frame and told else ""

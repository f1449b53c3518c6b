"""What a set of files says before any pixel is read: a study and its series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import cast

from pydicom import Dataset

from models.contract import Instance, SeriesInfo
from models.terms import Vector
from models.volume.acquisitions import SEPARATORS, arrange_series
from models.volume.charsets import decode_text
from models.volume.frames import SHARED, frame_header, frame_headers
from models.volume.geometry import Cosines, GeometryError, Grid, Plane
from models.volume.headers import (
    DAMAGED,
    FRAMES,
    Header,
    Values,
    content_digest,
    frame_bytes,
    quiet,
    read_headers,
)

DESCRIPTIVE_TAGS = (
    "SOPClassUID",
    "ImageType",
    "BodyPartExamined",
    "PatientPosition",
    "SeriesDescription",
    "ProtocolName",
    "Manufacturer",
    "ManufacturerModelName",
    "SliceThickness",
    "ContrastBolusAgent",
    "ScanningSequence",
    "SequenceVariant",
    "SequenceName",
    "MRAcquisitionType",
    "MagneticFieldStrength",
    "RepetitionTime",
    "EchoTime",
    "KVP",
    "ConvolutionKernel",
)
"""Kept as text of the first slice. Nothing here identifies a person or a place."""

PIXEL_TAGS = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
"""How the pixels are stored; kept only when it is the same in every slice, so that
the loader need not open the headers again (DICOM PS3.3 C.7.6.3, C.11.1)."""


@dataclass(frozen=True, slots=True)
class StudyHeaders:
    """All that the headers of a set of files say.

    Attributes
    ----------
    study_instance_uid
        Of most instances; "" when no file could be read.
    series
        Sorted by series number, then UID.
    datasets
        Header by SOP Instance UID, without pixels.
    unreadable
        ``(file, reason code)`` as in ``headers.HeaderError``. File names may identify
        a patient: show them to the person who chose the files, keep them out of logs.
    rivals
        Files by SOP Instance UID, where several contents came under one: a file per
        content, in the order given, of which the first is described here. Which of
        them counts is for ``duplicates.settle`` to say.
    study_instance_uids, patient_ids
        All that occur. More than one of either is an identity conflict. An ID has its
        issuer behind it where one is named, ``ID^^^issuer`` as HL7 writes it: the
        same ID from two issuers is two persons, an absent issuer contradicts none.
    """

    study_instance_uid: str
    series: tuple[SeriesInfo, ...]
    datasets: Mapping[str, Dataset] = field(repr=False)
    unreadable: tuple[tuple[Path, str], ...] = field(default=(), repr=False)
    rivals: Mapping[str, tuple[Path, ...]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    study_instance_uids: tuple[str, ...] = ()
    patient_ids: tuple[str, ...] = field(default=(), repr=False)

    @property
    def identity_conflict(self) -> bool:
        """Whether the files belong to more than one study or more than one patient."""
        return len(self.study_instance_uids) > 1 or len(self.patient_ids) > 1

    def header(self, instance: Instance) -> Dataset:
        """Return the header of a slice, in the words of a single image."""
        return frame_header(self.datasets[instance.sop_instance_uid], instance.frame)

    def damaged_beside(self, series: SeriesInfo) -> int:
        """Return how many damaged files lie in the folders of a series.

        It may lack one of them, and would look whole without.
        """
        folders = {instance.path.parent for instance in series.instances}
        return sum(
            reason in DAMAGED and path.parent in folders
            for path, reason in self.unreadable
        )


@quiet()
def read_study(paths: Sequence[Path], threads: int = 4) -> StudyHeaders:
    """Read the headers of all files; no file makes it raise.

    The result does not depend on file names or on their order, except that of two
    contents under one SOP Instance UID the first is kept.
    """
    values = Values()
    headers, unreadable = read_headers(paths, threads, values)
    kept, rivals = _without_duplicates(headers)
    decode_text([header.dataset for header in kept.values()])
    by_study = _grouped(kept, "StudyInstanceUID", values)
    by_series = _grouped(kept, "SeriesInstanceUID", values)
    series = [series_info(members, values) for members in by_series.values()]
    return StudyHeaders(
        study_instance_uid=max(
            sorted(by_study), key=lambda uid: len(by_study[uid]), default=""
        ),
        series=tuple(sorted(series, key=_by_number)),
        datasets=MappingProxyType({uid: h.dataset for uid, h in kept.items()}),
        unreadable=tuple(unreadable),
        rivals=MappingProxyType(rivals),
        study_instance_uids=tuple(sorted(by_study)),
        patient_ids=tuple(sorted(_patients(kept.values(), values))),
    )


def _grouped(
    kept: Mapping[str, Header], keyword: str, values: Values
) -> dict[str, list[Header]]:
    """Return the headers by a value, those of one value by SOP Instance UID."""
    groups: dict[str, list[Header]] = {}
    for _, header in sorted(kept.items()):
        groups.setdefault(values.text(header.dataset, keyword), []).append(header)
    return groups


def _by_number(series: SeriesInfo) -> tuple[bool, int, str]:
    number = series.series_number
    return number is None, number or 0, series.series_instance_uid


def _without_duplicates(
    headers: Sequence[Header],
) -> tuple[dict[str, Header], dict[str, tuple[Path, ...]]]:
    """Return the first header of each instance, and the files of those with rivals."""
    by_uid: dict[str, list[Header]] = {}
    for header in headers:
        by_uid.setdefault(header.sop_instance_uid, []).append(header)
    kept = {uid: same[0] for uid, same in by_uid.items()}
    contents = {uid: _contents(same) for uid, same in by_uid.items() if len(same) > 1}
    return kept, {uid: files for uid, files in contents.items() if len(files) > 1}


def _contents(same: Sequence[Header]) -> tuple[Path, ...]:
    """Return one file for each content, in the order given."""
    files: dict[bytes, Path] = {}
    for header in same:
        files.setdefault(content_digest(header.path), header.path)
    return tuple(files.values())


def _patients(headers: Iterable[Header], values: Values) -> Iterator[str]:
    issuers: dict[str, set[str]] = {}
    for header in headers:
        patient = values.text(header.dataset, "PatientID").strip()
        named = issuers.setdefault(patient, set())
        named.add(values.text(header.dataset, "IssuerOfPatientID").strip())
    issuers.pop("", None)  # without an ID, it is not known who it is
    for patient, named in issuers.items():
        for issuer in named - {""} or {""}:
            yield f"{patient}^^^{issuer}" if issuer else patient


def series_info(headers: Sequence[Header], values: Values) -> SeriesInfo:
    """Describe the series that these headers form, in slice order where it has one.

    A frame of an enhanced image is a slice. An irregular series keeps the order of
    instance number, then SOP Instance UID, then frame.
    """
    headers = [each for header in headers for each in _slices(header, values)]
    headers.sort(key=partial(_by_instance_number, values))
    planes = [_plane(header.dataset, values) for header in headers]
    grid, problem = _grid_or_problem([h.dataset for h in headers], planes, values)
    if grid is not None:
        headers = [headers[index] for index in grid.order]
        planes = [planes[index] for index in grid.order]
    first = headers[0].dataset
    return SeriesInfo(
        study_instance_uid=values.text(first, "StudyInstanceUID"),
        series_instance_uid=values.text(first, "SeriesInstanceUID"),
        modality=values.text(first, "Modality"),
        instances=tuple(
            _instance(header, plane, values)
            for header, plane in zip(headers, planes, strict=True)
        ),
        series_description=values.text(first, "SeriesDescription"),
        series_number=values.integer(first, "SeriesNumber"),
        frame_of_reference_uid=values.valid_uid(first, "FrameOfReferenceUID") or None,
        rows=planes[0].rows,
        columns=planes[0].columns,
        spacing_mm=grid.spacing_mm if grid else None,
        orientation=planes[0].orientation,
        geometry_problem=problem.reason if problem else None,
        geometry_detail=str(problem) if problem else "",
        tags=MappingProxyType(_tags([header.dataset for header in headers], values)),
    )


def _slices(header: Header, values: Values) -> list[Header]:
    """Return a header for each frame of an image that is read so, else its own."""
    first, step = header.pixel_offset, frame_bytes(header.dataset, values)
    frames = [
        Header(
            path=header.path,
            sop_instance_uid=header.sop_instance_uid,
            dataset=dataset,
            pixel_offset=None if first is None else first + index * step,
            frame=index + 1,
        )
        for index, dataset in enumerate(frame_headers(header.dataset))
    ]
    return frames or [header]


def _by_instance_number(values: Values, header: Header) -> tuple[int, str, int]:
    number = values.integer(header.dataset, "InstanceNumber") or 0
    return number, header.sop_instance_uid, header.frame or 0


def _grid_or_problem(
    datasets: Sequence[Dataset], planes: Sequence[Plane], values: Values
) -> tuple[Grid | None, GeometryError | None]:
    try:
        _require_slices(datasets, planes, values)
        _require_one_frame_of_reference(datasets, values)
        marks = [{key: values.text(ds, key) for key in SEPARATORS} for ds in datasets]
        return arrange_series(planes, marks), None
    except GeometryError as error:
        return None, error


def _require_slices(
    datasets: Sequence[Dataset], planes: Sequence[Plane], values: Values
) -> None:
    for dataset, plane in zip(datasets, planes, strict=True):
        if not plane.rows or not plane.columns:
            raise GeometryError("not_an_image", "an instance has no pixel matrix")
        if (values.integer(dataset, FRAMES) or 1) > 1 or SHARED in dataset:
            raise GeometryError(
                "multi_frame_unsupported",
                "of multi-frame images only enhanced CT and MR are read, with "
                "functional groups for every frame",
            )


def _require_one_frame_of_reference(
    datasets: Sequence[Dataset], values: Values
) -> None:
    """Refuse positions that do not start from one origin (PS3.3 C.7.4.1)."""
    named = {values.valid_uid(ds, "FrameOfReferenceUID") for ds in datasets} - {""}
    if len(named) > 1:
        raise GeometryError(
            "several_acquisitions", f"the images name {len(named)} frames of reference"
        )


def _plane(dataset: Dataset, values: Values) -> Plane:
    """Return what one image says about where it lies."""
    position = values.floats(dataset, "ImagePositionPatient", 3)
    orientation = values.floats(dataset, "ImageOrientationPatient", 6)
    spacing = values.floats(dataset, "PixelSpacing", 2)
    return Plane(
        rows=values.integer(dataset, "Rows") or 0,
        columns=values.integer(dataset, "Columns") or 0,
        position_mm=cast("Vector | None", position),
        orientation=cast("Cosines | None", orientation),
        spacing_mm=cast("tuple[float, float] | None", spacing),
    )


def _instance(header: Header, plane: Plane, values: Values) -> Instance:
    return Instance(
        sop_instance_uid=header.sop_instance_uid,
        sop_class_uid=values.text(header.dataset, "SOPClassUID"),
        path=header.path,
        instance_number=values.integer(header.dataset, "InstanceNumber"),
        position_mm=plane.position_mm,
        pixel_offset=header.pixel_offset,
        frame=header.frame,
    )


def _tags(datasets: Sequence[Dataset], values: Values) -> dict[str, str]:
    tags = {keyword: values.text(datasets[0], keyword) for keyword in DESCRIPTIVE_TAGS}
    formats = {
        tuple(values.text(ds, keyword) for keyword in PIXEL_TAGS) for ds in datasets
    }
    if len(formats) == 1:
        tags |= dict(zip(PIXEL_TAGS, formats.pop(), strict=True))
    return {keyword: value for keyword, value in tags.items() if value}

"""What all objects have in common: one edition of one report, and its marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import UID

from models.contract import Findings, LabelMap, Volume
from models.terms import Structure
from models.volume.bundle import Bundle
from node.config_reading import ReportSettings
from node.equipment import MANUFACTURER
from node.report.dates import written_offset
from node.report.facts import local_time, site_offset
from node.report.frames import frames_of, name_frames
from node.report.provenance import (
    Provenance,
    equipment,
    result_uid,
    series_uid,
    software_versions,
    tracking_uid,
)
from node.report.sources import UTF_8
from node.report.text import ReportText, series_description

KINDS = ("SEG", "SR", "SC")
"""What a result has, in the order of their series numbers: no SEG without segments."""

Counts = npt.NDArray[np.intp]

NUMBERED = (*KINDS, "NOTICE", "KO", "PDF")
"""Everything that the node makes, in the order of their series numbers."""


@dataclass(frozen=True, slots=True)
class ReportObject:
    """One DICOM object that is ready to be written.

    Attributes
    ----------
    kind
        ``"SEG"``, ``"SR"``, ``"SC"`` or ``"PDF"``.
    """

    kind: str
    dataset: Dataset
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str

    @classmethod
    def of(cls, kind: str, dataset: Dataset) -> ReportObject:
        """Wrap a finished data set."""
        return cls(
            kind=kind,
            dataset=dataset,
            sop_class_uid=str(dataset.SOPClassUID),
            sop_instance_uid=str(dataset.SOPInstanceUID),
            series_instance_uid=str(dataset.SeriesInstanceUID),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """One edition of one report: all that its objects are made from.

    Attributes
    ----------
    headers
        One per slice, in slice order, from ``source_headers``.
    counts
        From `voxel_counts`: what each slice holds of each label.
    identity
        Hash that an earlier result has, too, if it still stands
        (`node.report.identity`).
    edition
        Hash over everything above and the findings; the UIDs come from it.
    """

    volume: Volume
    findings: Findings
    bundle: Bundle
    headers: tuple[Dataset, ...]
    provenance: Provenance
    settings: ReportSettings
    text: ReportText
    identity: str
    edition: str
    counts: Counts

    @property
    def segments(self) -> tuple[Structure, ...]:
        """Structures that are segments: of one label, and voxels of it.

        Segment ``i + 1`` is ``segments[i]``; there may be none. One that was measured
        is a segment even without a voxel: that nothing of it was found is a result.
        What was only looked for is none.
        """
        measured = {each.structure for each in self.findings.measurements}
        return tuple(
            structure
            for structure in self.findings.structures
            if len(structure.labels) == 1
            and (self.has_voxels(structure) or structure.name in measured)
        )

    def has_voxels(self, structure: Structure) -> bool:
        """Tell whether anything of a structure was found."""
        return bool(self.counts[:, structure.labels].any())

    def largest_slice(self, structure: Structure) -> int:
        """Return the slice that holds most of a structure; the first of none."""
        return int(self.counts[:, structure.labels].sum(axis=1).argmax())

    def uid(self, kind: str) -> UID:
        """Return the UID of one thing of this edition."""
        return result_uid(kind, self.edition)

    def tracking_uid(self, structure: Structure) -> UID:
        """Return the UID that follows a structure of this patient over time."""
        side = structure.laterality
        return tracking_uid(
            self.provenance.site_salt,
            self.headers[0],
            side.value if side else "",
            structure.name,
        )

    def sop_arguments(self, kind: str) -> dict[str, Any]:
        """Return the arguments that every highdicom constructor takes."""
        uid = self.uid(kind)
        return {
            "series_instance_uid": series_uid(uid),
            "series_number": self.settings.series_number + NUMBERED.index(kind),
            "sop_instance_uid": uid,
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": self.bundle.name,
            "software_versions": list(software_versions(self.provenance)),
            "device_serial_number": self.provenance.installation_id,
            "series_description": series_description(
                self.bundle, kind, self.provenance
            ),
            "specific_character_set": UTF_8,
        }


def voxel_counts(labels: LabelMap) -> Counts:
    """Return how many voxels of each label each slice holds, ``(D, 256)``.

    A slice after the other: a chest CT has 35 million voxels, and each look at all of
    them for one structure takes a tenth of a second.
    """
    return np.array([np.bincount(plane.ravel(), minlength=256) for plane in labels])


def finish(dataset: Dataset, report: Report) -> None:
    """Put the marks on an object that all carry: dates, equipment, place, sources.

    Replaces what the library took from the clock, so that equal input gives equal
    bytes.
    """
    source = report.headers[0]
    made = local_time(report.provenance, source, report.settings)
    day, time = made.strftime("%Y%m%d"), made.strftime("%H%M%S")
    for name in ("InstanceCreation", "Content", "Series"):
        setattr(dataset, f"{name}Date", day)
        setattr(dataset, f"{name}Time", time)
    offset = site_offset(source, report.settings)
    if offset is not None:
        dataset.TimezoneOffsetFromUTC = written_offset(offset)
    dataset.ContributingEquipmentSequence = [equipment(report.provenance)]
    name_frames(dataset, frames_of(report.volume.series))
    if report.settings.institution:
        dataset.InstitutionName = report.settings.institution

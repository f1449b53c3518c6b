"""An archive that files what it holds under one patient, and is asked for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from node.errors import ArchiveSilentError
from node.inbound.archive import FoundSeries, Store
from tests.node.inbound.hospital import Hospital
from tests.node.inbound.objects import build_instance


@dataclass
class Filing(Hospital):
    """Tells of every series that it holds.

    Attributes
    ----------
    silent
        Studies whose images are never answered.
    counts_more
        Images by which it counts each series too large.
    """

    silent: set[str] = field(default_factory=set)
    counts_more: int = 0

    def earlier_series(
        self, patient_id: str, before: date, modalities: Collection[str]
    ) -> list[FoundSeries]:
        """Return the series of some modalities, of whomever."""
        self.echo()
        return [
            FoundSeries(
                study,
                series,
                str(images[0].get("StudyDate", "")),
                str(images[0].Modality),
                str(images[0].get("SeriesDescription", "")),
                instances=len(images) + self.counts_more,
            )
            for study, held in self.images.items()
            for series, images in held.items()
            if images[0].Modality in modalities
        ]

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand over some series, unless it falls silent."""
        if study_instance_uid in self.silent:
            self.fetched.append(study_instance_uid)
            raise ArchiveSilentError("not a word")
        return super().fetch_study(study_instance_uid, store, series_instance_uids)


def note(study: str, rejects: str, title: str = "113001", **tags: Any) -> Dataset:
    """Return a note of a study that rejects one instance of its series ``study.1``."""
    instance, series, evidence, code = (Dataset() for _ in range(4))
    instance.ReferencedSOPInstanceUID = rejects
    series.SeriesInstanceUID = f"{study}.1"
    series.ReferencedSOPSequence = [instance]
    evidence.ReferencedSeriesSequence = [series]
    code.CodeValue = title
    return build_instance(
        study,
        f"{study}.9",
        Modality="KO",
        SOPClassUID=KeyObjectSelectionDocumentStorage,
        ConceptNameCodeSequence=[code],
        CurrentRequestedProcedureEvidenceSequence=[evidence],
        **tags,
    )

"""Asking any archive by C-FIND, and for images by C-GET (PS3.4 annex C)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Self, TypeVar, cast

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import build_role, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext, build_context

from node import log
from node.config import ArchiveSettings
from node.errors import ArchiveError, ArchiveSilentError, NodeError
from node.inbound import archive_queries as queries
from node.inbound.archive import (
    REFUSED_FOR_GOOD,
    Found,
    FoundSeries,
    Holding,
    IsOver,
    Routing,
    Store,
)
from node.inbound.archive_association import association_with, name_of
from node.inbound.scp import (
    OUT_OF_RESOURCES,
    STATUSES,
    SUCCESS,
    configure_libraries,
)

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

PENDING = (0xFF00, 0xFF01)

LATE_DAYS = 1
"""By which studies enter an archive later than they are made: over midnight."""

Said = TypeVar("Said")


class DicomArchive:
    """An archive, asked over DIMSE.

    Parameters
    ----------
    settings
        AE title, host, DICOM port and time-out of the archive.
    ae_title
        Our own AE title.
    """

    def __init__(self, settings: ArchiveSettings, ae_title: str) -> None:
        self._settings = settings
        self._ae_title = ae_title
        self._name = name_of(settings)
        configure_libraries()
        self._log = log.get("archive")
        self._skipped: set[str] = set()
        self._is_over: IsOver = lambda: False

    @property
    def source(self) -> str:
        """Name of the archive and of the way in which it is asked."""
        return f"{self._name} by study date"

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Return the number of instances by Series Instance UID, or None.

        An archive that does not return Number of Series Related Instances, which is
        optional, is asked for its instances.

        Raises
        ------
        ArchiveError
            The archive does not answer, or refuses.
        """
        holding = self.holding(study_instance_uid)
        return dict(holding.series) if holding else None

    def holding(self, study_instance_uid: str) -> Holding | None:
        """Return what the archive holds of a study, our own objects too, or None.

        Whether more is to come no archive says by C-FIND: it counts as stable.

        Raises
        ------
        ArchiveError
            The archive does not answer, or refuses.
        """
        with self._association([build_context(STUDY_ROOT_FIND)]) as association:
            holding = self._holding(association, study_instance_uid)
        return holding if holding.series else None

    def search(self, position: str | None, now: datetime, look_back_days: int) -> Found:
        """Return the studies of the last days, by study date.

        The position is the day of the search. Each search begins ``look_back_days``
        before it, and ``LATE_DAYS`` at least. A study that cannot be understood is left
        out, and the log says so.

        Raises
        ------
        ArchiveError
            The archive does not answer, or refuses.
        """
        today = now.astimezone().date()  # study dates are of the site's clock
        begin = min(date.fromisoformat(position), today) if position else today
        days = max(look_back_days, LATE_DAYS)
        query = queries.studies_since(begin - timedelta(days=days))
        with self._association([build_context(STUDY_ROOT_FIND)]) as association:
            records = self._find(association, query)
        studies = self._understood(queries.found_study, records)
        return Found(tuple(studies), today.isoformat())

    def routing(self) -> Routing | None:
        """Return None: DICOM has no word for an archive's own jobs."""
        return None

    def send_again(self, job_id: str) -> None:
        """Refuse: there are no jobs to repeat."""
        raise ArchiveError(f"{self._name} has no job {job_id}")

    def note_fetched(self, study_instance_uid: str, holding: Holding) -> None:
        """Do nothing: the archive keeps no account."""

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand every instance of a study, or of some of its series, to ``store``.

        Raises
        ------
        ArchiveError
            The archive does not answer, refuses, or some images did not come.
        """
        images = self._images(study_instance_uid, series_instance_uids)
        if not images:
            return 0
        storage = queries.storage_contexts([one for s in images.values() for one in s])
        contexts = [build_context(STUDY_ROOT_GET), *storage]
        classes = {cast(UID, each.abstract_syntax) for each in storage}
        roles = [build_role(each, scp_role=True) for each in classes]
        come: set[str] = set()
        handler = (evt.EVT_C_STORE, _keep, [store, come, self._is_over])
        with self._association(contexts, roles, [handler]) as association:
            for series, listed in images.items():
                query = queries.retrieval_of(study_instance_uid, series)
                status = self._get(association, query)
                if not come.issuperset(_uids(listed)):
                    self._check(status, "C-GET")
                    raise ArchiveError(f"{self._name} did not send every image")
        return len(come)

    def earlier_series(
        self, patient_id: str, before: date, modalities: Collection[str]
    ) -> list[FoundSeries]:
        """Return the series of some modalities of a patient's studies before that day.

        Raises
        ------
        ArchiveError
            The archive does not answer, or refuses.
        """
        with self._association([build_context(STUDY_ROOT_FIND)]) as association:
            studies = self._earlier_studies(association, patient_id, before, modalities)
            found = [
                series
                for study in studies
                for series in self._understood(
                    partial(queries.found_series, study),
                    self._find(association, queries.described_series_of(study.uid)),
                )
            ]
        return [series for series in found if series.modality in modalities]

    def within(self, is_over: IsOver) -> Self:
        """Return this archive for questions that somebody waits for.

        One request more may be under way when the time is over, for as long as the
        time-out of the archive.
        """
        asked = copy.copy(self)
        asked._is_over = is_over
        return asked

    def echo(self) -> None:
        """Return when the archive answers C-ECHO.

        Raises
        ------
        ArchiveError
            It does not, or refuses.
        """
        with self._association([build_context(VERIFICATION)]) as association:
            self._check(association.send_c_echo(), "C-ECHO")

    def _images(
        self, study: str, series: Collection[str] | None
    ) -> dict[str, list[Dataset]]:
        """Ask for the images of each series, or of some; leave out the empty ones."""
        with self._association([build_context(STUDY_ROOT_FIND)]) as association:
            if series is None:
                found = self._find(association, queries.series_of(study))
                series = [str(each.SeriesInstanceUID) for each in found]
            asked = {
                uid: self._find(association, queries.images_of(study, uid))
                for uid in series
            }
        return {uid: listed for uid, listed in asked.items() if listed}

    def _earlier_studies(
        self, association: Any, patient_id: str, before: date, held: Collection[str]
    ) -> list[queries.EarlierStudy]:
        """Return the studies that may hold some modalities, the earliest first."""
        query = queries.studies_of_patient(patient_id, before)
        records = queries.of_patient(self._find(association, query), patient_id)
        studies = self._understood(queries.earlier_study, records)
        studies.sort(key=lambda study: (study.date, study.uid))
        return [study for study in studies if study.may_hold(held)]

    def _understood(
        self, read: Callable[[Dataset], Said], records: Sequence[Dataset]
    ) -> list[Said]:
        """Return what records say, without those that say nothing which can be read."""
        understood = []
        for record in records:
            uid = ""
            try:
                uid = str(record.get("StudyInstanceUID", ""))
                understood.append(read(record))
            except Exception as error:  # noqa: BLE001 - one odd record hides no other
                self._log_skipped(log.hashed(uid), error)
        return understood

    def _log_skipped(self, study: str, error: Exception) -> None:
        """Log a record that was skipped, once: it comes again at every search."""
        if study not in self._skipped:
            self._skipped.add(study)
            name = type(error).__name__
            self._log.warning(
                "record_skipped", archive=self._name, study=study, error=name
            )

    def _holding(self, association: Any, study_instance_uid: str) -> Holding:
        counts: dict[str, int] = {}
        modalities: set[str] = set()
        for series in self._find(association, queries.series_of(study_instance_uid)):
            uid = str(series.SeriesInstanceUID)
            number = queries.number(series, "NumberOfSeriesRelatedInstances")
            if number is None:
                images = queries.images_of(study_instance_uid, uid)
                number = len(_uids(self._find(association, images)))
            counts[uid] = number
            modalities |= queries.values(series, "Modality")
        return Holding(counts, frozenset(modalities))

    def _find(self, association: Any, query: Dataset) -> list[Dataset]:
        """Return what is found; an empty data set for a record that is no data set."""
        found = []
        for status, identifier in association.send_c_find(query, STUDY_ROOT_FIND):
            self._check_time()
            if status.get("Status") in PENDING:
                found.append(Dataset() if identifier is None else identifier)
            else:
                self._check(status, "C-FIND")
        return found

    def _get(self, association: Any, query: Dataset) -> Dataset:
        """Return the last status; an empty one when the archive broke off.

        What was refused for good is a failure to the archive, and none to us: who
        calls looks at what came first.
        """
        last = Dataset()
        for status, _ in association.send_c_get(query, STUDY_ROOT_GET):
            last = status
        self._check_time()
        return last

    def _check_time(self) -> None:
        if self._is_over():
            raise ArchiveError(f"{self._name}: the time for the question is over")

    def _check(self, status: Dataset, service: str) -> None:
        code = status.get("Status")
        if code is None:
            raise ArchiveSilentError(f"{self._name} does not answer {service}")
        if code != SUCCESS:
            raise ArchiveError(f"{self._name} refuses {service} with 0x{code:04X}")

    def _association(
        self,
        contexts: Sequence[PresentationContext],
        roles: Sequence[Any] = (),
        handlers: Sequence[Any] = (),
    ) -> AbstractContextManager[Any]:
        self._check_time()
        return association_with(
            self._settings,
            self._ae_title,
            contexts,
            roles=roles,
            handlers=handlers,
            is_over=self._is_over,
        )


def _keep(event: evt.Event, store: Store, come: set[str], is_over: IsOver) -> int:
    """Keep one image of a C-GET; return the status that the Storage SCP would give.

    When the time is over nothing more comes: an archive sends all or is broken off.
    """
    if is_over():
        event.assoc.abort()
        return OUT_OF_RESOURCES
    status = SUCCESS
    try:
        store(event.encoded_dataset())
    except REFUSED_FOR_GOOD as error:
        status = STATUSES[type(error)]
    except NodeError:
        return OUT_OF_RESOURCES
    come.add(str(cast(C_STORE, event.request).AffectedSOPInstanceUID))
    return status


def _uids(images: Sequence[Dataset]) -> set[str]:
    return {str(image.get("SOPInstanceUID", "")) for image in images}

"""Asking Orthanc by its REST API."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Self

from pydantic import SecretStr

from node import log
from node.config import ArchiveSettings
from node.errors import BadUidError
from node.inbound.archive import (
    REFUSED_FOR_GOOD,
    Found,
    FoundSeries,
    FoundStudy,
    Holding,
    IsOver,
    Routing,
    Store,
)
from node.inbound.archive_queries import until
from node.inbound.orthanc_changes import PAGE, since, studies_in
from node.inbound.orthanc_rest import OrthancRest, OrthancSeries
from node.inbound.spool import checked_uid

STORE_JOB = "DicomModalityStore"
ROUTED = "AiNodeRouted"
"""Metadata of a study in which ``lua/route_dicoms.lua`` remembers what the node has."""


class OrthancArchive:
    """Orthanc, asked over HTTP.

    Parameters
    ----------
    settings
        Host, HTTP port and time-out.
    user, password
        Registered user of Orthanc; an empty user sends no credentials.
    ae_title
        Our own AE title, by which Orthanc knows what the node stored.
    """

    def __init__(
        self,
        settings: ArchiveSettings,
        user: str = "",
        password: SecretStr | None = None,
        ae_title: str = "",
    ) -> None:
        address = f"http://{settings.host}:{settings.http_port}"
        self._rest = OrthancRest(address, settings.timeout_s, user, password)
        self._ae_title = ae_title
        self._owners: dict[str, str] = {}  # resource of a job → Study Instance UID

    @property
    def source(self) -> str:
        """Name of the archive and of the way in which it is asked."""
        return f"{self._rest.address}/changes"

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Return the number of instances by Series Instance UID, or None.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        return _counts(self._series(study_instance_uid)) or None

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
            Orthanc does not answer, or refuses.
        """
        number = 0
        for series in self._series(study_instance_uid):
            if series_instance_uids is None or series.uid in series_instance_uids:
                for instance in series.instances:
                    path = f"/instances/{instance}/file"
                    content = self._rest.ask("GET", path).content
                    with suppress(*REFUSED_FOR_GOOD):
                        store(content)
                    number += 1
        return number

    def earlier_series(
        self, patient_id: str, before: date, modalities: Collection[str]
    ) -> list[FoundSeries]:
        """Return the series of some modalities of a patient's studies before that day.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        query = {"PatientID": patient_id, "StudyDate": until(before)}
        with self._rest.translated():
            wanted = {"Modality": "\\".join(sorted(modalities))}
            found = self._rest.find("Series", query | wanted)
            holders = {series["ParentStudy"] for series in found}
            studies = self._rest.find("Study", query)
            held = {study["ID"]: study for study in studies if study["ID"] in holders}
        return list(self._understood(held, found))

    def _understood(
        self, owners: Mapping[str, Any], found: Iterable[Mapping[str, Any]]
    ) -> Iterator[FoundSeries]:
        """Yield the series of some studies, without those that cannot be fetched."""
        for series in found:
            if series["ParentStudy"] in owners:
                try:
                    yield _found_series(owners[series["ParentStudy"]], series)
                except (KeyError, TypeError, AttributeError, BadUidError) as error:
                    name = type(error).__name__
                    log.get("archive").warning("record_skipped", error=name)

    def within(self, is_over: IsOver) -> Self:
        """Return this archive for questions that somebody waits for.

        What comes more slowly than the time-out allows is broken off.
        """
        asked = copy.copy(self)
        asked._rest = self._rest.within(is_over)
        return asked

    def echo(self) -> None:
        """Return when Orthanc answers.

        Raises
        ------
        ArchiveError
            It does not, or refuses.
        """
        self._rest.ask("GET", "/system")

    def search(self, position: str | None, now: datetime, look_back_days: int) -> Found:
        """Return the studies of one page of ``/changes``.

        The position is a number of its sequence. With no day to look back the first
        search finds nothing, and begins behind the last change.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        with self._rest.translated():
            last = int(self._rest.get("/changes?last")["Last"])
            if position is None or int(position) > last:  # another database than then
                if not look_back_days:
                    return Found((), str(last))
                begin = now - timedelta(days=look_back_days)
                position = str(since(begin, last, self._rest.get))
            page = self._rest.get(f"/changes?since={position}&limit={PAGE}")
            found = [self._found(study) for study in studies_in(page)]
            studies = tuple(study for study in found if study is not None)
            return Found(studies, str(page["Last"]), bool(page["Done"]))

    def holding(self, study_instance_uid: str) -> Holding | None:
        """Return what Orthanc holds of a study, without what the node stored there.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        series: list[OrthancSeries] = []
        is_stable = True
        with self._rest.translated():
            for identifier in self._rest.studies(study_instance_uid):
                study = self._rest.get_if_there(f"/studies/{identifier}")
                if study is not None:
                    series += self._foreign_series(identifier)
                    is_stable &= bool(study["IsStable"])
        if not series:
            return None
        modalities = frozenset(each.modality for each in series)
        return Holding(_counts(series), modalities, is_stable)

    def routing(self) -> Routing:
        """Return Orthanc's store jobs to the node that have not succeeded.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        failed: dict[str, str] = {}
        under_way: set[str] = set()
        with self._rest.translated():
            jobs = [job for job in self._rest.get("/jobs?expand") if self._sends(job)]
            self._learn_owners({_resource(job) for job in jobs})
            for job in sorted(jobs, key=lambda job: str(job["CreationTime"])):
                study = self._owners[_resource(job)]
                if job["State"] == "Failure":
                    failed[study] = str(job["ID"])
                else:
                    under_way.add(study)
        return Routing(frozenset(under_way), failed)

    def send_again(self, job_id: str) -> None:
        """Have Orthanc begin a failed job again.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or does not know the job any more.
        """
        self._rest.ask("POST", f"/jobs/{job_id}/resubmit", "")

    def note_fetched(self, study_instance_uid: str, holding: Holding) -> None:
        """Write what the routing script writes after a delivery.

        Nothing is written when Orthanc holds something else by now: that is news.
        An Orthanc that runs another script has no place for it.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        with self._rest.translated():
            for study in self._rest.studies(study_instance_uid):
                series = self._foreign_series(study)
                if _counts(series).items() <= dict(holding.series).items():
                    path = f"/studies/{study}/metadata/{ROUTED}"
                    self._rest.put_if_known(path, _fingerprint(series))

    def _sends(self, job: Mapping[str, Any]) -> bool:
        """Tell whether a job sends to the node and has not succeeded."""
        return (
            job["Type"] == STORE_JOB
            and job["Content"].get("RemoteAet") == self._ae_title
            and bool(job["Content"].get("ParentResources"))
            and job["State"] != "Success"
        )

    def _learn_owners(self, resources: Collection[str]) -> None:
        """Ask for the studies of series that jobs name, and forget those of others.

        A resource that Orthanc does not hold any more belongs to no study: "".
        """
        self._owners = {
            each: self._owners.get(each) or self._owner(each) for each in resources
        }

    def _owner(self, resource: str) -> str:
        study = self._rest.get_if_there(f"/series/{resource}/study")
        study = study or self._rest.get_if_there(f"/studies/{resource}")
        return str(study["MainDicomTags"]["StudyInstanceUID"]) if study else ""

    def _found(self, identifier: str) -> FoundStudy | None:
        study = self._rest.get_if_there(f"/studies/{identifier}")
        series = self._foreign_series(identifier) if study else []
        if study is None or not series:
            return None
        counts = _counts(series)
        return FoundStudy(
            str(study["MainDicomTags"]["StudyInstanceUID"]),
            frozenset(each.modality for each in series),
            sum(counts.values()),
            counts,
        )

    def _series(self, study_instance_uid: str) -> list[OrthancSeries]:
        with self._rest.translated():
            return [
                series
                for study in self._rest.studies(study_instance_uid)
                for series in self._rest.series(study)
            ]

    def _foreign_series(self, study: str) -> list[OrthancSeries]:
        """Return the series that the node did not store, as the routing script does."""
        return [
            series
            for series in self._rest.series(study)
            if not self._ae_title or self._rest.sender(series) != self._ae_title
        ]


def _resource(job: Mapping[str, Any]) -> str:
    """Return what a job sends, or the first of it: all belong to one study."""
    return str(job["Content"]["ParentResources"][0])


def _study_date(study: Mapping[str, Any]) -> str:
    return str(study["MainDicomTags"].get("StudyDate", ""))


def _found_series(study: Mapping[str, Any], series: Mapping[str, Any]) -> FoundSeries:
    tags = series["MainDicomTags"]
    number = str(tags.get("SeriesNumber", "")).strip()
    return FoundSeries(
        study_instance_uid=checked_uid(study["MainDicomTags"]["StudyInstanceUID"]),
        series_instance_uid=checked_uid(tags["SeriesInstanceUID"]),
        study_date=_study_date(study),
        modality=str(tags.get("Modality", "")),
        description=str(tags.get("SeriesDescription", "")),
        number=int(number) if number.isdecimal() else None,
        instances=len(series["Instances"]),
    )


def _counts(found: Iterable[OrthancSeries]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for series in found:
        counts[series.uid] = counts.get(series.uid, 0) + len(series.instances)
    return counts


def _fingerprint(found: Sequence[OrthancSeries]) -> str:
    """Return the routing script's "series:count" of each series, sorted."""
    return ",".join(
        sorted(f"{each.identifier}:{len(each.instances)}" for each in found)
    )

"""Reconciliation: what the archive holds, and the node never got, is brought.

At every look the archive is searched from where the last look ended. What the ledger
is not known to hold, series by series, is noted there, and compared once when it had
time to come by itself; it is compared again when the archive counts otherwise. Then a
failed store job is sent again; where there is none, or that did not help, the study is
fetched. Attempts are bounded, and each waits longer than the last. Position and
attempts lie in the ledger: a restart goes on where the node was. The first look of all
takes what is there for settled, unless it is told to look back.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from node import log
from node.config import ReconcileSettings
from node.errors import ArchiveError, NodeError
from node.inbound.archive import (
    REFUSED_FOR_GOOD,
    FoundStudy,
    Holding,
    Routing,
    SearchableArchive,
)
from node.inbound.scp import OnReleased, OnStored
from node.inbound.spool import OwnObjectError, Spool
from node.inbound.watcher import FETCHED_AE_TITLE
from node.jobs.ledger import Ledger
from node.jobs.ledger_archive import Comparison, Sighting

REMEMBERED_DAYS = 30
"""Days for which a study that is settled is known, beyond those that are searched."""


class Reconciliation:
    """Compares the archive with the ledger, and has brought what lacks.

    Parameters
    ----------
    settings
        How far back, how often, how patiently.
    modalities
        Of the series that the enabled models read; only studies with one of them are
        fetched. A store job that failed is repeated for any study.
    on_stored, on_released
        Told of every image that was fetched and of the end of a fetch, as by the SCP.
    clock
        Aware UTC; only ``run`` reads it.
    """

    def __init__(
        self,
        settings: ReconcileSettings,
        archive: SearchableArchive,
        ledger: Ledger,
        spool: Spool,
        *,
        modalities: Collection[str],
        on_stored: OnStored,
        on_released: OnReleased,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._studies = ledger.studies
        self._records = ledger.archive
        self._spool = spool
        self._modalities = frozenset(modalities)
        self._on_stored = on_stored
        self._on_released = on_released
        self._clock = clock
        self._stopping = threading.Event()
        self._fetches = itertools.count(1)
        self._log = log.get("reconciliation")

    def start(self) -> None:
        """Do nothing: the schedule runs it."""

    def stop(self) -> None:
        """Have a look in progress end after the image that is being fetched."""
        self._stopping.set()

    def run(self) -> None:
        """Look once; whatever fails is tried again at the next look."""
        try:
            self.look(self._clock())
        except NodeError as error:
            self._log.warning("not_reconciled", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the schedule would log its values
            self._log.error("not_reconciled", reason=type(error).__name__)

    def look(self, now: datetime) -> None:
        """Note what is new in the archive, and compare what is due.

        Raises
        ------
        ArchiveError
            The archive does not answer; at most one attempt is counted.
        """
        self._search(now)
        due = self._records.due(now)
        routing = self._archive.routing() if due else None
        for comparison in due:
            if self._stopping.is_set():
                return
            self._compare(comparison, routing, now)
        kept = REMEMBERED_DAYS + self._settings.look_back_days
        self._records.forget(now - timedelta(days=kept))

    def _search(self, now: datetime) -> None:
        """Note the studies of every page with the position behind it."""
        source, settings = self._archive.source, self._settings
        position = self._records.position(source)
        while not self._stopping.is_set():
            found = self._archive.search(position, now, settings.look_back_days)
            sightings = [
                self._sighting(study, now)
                for study in found.studies
                if not self._is_held(study)
            ]
            is_baseline = position is None and not settings.look_back_days
            note = self._records.leave_alone if is_baseline else self._records.note
            note(sightings, now, (source, found.position))
            if found.is_last or found.position == position:  # it would say so for ever
                return
            position = found.position

    def _is_held(self, found: FoundStudy) -> bool:
        """Tell without asking whether the ledger has every image of every series.

        Sums would not tell: one series may lack, and another have more than there.
        """
        study, series = found.study_instance_uid, found.series
        return series is not None and not self._lacking(study, series)

    def _sighting(self, found: FoundStudy, now: datetime) -> Sighting:
        """Return what is noted of a study; what is unknown may be of interest."""
        modalities = found.modalities
        is_read = modalities is None or bool(modalities & self._modalities)
        may_fetch = self._settings.fetch and is_read
        not_before = now + timedelta(seconds=self._settings.settle_s)
        return Sighting(
            found.study_instance_uid, found.instances, may_fetch, not_before
        )

    def _compare(
        self, comparison: Comparison, routing: Routing | None, now: datetime
    ) -> None:
        """Settle a study, have what lacks brought, or leave it for a later look."""
        study = comparison.study_instance_uid
        jobs = routing or Routing()
        if study in jobs.under_way or self._is_arriving(study, now):
            return
        if comparison.may_fetch or study in jobs.failed:
            self._bring_if_lacking(comparison, jobs.failed.get(study), now)
        elif routing is None or self._is_exhausted(comparison):
            self._records.settle(study)
        else:  # a store job may still be made, or fail
            self._tried(comparison, now)

    def _bring_if_lacking(
        self, comparison: Comparison, failed_job: str | None, now: datetime
    ) -> None:
        study = comparison.study_instance_uid
        holding = self._holding(comparison, now)
        if not holding:
            self._records.settle(study)
            return
        is_read = bool(holding.modalities & self._modalities)
        comparison = replace(comparison, may_fetch=comparison.may_fetch and is_read)
        is_wanted = failed_job or comparison.may_fetch
        lacking = self._lacking(study, holding.series) if is_wanted else {}
        if not lacking and self._may_grow_unseen(comparison):
            self._tried(comparison, now)
        elif not lacking:
            self._records.settle(study)
        elif self._is_exhausted(comparison):
            self._give_up(comparison, lacking)
        elif holding.is_stable:
            self._tried(comparison, now)
            try:
                self._bring(comparison, failed_job, holding, lacking)
            except NodeError as error:
                self._log.warning(
                    "study_not_brought", study=log.hashed(study), reason=str(error)
                )

    def _holding(self, comparison: Comparison, now: datetime) -> Holding | None:
        """Ask what the archive holds of a study.

        Raises
        ------
        ArchiveError
            It does not answer; the study is put off, or left in the end.
        """
        try:
            return self._archive.holding(comparison.study_instance_uid)
        except ArchiveError:  # put off, so that it does not hold up the others
            self._tried(comparison, now)
            if self._is_exhausted(comparison):
                self._give_up(comparison, {})
            raise

    def _may_grow_unseen(self, comparison: Comparison) -> bool:
        """Tell whether a study has to be asked for once more before it is settled.

        Where a search tells no numbers it never shows that a study grew.
        """
        is_untold = comparison.instances is None
        return is_untold and comparison.may_fetch and not comparison.attempts

    def _is_arriving(self, study: str, now: datetime) -> bool:
        row = self._studies.get(study)
        settle = timedelta(seconds=self._settings.settle_s)
        return row is not None and now < row.last_received_at + settle

    def _lacking(self, study: str, series: Mapping[str, int]) -> dict[str, int]:
        """Return how many instances the node lacks, by Series Instance UID.

        What the node made itself never lacks, whoever says so.
        """
        held = self._studies.series_counts(study)
        own = self._records.own_series(study)
        return {
            uid: number - held.get(uid, 0)
            for uid, number in series.items()
            if uid not in own and number > held.get(uid, 0)
        }

    def _is_exhausted(self, comparison: Comparison) -> bool:
        return comparison.attempts >= self._settings.attempts

    def _tried(self, comparison: Comparison, now: datetime) -> None:
        """Count an attempt before it is made, so that none is made for ever."""
        settings = self._settings
        wait_s = settings.backoff_s * 2.0 ** min(comparison.attempts, 32)
        wait = timedelta(seconds=min(wait_s, settings.backoff_max_s))
        self._records.tried(comparison.study_instance_uid, now + wait)

    def _give_up(self, comparison: Comparison, lacking: dict[str, int]) -> None:
        self._records.settle(comparison.study_instance_uid)
        self._log.error(
            "study_given_up",
            study=log.hashed(comparison.study_instance_uid),
            attempts=comparison.attempts,
            images_lacking=sum(lacking.values()),
        )

    def _bring(
        self,
        comparison: Comparison,
        failed_job: str | None,
        holding: Holding,
        lacking: Collection[str],
    ) -> None:
        """Have the archive send, first of all; else fetch the series that lack."""
        study = comparison.study_instance_uid
        if failed_job and (not comparison.attempts or not comparison.may_fetch):
            self._archive.send_again(failed_job)
            self._log.info("job_sent_again", study=log.hashed(study))
            return
        came, refused = self._fetch(study, lacking)
        if came < sum(holding.series[series] for series in lacking):
            return
        if not self._may_grow_unseen(comparison):
            self._records.settle(study)
        if not refused:
            self._archive.note_fetched(study, holding)

    def _fetch(self, study: str, series: Collection[str]) -> tuple[int, int]:
        """Fetch some series; return how many instances came, and were refused of them.

        To fetch again what was refused for good, or was our own, would help nobody.

        The watcher takes the fetch for an association, so that it does not call the
        study complete while images are on their way.
        """
        fetch = -next(self._fetches)  # associations have positive numbers
        refused: list[str] = []
        aborted = True
        try:
            number = self._archive.fetch_study(
                study, lambda content: self._keep(content, fetch, refused), series
            )
            aborted = False
        finally:
            self._on_released(fetch, aborted)
        self._log.info(
            "study_fetched",
            study=log.hashed(study),
            images=number - len(refused),
            refused=len(refused),
        )
        return number, len(refused)

    def _keep(self, content: bytes, fetch: int, refused: list[str]) -> None:
        """Keep one image.

        Raises
        ------
        NodeError
            It can never be kept, there is no room, or the node is stopping.
        """
        if self._stopping.is_set():
            raise ArchiveError("the node is stopping")
        try:
            kept = self._spool.store_file(content, FETCHED_AE_TITLE)
        except OwnObjectError:  # of this node with another ledger, or of another node
            raise
        except REFUSED_FOR_GOOD as error:
            refused.append(str(error))
            raise
        self._on_stored(replace(kept.instance, was_sent=False), fetch)

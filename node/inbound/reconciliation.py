"""Reconciliation: what the archive holds, and the node never got, is brought.

At every look the archive is searched from where the last look ended. What the ledger
does not hold is noted there, and compared when it had time to come by itself. Then a
failed store job is sent again; where there is none, or that did not help, the study is
fetched. Attempts are bounded, and each waits longer than the last. Position and
attempts lie in the ledger: a restart goes on where the node was.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from node import log
from node.config import ReconcileSettings
from node.errors import ArchiveError, BadUidError, NodeError, UnreadableError
from node.inbound.archive import FoundStudy, Holding, Routing, SearchableArchive
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
            position = found.position
            sightings = [
                self._sighting(study, now)
                for study in found.studies
                if not self._is_held(study.study_instance_uid, study.instances)
            ]
            self._records.note(sightings, now, (source, position))
            if found.is_last:
                return

    def _is_held(self, study: str, instances: int) -> bool:
        """Tell without asking whether the ledger has every image of a study."""
        return sum(self._studies.series_counts(study).values()) >= instances

    def _sighting(self, found: FoundStudy, now: datetime) -> Sighting:
        may_fetch = self._settings.fetch and bool(found.modalities & self._modalities)
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
        if self._is_held(study, comparison.instances):
            self._records.settle(study)
        elif comparison.may_fetch or study in jobs.failed:
            self._bring_if_lacking(comparison, jobs.failed.get(study), now)
        elif routing is None or self._is_exhausted(comparison):
            self._records.settle(study)
        else:  # a store job may still be made, or fail
            self._tried(comparison, now)

    def _bring_if_lacking(
        self, comparison: Comparison, failed_job: str | None, now: datetime
    ) -> None:
        study = comparison.study_instance_uid
        try:
            holding = self._archive.holding(study)
        except ArchiveError:  # put off, so that it does not hold up the others
            self._tried(comparison, now)
            if self._is_exhausted(comparison):
                self._give_up(comparison, {})
            raise
        lacking = self._lacking(study, holding) if holding else {}
        if not holding or not lacking:
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

    def _is_arriving(self, study: str, now: datetime) -> bool:
        row = self._studies.get(study)
        settle = timedelta(seconds=self._settings.settle_s)
        return row is not None and now < row.last_received_at + settle

    def _lacking(self, study: str, holding: Holding) -> dict[str, int]:
        """Return how many instances the node lacks, by Series Instance UID.

        What the node made itself never lacks, whoever says so.
        """
        held = self._studies.series_counts(study)
        own = self._records.own_series(study)
        return {
            uid: number - held.get(uid, 0)
            for uid, number in holding.series.items()
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
        wanted = sum(holding.series[series] for series in lacking)
        if self._fetch(study, lacking) >= wanted:  # also what turned out to be our own
            self._records.settle(study)
            self._archive.note_fetched(study, holding)

    def _fetch(self, study: str, series: Collection[str]) -> int:
        """Fetch some series; return how many instances came and need not come again.

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
        return number - len(refused)

    def _keep(self, content: bytes, fetch: int, refused: list[str]) -> None:
        """Keep one image; what can never be kept does not hold up the others.

        Raises
        ------
        NodeError
            There is no room, or the node is stopping.
        """
        if self._stopping.is_set():
            raise ArchiveError("the node is stopping")
        try:
            kept = self._spool.store_file(content, FETCHED_AE_TITLE)
        except OwnObjectError:  # of this node with another ledger, or of another node
            return
        except (BadUidError, UnreadableError) as error:
            refused.append(str(error))
            return
        self._on_stored(kept.instance, fetch)

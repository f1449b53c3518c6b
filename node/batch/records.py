"""The ledger of a results folder: what earlier runs did, and what is left to do.

It gives the objects their identity, so that a second run finds that the first one's
stand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from models.volume.rule import Acceptance
from node import log
from node.batch.entry import INTERRUPTED, Entry
from node.batch.found import Found, StudyFiles
from node.batch.order import Order
from node.config import Settings
from node.errors import ConfigError, NodeError
from node.jobs.job import Completeness, JobState
from node.jobs.ledger import LEDGER_FOLDER, Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import UNBOUNDED
from node.jobs.reading import parts_of, reading_of
from node.jobs.request import bundle_of
from node.lock import FolderLock

LOG_FILE = "log.txt"
FROM_FOLDER = "read from a folder: nobody could be asked how many images there are"

WITH_RESULT = frozenset({JobState.REPORTED, JobState.SENT})
FINISHED = WITH_RESULT | {JobState.NOT_APPLICABLE}
"""What need not be read again while nothing changed; a failed job may go better."""


@contextmanager
def opened(order: Order) -> Iterator[Ledger]:
    """Hold the ledger of a results folder alone; what was interrupted is queued.

    The log of the run is written beside it: the terminal belongs to the progress.

    Raises
    ------
    NodeError
        The folder cannot be written, or another process writes there.
    """
    folder = _ledger_folder(order.results)
    lock = FolderLock(folder)
    lock.acquire()
    try:
        with closing(Ledger(folder)) as ledger, _log_file(folder) as stream:
            level = order.settings.log.level
            log.configure(level, json=True, salt=ledger.site_salt, stream=stream)
            for job in ledger.jobs.interrupted():
                ledger.jobs.give_back(job.job_id, "interrupted", datetime.now(UTC))
            ledger.offline.park()
            ledger.offline.relocate(order.results.absolute())
            yield ledger
    finally:
        log.configure()
        lock.release()


class _LogFile(TextIOWrapper):
    """A log that a full disk does not turn into an error of the run."""

    def write(self, text: str, /) -> int:
        """Write, if there is room."""
        with suppress(OSError):
            return super().write(text)
        return 0

    def flush(self) -> None:
        """Force what was written, if there is room."""
        with suppress(OSError):
            super().flush()


@contextmanager
def _log_file(folder: Path) -> Iterator[_LogFile]:
    stream = _LogFile((folder / LOG_FILE).open("ab", buffering=0), encoding="utf-8")
    try:
        yield stream
    finally:
        with suppress(OSError):
            stream.close()


def _ledger_folder(results: Path) -> Path:
    folder = results / LEDGER_FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NodeError(
            f"{results}: {error.strerror}; name another folder for the results"
        ) from None
    return folder


class Records:
    """The ledger, as a run asks and tells it.

    Raises
    ------
    ConfigError
        A model's bundle cannot be used.
    """

    def __init__(self, ledger: Ledger, order: Order) -> None:
        self._ledger = ledger
        self._models = order.models
        self._with_priors = order.settings.priors.enabled
        self._recipes = {
            model: recipe_of(order.settings, model, fast=order.fast)
            for model in order.models
        }
        self._all_series = order.all_series

    def waiting(self, each: Found) -> list[Entry]:
        """Return what is told of an input, as long as nothing is read of it."""
        uid, readings = each.study_instance_uid, self.readings(each)
        return unread(str(each.path), readings, INTERRUPTED, uid)

    def readings(self, found: Found) -> tuple[str, ...]:
        """Return what is to be read of a study: a job each, by its name."""
        if not self._all_series or not isinstance(found, StudyFiles):
            return tuple(self._models)
        return tuple(
            reading_of(model, series)
            for model in self._models
            for series in found.series
        )

    def is_untouched(self, study: StudyFiles) -> bool:
        """Tell whether all of a study in a ZIP is finished, and the ZIP untouched.

        Then nothing of it needs to be unpacked to know that it stands.
        """
        uid = study.study_instance_uid
        known = self._ledger.studies.get(uid)
        if not study.seal or known is None or known.state != "complete":
            return False
        jobs = {job.reading: job for job in self._ledger.jobs.listing(uid)}
        return all(
            (job := jobs.get(reading)) is not None
            and job.state in FINISHED
            and job.recipe == _sealed(self._recipe(reading, study), study.seal)
            for reading in self.readings(study)
        )

    def take(
        self,
        study: StudyFiles,
        unpacked: Mapping[Path, Path],
        threads: int,
        now: datetime,
    ) -> list[str]:
        """Note a study as it lies there now, and queue what is to be read of it.

        Parameters
        ----------
        unpacked
            Where each file was put that lies in a ZIP.

        Returns
        -------
        list
            Readings whose jobs were queued; the jobs of the others stand.

        Raises
        ------
        OSError
            A file is gone, or the disk does not give it.
        """
        uid = study.study_instance_uid
        instances = study.instances(threads, unpacked)
        now_there = {(each.sop_instance_uid, each.digest) for each in instances}
        known = self._ledger.studies.get(uid)
        is_same = (
            known is not None
            and known.state == "complete"  # else a run was cut off between two records
            and self._ledger.studies.contents(uid) == now_there
        )
        recipes = {each: self._recipe(each, study) for each in self.readings(study)}
        wanted = [
            reading
            for reading, recipe in recipes.items()
            if not (is_same and self._stands(uid, reading, recipe))
        ]
        self._ledger.studies.forget_files(self._ledger.studies.files(uid))
        self._ledger.studies.record(instances, now)
        self._ledger.studies.complete(
            uid,
            completeness=Completeness.UNCONFIRMED,
            reason=FROM_FOLDER,
            archive_counts={},
            models=wanted,
            now=now,
            priors_until=UNBOUNDED if self._with_priors else None,
        )
        for reading, recipe in recipes.items():
            job = self.job(uid, reading)
            self._ledger.offline.note_recipe(job.job_id, _sealed(recipe, study.seal))
        self._ledger.offline.due(uid, now, with_priors=self._with_priors)
        return wanted

    def job(self, study_instance_uid: str, reading: str) -> JobRow:
        """Return a job of a study that was taken."""
        jobs = self._ledger.jobs.listing(study_instance_uid)
        return next(job for job in jobs if job.reading == reading)

    def entry(
        self,
        job: JobRow,
        path: str,
        sent: Sequence[Delivery] = (),
        *,
        was_kept: bool = False,
    ) -> Entry:
        """Return what became of a job; ``sent`` are deliveries that were asked for.

        One that failed shows nothing of an earlier version.
        """
        has_result = job.state in WITH_RESULT
        return Entry(
            path=path,
            model=job.model,
            study_instance_uid=job.study_instance_uid,
            job=job,
            objects=self._ledger.jobs.objects(job.job_id) if has_result else (),
            deliveries=sent if has_result else (),
            seconds=self._seconds(job),
            was_kept=was_kept,
            only_series=job.only_series,
        )

    def _recipe(self, reading: str, study: StudyFiles) -> str:
        model, _ = parts_of(reading)
        return "+".join(
            part for part in (self._recipes[model], study.neighbours) if part
        )

    def _stands(self, study_instance_uid: str, reading: str, recipe: str) -> bool:
        """Tell whether an earlier run finished this, with the very same means."""
        jobs = self._ledger.jobs.listing(study_instance_uid)
        return any(
            job.reading == reading
            and job.state in FINISHED
            and _unsealed(job.recipe) == recipe
            for job in jobs
        )

    def _seconds(self, job: JobRow) -> float | None:
        """Return how long a job took: its stages, or its last attempt."""
        if job.timings_s and job.state in WITH_RESULT:
            stages = job.timings_s.items()
            return sum(seconds for stage, seconds in stages if "." not in stage)
        ended = [a for a in self._ledger.jobs.attempts(job.job_id) if a["ended_at"]]
        if not ended:
            return None
        start, end = (
            datetime.fromisoformat(ended[-1][key]) for key in ("started_at", "ended_at")
        )
        return (end - start).total_seconds()


def _sealed(recipe: str, seal: str) -> str:
    """Return what the ledger notes of a job: its recipe, and the seal of its ZIP."""
    return f"{recipe}|{seal}" if seal else recipe


def _unsealed(noted: str | None) -> str:
    return (noted or "").partition("|")[0]


def recipe_of(settings: Settings, model: str, *, fast: bool = False) -> str:
    """Return the hash over what a model reads with: another one may see otherwise.

    Being fast counts for a model that leaves something out then.

    Raises
    ------
    ConfigError
        The bundle is missing, incomplete or not what its hashes say.
    """
    bundle = _bundle(settings, model)
    parts = [
        bundle.digest,
        asdict(rule_of(settings, model)),
        settings.report.model_dump(),
        settings.jobs.device,
        settings.jobs.precision,
        version("pacs-ai-node"),
    ]
    if fast and bundle.fast:
        parts.append("fast")
    plain = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def rule_of(settings: Settings, model: str) -> Acceptance:
    """Return which series a model reads: its bundle's rule, or the site's.

    Raises
    ------
    ConfigError
        As ``recipe_of``.
    """
    return settings.models.of(model).accept.over(_bundle(settings, model).acceptance)


def _bundle(settings: Settings, model: str) -> Bundle:
    try:
        return load_bundle(bundle_of(settings, model) or models.bundle_folder(model))
    except BundleError as error:
        raise ConfigError(f"[models.{model}] {error}") from None


def unread(
    path: str, readings: Sequence[str], reason: str, uid: str = ""
) -> list[Entry]:
    """Return the entries of what has no job: nothing found, or not come to."""
    parts = map(parts_of, readings)
    return [Entry(path, m, uid, reason=reason, only_series=s) for m, s in parts]

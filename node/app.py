"""The node on one page: every stage, in the order a study passes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from node import log
from node.accept import AcceptSettings
from node.config import Settings
from node.errors import ConfigError
from node.inbound.archive import SearchableArchive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from node.inbound.isolated_parser import IsolatedParser
from node.inbound.prior_images import FOLDER, PriorImages, sweep
from node.inbound.priors import QUESTIONS, Priors, wait_for_priors
from node.inbound.reconciliation import Reconciliation
from node.inbound.scp import StorageSCP
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.job import JobRequest
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.notices import Notices, policy_of
from node.jobs.pool import Pool
from node.jobs.request import bundle_of, request_of
from node.lock import FolderLock
from node.processes import wait_for_ended
from node.schedule import Schedule
from node.send.outbox import Outbox, destination_name, readdress

LOOK_S = 1.0
"""Time between two looks whether a command wrote into the ledger, in seconds."""


class Stage(Protocol):
    """A part of the node with threads of its own."""

    def start(self) -> None:
        """Begin to work."""

    def stop(self) -> None:
        """End; what was begun is finished, or found again at the next start."""


class Node:
    """A node that receives, reads, reports and sends until it is stopped.

    Raises
    ------
    NodeError
        Settings, ledger, spool or port cannot be used; the message says which.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data_dir = private_folder(settings.node.data_dir)
        self._ends = ExitStack()
        with ExitStack() as ends:
            self._open(ends)
            self._ends = ends.pop_all()

    def _open(self, ends: ExitStack) -> None:
        """Open the ledger and build every stage over it."""
        settings = self.settings
        lock = FolderLock(self.data_dir)
        lock.acquire()
        ends.callback(lock.release)
        self.ledger = Ledger(self.data_dir)
        ends.callback(self.ledger.close)
        log.configure(
            settings.log.level,
            json=settings.log.json_lines,
            salt=self.ledger.site_salt,
        )
        bundles = enabled_bundles(settings)
        self._silent = silent_models(settings, bundles)
        self._build_reading(bundles)
        self._build_receiving(bundles)

    def _build_reading(self, bundles: Mapping[str, Bundle]) -> None:
        """Build what reads studies and sends the results."""
        settings = self.settings
        self.outboxes = [
            Outbox(settings.send, destination, self.ledger, settings.node.ae_title)
            for destination in settings.destinations
        ]
        destinations = tuple(destination_name(d) for d in settings.destinations)
        results = self.data_dir / "results"
        self.pool = Pool(
            settings.jobs,
            self.ledger,
            make_request=self.request,
            destinations=destinations,
            on_reported=self._wake_outboxes,
            models={name: bundle_of(settings, name) for name in bundles},
            notices=Notices(
                settings, self.ledger, results, destinations, silent=self._silent
            ),
            on_recorded=lambda _: self.priors.wake(),
        )

    def _build_receiving(self, bundles: Mapping[str, Bundle]) -> None:
        """Build what takes images in, and what looks after them later."""
        settings = self.settings
        archive = archive_of(settings)
        self.priors = self._priors(
            archive if settings.priors.archive else None, bundles
        )
        self.spool = Spool(self.data_dir / "spool", settings.inbound)
        self.watcher = Watcher(
            settings.inbound,
            self.ledger,
            self.spool,
            archive,
            models=tuple(bundles),
            on_complete=self._study_complete,
            priors_within=_priors_within(settings),
        )
        self.scp = StorageSCP(
            settings.node,
            settings.inbound,
            self.spool,
            self.ledger,
            on_stored=self.watcher.stored,
            on_released=self.watcher.released,
        )
        self.reconciliation = Reconciliation(
            settings.reconcile,
            archive,
            self.ledger,
            self.spool,
            modalities={bundle.acceptance.modality for bundle in bundles.values()},
            on_stored=self.watcher.stored,
            on_released=self.watcher.released,
        )
        self.schedule = Schedule(
            settings.retention, self.ledger, self.spool, policy_of(settings)
        )
        self.schedule.repeat(
            self.reconciliation.run, settings.reconcile.every_s, at_once=True
        )
        self.schedule.repeat(self._notice_commands, LOOK_S)

    def _priors(
        self, archive: SearchableArchive | None, bundles: Mapping[str, Bundle]
    ) -> Priors:
        """Build what looks for earlier results; what an earlier process left goes."""
        settings, folder = self.settings, self.data_dir / FOLDER
        sweep(folder, self.ledger)
        rules = {name: bundle.acceptance for name, bundle in bundles.items()}
        parser = IsolatedParser(QUESTIONS)
        images = None
        if archive is not None and settings.priors.images:
            free = settings.inbound.min_free_mib << 20
            images = PriorImages(archive, folder, parser.ask, rules, free)
        return Priors(
            self.ledger,
            archive,
            parser=parser,
            rules=rules,
            timeout_s=settings.priors.timeout_s,
            on_found=self.pool.wake,
            images=images,
            images_folder=folder,
        )

    def start(self) -> None:
        """Start every stage, the last of the journey first.

        Raises
        ------
        ConfigError
            The port cannot be used; nothing was touched before that was known.
        """
        self.scp.bind()
        self._ends.callback(self.scp.stop)
        settings = self.settings
        now = datetime.now(UTC)
        readdress(self.ledger, settings.destinations, now)
        self.ledger.deliveries.withhold(self._silent, now)
        stages: tuple[Stage, ...] = (
            *self.outboxes,
            *([self.priors] if settings.priors.enabled else []),  # holds before
            self.pool,  # that claims
            self.watcher,
            self.schedule,
            self.reconciliation,
            self.scp,
        )
        for stage in stages:
            stage.start()
            self._ends.callback(stage.stop)

    def stop(self) -> None:
        """Stop what was started, the first of the journey first; nothing is lost.

        A stage that fails to stop does not keep the others from it.
        """
        try:
            self._ends.close()
        finally:
            wait_for_ended()

    def run(self, wait: Callable[[], object]) -> None:
        """Start, call ``wait`` until it returns, stop."""
        try:
            self.start()
            wait()
        finally:
            self.stop()

    def request(self, job: JobRow) -> JobRequest:
        """Return what a worker needs for the next attempt of a job."""
        request = request_of(job, self.ledger, self.settings, self.data_dir / "results")
        allowed = self.settings.models.allow_demonstration
        return replace(request, may_demonstrate=allowed)

    def _study_complete(self) -> None:
        self.priors.wake()
        self.pool.wake()

    def _notice_commands(self) -> None:
        """Wake who sleeps when a command beside the node wrote into the ledger."""
        if self.ledger.database.changed_by_others():
            self._study_complete()
            self._wake_outboxes()

    def _wake_outboxes(self) -> None:
        for outbox in self.outboxes:
            outbox.wake()


def private_folder(path: Path) -> Path:
    """Make a folder that only this user can enter, and everything below it.

    Raises
    ------
    ConfigError
        The folder cannot be made or written.
    """
    os.umask(0o077)
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"[node] data_dir = {path}: {error.strerror}; "
            "make it writable or name another folder"
        ) from None
    return path.absolute()


def _priors_within(settings: Settings) -> timedelta | None:
    """Return how long a study waits for its priors; None when nobody looks."""
    if not settings.priors.enabled:
        return None
    return wait_for_priors(settings.priors.timeout_s)


def archive_of(settings: Settings) -> SearchableArchive:
    """Return the archive as it is to be asked: by REST, or by C-FIND alone."""
    if settings.archive.rest:
        return OrthancArchive(
            settings.archive,
            settings.archive_user,
            settings.archive_password,
            settings.node.ae_title,
        )
    return DicomArchive(settings.archive, settings.node.ae_title)


def enabled_bundles(settings: Settings) -> dict[str, Bundle]:
    """Verify and return the bundles of the models that may speak on the wire.

    Raises
    ------
    ConfigError
        A bundle is missing, incomplete or not what its hashes say.
    """
    bundles: dict[str, Bundle] = {}
    for name in models.MODELS:
        if not settings.models.of(name).enabled:
            continue
        folder = bundle_of(settings, name) or models.bundle_folder(name)
        try:
            bundle = load_bundle(folder)
        except BundleError as error:
            raise ConfigError(f"[models.{name}] {error}") from None
        if bundle.is_demonstration and not settings.models.allow_demonstration:
            log.get("app").warning("demonstration_model_off", model=name)
            continue
        bundles[name] = _as_ruled(bundle, settings.models.of(name).accept)
    return bundles


def silent_models(settings: Settings, bundles: Mapping[str, Bundle]) -> frozenset[str]:
    """Return the models that are switched on and may not speak: demonstrations.

    Parameters
    ----------
    bundles
        Those that may, from `enabled_bundles`.
    """
    enabled = {name for name in models.MODELS if settings.models.of(name).enabled}
    return frozenset(enabled - bundles.keys())


def _as_ruled(bundle: Bundle, accept: AcceptSettings) -> Bundle:
    """Return the bundle with the rule in force; a rule of the site is told."""
    if accept.written:
        log.get("app").warning(
            "rule_of_this_site", model=bundle.name, keys=", ".join(accept.written)
        )
    return replace(bundle, acceptance=accept.over(bundle.acceptance))

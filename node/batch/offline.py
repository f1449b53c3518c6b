"""Offline: the same journey over a folder, without an archive.

The worker that serves the wire reads the study here too (choose, predict, report);
there is no second pipeline. A ledger of its own under the output folder gives the
objects their identity, so that a second run finds that the first one's stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from models.volume.headers import DAMAGED, content_digest
from models.volume.series import StudyHeaders, read_study
from node import log
from node.config import Destination, Settings
from node.errors import NodeError
from node.jobs.job import (
    Completeness,
    Failed,
    NotApplicable,
    Outcome,
    Reported,
    Unchanged,
)
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import ReceivedInstance
from node.jobs.request import request_of
from node.jobs.worker import perform
from node.lock import FolderLock
from node.send.outbox import Outbox, destination_name, readdress

LEDGER_FOLDER = ".pacs-node"
FROM_FOLDER = "read from a folder: nobody could be asked how many images there are"


def infer(
    path: Path,
    output: Path,
    settings: Settings,
    models: Sequence[str],
    *,
    send: bool = False,
) -> Generator[JobRow]:
    """Read every study at ``path`` with every model; yield each job as it ended.

    Parameters
    ----------
    path
        A DICOM file or a folder; folders and file names mean nothing.
    output
        Folder of the objects: ``<study>/<model>/v<version>/{SEG,SR,SC}.dcm``.
    send
        Also deliver to the configured destinations, one attempt each.

    Raises
    ------
    NodeError
        Nothing at ``path`` is readable DICOM, or the output cannot be written, or
        another process is writing there.
    """
    files = dicom_files(path)
    log.configure(settings.log.level, json=settings.log.json_lines)
    studies = by_study(files, settings.jobs.threads or 4)
    destinations = settings.destinations if send else ()
    with _opened(output, settings) as ledger:
        if destinations:
            readdress(ledger, destinations, datetime.now(UTC))
        run = _Run(ledger, settings, output, destinations)
        for study_instance_uid, (headers, paths) in studies.items():
            _record(ledger, study_instance_uid, headers, paths, models)
            damaged = damaged_beside(paths, headers)
            yield from _jobs(run, study_instance_uid, damaged)


def deliveries(output: Path) -> Mapping[int, Sequence[Delivery]]:
    """Return what became of the objects below ``output`` that were sent, by job.

    Raises
    ------
    NodeError
        There is no ledger.
    """
    with closing(Ledger(output / LEDGER_FOLDER, read_only=True)) as ledger:
        return ledger.deliveries.by_job()


def dicom_files(path: Path) -> tuple[Path, ...]:
    """Return every regular file at ``path``, sorted; links are not followed.

    Raises
    ------
    NodeError
        The path does not exist or holds no file.
    """
    if not path.exists():
        raise NodeError(f"{path}: no such file or folder")
    candidates = [path] if path.is_file() else sorted(path.rglob("*"))
    files = tuple(f for f in candidates if f.is_file() and not f.is_symlink())
    if not files:
        raise NodeError(f"{path}: no file in it")
    return files


def by_study(
    files: Sequence[Path], threads: int
) -> Mapping[str, tuple[StudyHeaders, tuple[Path, ...]]]:
    """Group files by Study Instance UID; what is not DICOM is left out.

    Raises
    ------
    NodeError
        None of the files is readable DICOM.
    """
    headers = read_study(files, threads)
    groups: dict[str, set[Path]] = defaultdict(set)
    for series in headers.series:
        for instance in series.instances:
            same = headers.rivals.get(instance.sop_instance_uid, (instance.path,))
            groups[series.study_instance_uid].update(same)
    if not groups:
        reasons = sorted({reason for _, reason in headers.unreadable})
        why = ", ".join(reasons) or "no image in them"
        raise NodeError(f"none of {len(files)} files is a DICOM image: {why}")
    return {uid: (headers, tuple(sorted(paths))) for uid, paths in groups.items()}


def damaged_beside(files: Sequence[Path], headers: StudyHeaders) -> tuple[Path, ...]:
    """Return the damaged files in the folders of a study: images that it may lack.

    They do not say where they belong; the worker judges those beside its series.
    """
    folders = {path.parent for path in files}
    return tuple(
        path
        for path, reason in headers.unreadable
        if reason in DAMAGED and path.parent in folders
    )


def _ledger_folder(output: Path) -> Path:
    folder = output / LEDGER_FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise NodeError(
            f"{output}: {error.strerror}; name another folder with --output"
        ) from None
    return folder


@contextmanager
def _opened(output: Path, settings: Settings) -> Iterator[Ledger]:
    """Hold the ledger of an output folder alone; what was interrupted is queued."""
    folder = _ledger_folder(output)
    lock = FolderLock(folder)
    lock.acquire()
    try:
        with closing(Ledger(folder)) as ledger:
            log.configure(
                settings.log.level,
                json=settings.log.json_lines,
                salt=ledger.site_salt,
            )
            for job in ledger.jobs.interrupted():
                ledger.jobs.give_back(job.job_id, "interrupted", datetime.now(UTC))
            yield ledger
    finally:
        lock.release()


def _record(
    ledger: Ledger,
    study_instance_uid: str,
    headers: StudyHeaders,
    files: Sequence[Path],
    models: Sequence[str],
) -> None:
    """Note the study and its files in the ledger, and queue its jobs.

    The study is what lies there now: files of an earlier run are forgotten.
    """
    now = datetime.now(UTC)
    ledger.studies.forget_files(ledger.studies.files(study_instance_uid))
    ledger.studies.record(
        _instances(study_instance_uid, headers, frozenset(files)), now
    )
    ledger.studies.complete(
        study_instance_uid,
        completeness=Completeness.UNCONFIRMED,
        reason=FROM_FOLDER,
        archive_counts={},
        models=models,
        now=now,
    )


def _instances(
    study_instance_uid: str, headers: StudyHeaders, files: Collection[Path]
) -> Iterator[ReceivedInstance]:
    """Yield those of ``files`` that count, every content of an instance."""
    for series in headers.series:
        for instance in series.instances:
            uid = instance.sop_instance_uid
            for path in headers.rivals.get(uid, (instance.path,)):
                if path in files:
                    yield ReceivedInstance(
                        study_instance_uid=study_instance_uid,
                        series_instance_uid=series.series_instance_uid,
                        sop_instance_uid=uid,
                        sop_class_uid=instance.sop_class_uid,
                        digest=content_digest(path).hex(),
                        path=path.absolute(),
                        calling_ae_title="",
                    )


@dataclass(frozen=True, slots=True)
class _Run:
    """What all studies of one run share."""

    ledger: Ledger
    settings: Settings
    output: Path
    destinations: Sequence[Destination]


def _jobs(
    run: _Run, study_instance_uid: str, damaged: Sequence[Path]
) -> Iterator[JobRow]:
    """Do what is queued of a study in this process, one after another."""
    ledger = run.ledger
    while job := ledger.jobs.claim(datetime.now(UTC), study_instance_uid):
        request = request_of(job, ledger, run.settings, run.output, every_file=False)
        given = (*request.files, *(path.absolute() for path in damaged))
        outcome = perform(replace(request, files=given, in_order=False))
        _end(run, job, outcome, datetime.now(UTC))
        _send(run, datetime.now(UTC))
        yield ledger.jobs.get(job.job_id)


def _end(run: _Run, job: JobRow, outcome: Outcome, now: datetime) -> None:
    """Record what became of a job."""
    match outcome:
        case Reported():
            names = [destination_name(place) for place in run.destinations]
            run.ledger.jobs.report(job.job_id, outcome, names, now)
        case Unchanged():
            run.ledger.jobs.unchanged(job.job_id, outcome, now)
        case NotApplicable():
            run.ledger.jobs.refuse(job.job_id, outcome, now)
        case Failed():
            run.ledger.jobs.fail(job.job_id, outcome, now)


def _send(run: _Run, now: datetime) -> None:
    """Try everything that is due once: what fails is due later than ``now``."""
    calling = run.settings.node.ae_title
    for destination in run.destinations:
        outbox = Outbox(run.settings.send, destination, run.ledger, calling)
        while outbox.tick(now):
            pass

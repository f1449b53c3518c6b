"""Offline: the same journey over a folder, without an archive.

The worker that serves the wire reads the study here too (choose, predict, report);
there is no second pipeline. A ledger of its own under the output folder gives the
objects their identity, so that a second run finds that the first one's stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from models.volume.headers import DAMAGED, content_digest
from models.volume.series import StudyHeaders, read_study
from node.config import Destination, Settings
from node.errors import NodeError
from node.jobs.job import Completeness, Failed, NotApplicable, Reported, Unchanged
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import ReceivedInstance
from node.jobs.request import request_of
from node.jobs.worker import perform
from node.send.outbox import Outbox, destination_name

LEDGER_FOLDER = ".pacs-node"
FROM_FOLDER = "read from a folder: nobody could be asked how many images there are"


def infer(
    path: Path,
    output: Path,
    settings: Settings,
    models: Sequence[str],
    *,
    send: bool = False,
) -> Iterator[JobRow]:
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
        Nothing at ``path`` is readable DICOM, or the output cannot be written.
    """
    studies = by_study(dicom_files(path), settings.jobs.threads or 4)
    ledger = Ledger(_ledger_folder(output))
    destinations = settings.destinations if send else ()
    try:
        for study_instance_uid, (headers, files) in studies.items():
            _record(ledger, study_instance_uid, headers, files, models)
            damaged = damaged_beside(files, headers)
            yield from _jobs(ledger, settings, output, destinations, damaged)
    finally:
        ledger.close()


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


def _jobs(
    ledger: Ledger,
    settings: Settings,
    output: Path,
    destinations: Sequence[Destination],
    damaged: Sequence[Path],
) -> Iterator[JobRow]:
    """Do what is queued in this process, one after another."""
    names = [destination_name(destination) for destination in destinations]
    while (job := ledger.jobs.claim(datetime.now(UTC))) is not None:
        request = request_of(job, ledger, settings, output)
        given = (*request.files, *(path.absolute() for path in damaged))
        outcome = perform(replace(request, files=given, in_order=False))
        now = datetime.now(UTC)
        match outcome:
            case Reported():
                ledger.jobs.report(job.job_id, outcome, names, now)
            case Unchanged():
                ledger.jobs.unchanged(job.job_id, outcome, now)
            case NotApplicable():
                ledger.jobs.refuse(job.job_id, outcome, now)
            case Failed():
                ledger.jobs.fail(job.job_id, outcome, now)
        for destination in destinations:
            Outbox(settings.send, destination, ledger, settings.node.ae_title).tick(now)
        yield ledger.jobs.get(job.job_id)

"""Results that somebody removed, made once more: the same bytes in the same place."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.volume.bundle import sha256_file
from node.config import Settings
from node.errors import JobError, LedgerError
from node.jobs.job import ObjectFile, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.repeat import repeat_request
from node.jobs.worker import perform


def are_there(objects: Sequence[ObjectFile]) -> bool:
    """Tell whether every object lies where it was written, as it was written."""
    return all(
        made.path.is_file() and sha256_file(made.path) == made.sha256
        for made in objects
    )


def restore(
    job: JobRow,
    ledger: Ledger,
    settings: Settings,
    results: Path,
    beside: Sequence[Path],
) -> bool:
    """Make the objects of a job's last result once more, in this process.

    Returns
    -------
    bool
        Whether they came out as they were; if not, nothing was written.
    """
    wanted = ledger.jobs.objects(job.job_id)
    with tempfile.TemporaryDirectory(prefix=".restored-", dir=results) as folder:
        try:
            request = repeat_request(
                job, ledger, settings, Path(folder), in_order=False
            )
        except (JobError, LedgerError):
            return False
        outcome = perform(replace(request, files=(*request.files, *beside)))
        if not isinstance(outcome, Reported) or _digests(outcome.objects) != _digests(
            wanted
        ):
            return False
        for made, lost in zip(outcome.objects, wanted, strict=True):
            lost.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made.path.replace(lost.path)
    return True


def _digests(objects: Sequence[ObjectFile]) -> list[tuple[str, str]]:
    return [(made.sop_instance_uid, made.sha256) for made in objects]

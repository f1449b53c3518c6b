"""Results that somebody removed, made once more: the same bytes in the same place."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.volume.bundle import sha256_file
from node.jobs import worker
from node.jobs.job import Failed, JobRequest, ObjectFile, Outcome, Reported, Unchanged

NOT_RESTORED = "not_restored"
"""Reason code of an attempt whose objects did not come out as they had been."""


def are_there(objects: Sequence[ObjectFile]) -> bool:
    """Tell whether every object lies where it was written, as it was written."""
    return all(
        made.path.is_file() and sha256_file(made.path) == made.sha256
        for made in objects
    )


def digests(objects: Sequence[ObjectFile]) -> tuple[tuple[str, str], ...]:
    """Return SOP Instance UID and SHA-256 of each object."""
    return tuple((made.sop_instance_uid, made.sha256) for made in objects)


def perform(request: JobRequest) -> Outcome:
    """Do one attempt of one job, as the worker does; restore what is expected of it.

    Objects that come out otherwise are not kept: the next attempt is a reading like
    any other.
    """
    if not request.expected:
        return worker.perform(request)
    request.output_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=request.output_dir) as folder:
        outcome = worker.perform(replace(request, output_dir=Path(folder)))
        if not isinstance(outcome, Reported):
            return outcome
        if digests(outcome.objects) != request.expected:
            return Failed(NOT_RESTORED, "other bytes than before", permanent=False)
        for made in outcome.objects:
            made.path.replace(request.output_dir / made.path.name)
    return Unchanged(outcome.identity)

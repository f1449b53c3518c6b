"""What workers do in the tests of the pool: a module that a child process can import.

What happens is read from the name of the model, so that one pool can mix them.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from node.jobs.job import (
    Failed,
    JobRequest,
    NotApplicable,
    ObjectFile,
    Outcome,
    Reported,
    Unchanged,
)


class PatientError(Exception):
    """An error whose text must not leave the worker."""


ANSWERS: Mapping[str, Outcome] = {
    "permanent": Failed("identity_conflict", "two patients"),
    "transient": Failed("out_of_memory", "MemoryError", permanent=False),
    "refuse": NotApplicable("no_series_accepted", "series 1: modality"),
    "unchanged": Unchanged("identity"),
}


def act(request: JobRequest) -> Outcome:
    """Do what the model is named after; report when it has no such name."""
    if request.model in ANSWERS:
        return ANSWERS[request.model]
    result = reported(request)
    match request.model:
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash_once":
            _crash_first(request)
        case "hang":
            time.sleep(600)
        case "eat":
            _eat()
        case "raise":
            raise PatientError("Doe^John")
        case "brief":
            time.sleep(0.3)
        case _:
            pass
    return result


def load_for_ever(bundles: object, settings: object) -> None:
    """Load models, as ``warm`` does, on a machine under load."""
    time.sleep(600)


def fail(request: JobRequest) -> Outcome:
    """Fail for good, whatever the model."""
    return ANSWERS["permanent"]


def reported(request: JobRequest) -> Reported:
    """Write one small object and report it."""
    request.output_dir.mkdir(parents=True, exist_ok=True)
    path = request.output_dir / "SR.dcm"
    path.write_bytes(b"object")
    made = ObjectFile(
        kind="SR",
        sop_class_uid="1.2.3",
        sop_instance_uid="2.25.7" if request.model == "clash" else own_uid(request),
        series_instance_uid="2.25.1",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        path=path,
        sha256="0" * 64,
    )
    return Reported(
        identity=f"identity of {request.study_instance_uid}",
        series_instance_uid="1.2.3.4",
        completed_at=request.completed_at,
        objects=(made,),
        summary={"pid": str(os.getpid()), "threads": str(request.threads)},
        timings_s={"predict": 0.001},
    )


def own_uid(request: JobRequest) -> str:
    """Return a UID that no other job and version has."""
    return f"2.25.{request.job_id}.{request.version}"


def _crash_first(request: JobRequest) -> None:
    """Kill this process unless an earlier attempt has left its mark."""
    mark = Path(f"{request.output_dir}.crashed")
    if not mark.exists():
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _eat() -> None:
    """Take memory, touching every page, until somebody ends it."""
    eaten: list[bytearray] = []
    while len(eaten) < 100:
        eaten.append(bytearray(b"x") * (16 << 20))
        time.sleep(0.02)

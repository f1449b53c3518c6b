"""The named moments at which the node is killed, and the traps that do it.

Nothing of this is in the product: a trap is wrapped around a function of the product
in the program that a test starts. It springs when the file ``armed`` in the node's
folder names it, and takes its line out of that file before, so that the node which
is started next passes the same place.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

ARMED = "armed"

Moment = Literal["before", "after"]


@dataclass(frozen=True)
class Trap:
    """The ``nth`` time that something is about to happen, or has happened.

    Attributes
    ----------
    target
        ``module:function`` or ``module:Class.method``, where the product looks it up.
    """

    target: str
    moment: Moment
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.target} {self.moment} {self.nth}"


@dataclass(frozen=True)
class Boundary:
    """A moment in the life of a study.

    Attributes
    ----------
    traps
        Sprung in this order: the second one kills the node that recovers from the
        first.
    story
        What is sent: a ``plain`` study; one that gets a ``late`` image after its
        first report, or after the kill when retention had begun to remove its images
        (``aged``); one that the model ``refused``, so that a notice is made.
    """

    name: str
    traps: tuple[Trap, ...]
    story: Literal["plain", "late", "aged", "refused"] = "plain"

    def __str__(self) -> str:
        return self.name


def _at(
    name: str, target: str, moment: Moment, nth: int = 1, **options: Any
) -> Boundary:
    return Boundary(name, (Trap(target, moment, nth),), **options)


SPOOL = "node.inbound.spool:Spool"
WATCHER = "node.inbound.watcher:Watcher"
STUDIES = "node.jobs.ledger_studies:StudyRecords"
JOBS = "node.jobs.ledger_jobs:JobRecords"
DELIVERIES = "node.jobs.ledger_deliveries:DeliveryRecords"
NOTICES = "node.jobs.ledger_notices:NoticeRecords"
RETENTION = "node.jobs.ledger_retention:RetentionRecords"
POOL = "node.jobs.pool:Pool"
WORKER = "node.jobs.worker"
OBJECTS = "node.jobs.objects"
SCU = "node.send.scu"

BOUNDARIES = (
    _at("image written under a temporary name", "pathlib:Path.rename", "before", 5),
    _at("image renamed, its folder not forced", "pathlib:Path.rename", "after", 5),
    _at("image stored, not acknowledged", f"{SPOOL}.store", "after", 5),
    _at("image acknowledged, the next one begun", f"{SPOOL}.store", "before", 6),
    _at("all acknowledged, end not noted", f"{WATCHER}.released", "before"),
    _at("images noted in the ledger", f"{STUDIES}.record", "after"),
    _at("study about to be complete", f"{STUDIES}.complete", "before"),
    _at("study complete, job queued", f"{STUDIES}.complete", "after"),
    _at("job claimed", f"{POOL}._submit", "before"),
    _at("job handed to a worker", "node.jobs.slot:Slot.submit", "after"),
    _at("worker: headers read", f"{WORKER}:read_received", "after"),
    _at("worker: Findings there", "node.predict.fitting:run", "after"),
    _at("worker: objects composed", f"{WORKER}:compose", "after"),
    _at("worker: first object, temporary name", "pathlib:Path.replace", "before"),
    _at("worker: first object written", f"{OBJECTS}:_write", "after", 1),
    _at("worker: second object written", f"{OBJECTS}:_write", "after", 2),
    _at("worker: third object written", f"{OBJECTS}:_write", "after", 3),
    _at("worker: outcome not handed over", f"{WORKER}:_report", "after"),
    _at("outcome there, not recorded", f"{JOBS}.report", "before"),
    _at("outcome recorded, sending not begun", f"{JOBS}.report", "after"),
    _at("association open, nothing sent", f"{SCU}:_store_one", "before", 1),
    _at("1st C-STORE answered, not recorded", f"{SCU}:_store_one", "after", 1),
    _at("3rd C-STORE answered, not recorded", f"{SCU}:_store_one", "after", 3),
    _at("1st delivery recorded, 2nd not", f"{DELIVERIES}.sent", "before", 2),
    _at("every delivery recorded", f"{DELIVERIES}.sent", "after", 3),
    Boundary(
        "outcome not recorded, then at recovery",
        (Trap(f"{JOBS}.report", "before"), Trap(f"{POOL}.recover", "after")),
    ),
    Boundary(
        "end of sending not noted, then at recovery",
        (Trap(f"{WATCHER}.released", "before"), Trap(f"{WATCHER}.recover", "after")),
    ),
    _at("late image noted", f"{STUDIES}.record", "after", story="late"),
    _at("version 2 not recorded", f"{JOBS}.report", "before", story="late"),
    _at("version 2 answered", f"{SCU}:_store_one", "after", story="late"),
    _at("images forgotten, not removed", f"{RETENTION}.forget", "after", story="aged"),
    _at("images removed", "node.retention:_remove", "after", story="aged"),
    _at("notice not recorded", f"{NOTICES}.made", "before", story="refused"),
    _at("notice answered", f"{SCU}:_store_one", "after", story="refused"),
)
"""In the order in which a study passes them."""

ESSENTIAL = (
    "image renamed, its folder not forced",
    "worker: second object written",
    "3rd C-STORE answered, not recorded",
)
"""Names of those that are tried whenever tests are run."""


def arm(folder: Path, traps: tuple[Trap, ...]) -> None:
    """Let the node in ``folder`` run into these traps, one after the other."""
    (folder / ARMED).write_text("\n".join(map(str, traps)), encoding="utf-8")


def sprung(folder: Path) -> bool:
    """Tell whether no trap is left."""
    return not (folder / ARMED).exists()


def set_traps(folder: Path, kill: Callable[[], None]) -> None:
    """Wrap every target of `BOUNDARIES` in this process."""
    for target in {trap.target for each in BOUNDARIES for trap in each.traps}:
        module, _, path = target.partition(":")
        owner: Any = import_module(module)
        *parents, name = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, name, _trapped(getattr(owner, name), target, folder, kill))


def _trapped(
    call: Callable[..., Any], target: str, folder: Path, kill: Callable[[], None]
) -> Callable[..., Any]:
    @wraps(call)
    def trapped(*arguments: Any, **options: Any) -> Any:
        if _is_sprung(folder, target, "before"):
            kill()
        result = call(*arguments, **options)
        if _is_sprung(folder, target, "after"):
            kill()
        return result

    return trapped


def _is_sprung(folder: Path, target: str, moment: Moment) -> bool:
    """Count a passage; tell whether it is the one, and disarm the trap if so."""
    try:
        first, *rest = (folder / ARMED).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    armed, when, nth = first.split(" ")
    if (armed, when) != (target, moment):
        return False
    if int(nth) > 1:
        _rewrite(folder, [f"{armed} {when} {int(nth) - 1}", *rest])
        return False
    _rewrite(folder, rest)
    return True


def _rewrite(folder: Path, lines: list[str]) -> None:
    if lines:
        (folder / ARMED).write_text("\n".join(lines), encoding="utf-8")
    else:
        (folder / ARMED).unlink()


def kill_process() -> None:
    """End this process as a person or the kernel would, in the middle of a line."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_group() -> None:
    """End the whole node from inside one of its workers, as a power cut does."""
    os.killpg(os.getpgrp(), signal.SIGKILL)

"""A result read once more, and compared with what the ledger has recorded of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

from node.config import Settings
from node.errors import JobError
from node.history.card import bundle_now
from node.history.story import JobStory, made_objects
from node.jobs.job import Failed, NotApplicable, Outcome, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import ResultRow
from node.jobs.repeat import repeat_request
from node.jobs.worker import PACKAGE, perform

ANSWERS = {"classifications": "classification", "locations": "location"}
"""Kind of an answer → what one of them is called."""

NOTHING = "-"
"""Stands for a value that one of the two does not have."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One value as it was recorded, and as it came out again."""

    what: str
    recorded: str
    repeated: str
    is_object: bool = False
    """Whether it is the SHA-256 of an object."""

    @property
    def is_equal(self) -> bool:
        """Whether both are the same, to the last digit."""
        return self.recorded == self.repeated


@dataclass(frozen=True, slots=True)
class Repetition:
    """The last result of one job, made once more.

    Attributes
    ----------
    trouble
        Why it could not be made; "" when it was.
    changed
        What is not as it was then, so that other numbers are no wonder.
    """

    job_id: int
    model: str
    version: int
    rows: tuple[Compared, ...] = ()
    trouble: str = ""
    changed: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether everything came out as it was recorded."""
        return not self.trouble and all(row.is_equal for row in self.rows)

    @property
    def only_objects_differ(self) -> bool:
        """Whether the numbers came out, from the same images, but other files."""
        return not self.is_equal and all(
            row.is_equal or row.is_object for row in self.rows
        )


def repeat(
    story: JobStory, ledger: Ledger, settings: Settings, *, in_order: bool
) -> Repetition:
    """Make the last result of a job once more, in a folder that is removed again.

    The ledger is read only, and the node may run: nothing of it changes.
    """
    job, result = story.job, story.results[-1]
    changed = tuple(_changed(job.model, result, settings))
    head = (job.job_id, job.model, result.version)
    with tempfile.TemporaryDirectory(prefix="pacs-node-repeat-") as folder:
        try:
            request = repeat_request(
                job, ledger, settings, Path(folder), in_order=in_order
            )
        except JobError as error:
            trouble = f"cannot be repeated: {error}"
            return Repetition(*head, trouble=trouble, changed=changed)
        outcome = perform(request)
    if isinstance(outcome, Reported):
        return Repetition(*head, rows=tuple(compare(result, outcome)), changed=changed)
    return Repetition(*head, trouble=_trouble(outcome), changed=changed)


def compare(recorded: ResultRow, repeated: Reported) -> Iterator[Compared]:
    """Yield every number, as printed and in full, every answer, then every object."""
    before = {(m.structure, m.name, m.unit): m for m in recorded.measurements}
    after = {(m.structure, m.name, m.unit): m for m in repeated.measurements}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        structure, name, unit = key
        yield Compared(
            f"{structure} {name.lower()}, {unit}",
            f"{old.printed} ({old.value!r})" if old else NOTHING,
            f"{new.printed} ({new.value!r})" if new else NOTHING,
        )
    yield from _answers(recorded, repeated)
    yield Compared(
        "images read",
        recorded.made_with.get("input_digest", NOTHING),
        repeated.made_with.get("input_digest", NOTHING),
    )
    digests = {made.kind: made.sha256 for made in repeated.objects}
    for made in made_objects(recorded):
        digest = digests.pop(made.kind, NOTHING)
        yield Compared(made.kind, made.sha256, digest, is_object=True)
    for kind, digest in digests.items():
        yield Compared(kind, NOTHING, digest, is_object=True)


def _answers(recorded: ResultRow, repeated: Reported) -> Iterator[Compared]:
    """Yield every classification and location, in their order."""
    before, after = recorded.answers.plain(), repeated.answers.plain()
    for kind, singular in ANSWERS.items():
        pairs = zip_longest(before[kind], after[kind])
        for number, (old, new) in enumerate(pairs, start=1):
            yield Compared(f"{singular} {number}", _whole(old), _whole(new))


def _whole(answer: Mapping[str, Any] | None) -> str:
    return NOTHING if answer is None else ", ".join(map(str, answer.values()))


def _changed(model: str, result: ResultRow, settings: Settings) -> Iterator[str]:
    """Yield what is other than when the result was made."""
    bundle = bundle_now(settings, model)
    if bundle is None:
        yield "the bundle cannot be read now"
    elif bundle.weights_digest != result.weights_digest:
        yield (
            f"other weights: then {model} {result.model_version}, SHA-256 "
            f"{result.weights_digest[:12]}; now {bundle.version}, "
            f"{bundle.weights_digest[:12]}"
        )
    elif bundle.digest != result.made_with.get("bundle_digest", bundle.digest):
        yield "the bundle has changed, its weights have not"
    now = version(PACKAGE)
    then = result.made_with.get("package_version", now)
    if then != now:
        yield f"other {PACKAGE}: then {then}, now {now}"


def _trouble(outcome: Outcome) -> str:
    match outcome:
        case NotApplicable():
            return f"no series is read now: {outcome.reason}"
        case Failed():
            return f"failed: {outcome.reason}: {outcome.message}"
        case _:
            return "nothing came out"

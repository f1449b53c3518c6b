"""A job: one study and one model. Its lifecycle, what it is asked, how it ends.

The lifecycle is the literal table ``TRANSITIONS``; nothing else changes a state.
Everything that crosses a process boundary here is plain and holds paths, never
arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from models.history import Prior
from node.accept import AcceptSettings
from node.config_reading import ReportSettings
from node.declared import Declared
from node.errors import LedgerError
from node.jobs.answers import Answers


class JobState(StrEnum):
    """Where a job stands. The last four are outcomes that can be seen."""

    QUEUED = "queued"
    RUNNING = "running"
    REPORTED = "reported"
    SENT = "sent"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


class JobEvent(StrEnum):
    """What can happen to a job."""

    CLAIM = "claim"
    """A worker takes it."""
    REPORT = "report"
    """Its objects lie on disk, or the earlier ones still stand."""
    REFUSE = "refuse"
    """The model reads no series of this study."""
    FAIL = "fail"
    """It cannot succeed, or its attempts are spent."""
    TRY_AGAIN = "try_again"
    """An attempt was lost: worker died, node restarted, deadline passed."""
    DELIVER = "deliver"
    """Every destination holds every object."""
    CHANGE = "change"
    """The study is complete again with other images."""
    RETRY = "retry"
    """Somebody wants it done again."""
    RESEND = "resend"
    """Its objects are wanted somewhere, where they are not yet, or again."""


TRANSITIONS: Mapping[tuple[JobState, JobEvent], JobState] = MappingProxyType(
    {
        (JobState.QUEUED, JobEvent.CLAIM): JobState.RUNNING,
        (JobState.RUNNING, JobEvent.REPORT): JobState.REPORTED,
        (JobState.RUNNING, JobEvent.REFUSE): JobState.NOT_APPLICABLE,
        (JobState.RUNNING, JobEvent.FAIL): JobState.FAILED,
        (JobState.RUNNING, JobEvent.TRY_AGAIN): JobState.QUEUED,
        (JobState.REPORTED, JobEvent.DELIVER): JobState.SENT,
        (JobState.REPORTED, JobEvent.RESEND): JobState.REPORTED,
        (JobState.SENT, JobEvent.RESEND): JobState.REPORTED,
        (JobState.REPORTED, JobEvent.CHANGE): JobState.QUEUED,
        (JobState.SENT, JobEvent.CHANGE): JobState.QUEUED,
        (JobState.NOT_APPLICABLE, JobEvent.CHANGE): JobState.QUEUED,
        (JobState.FAILED, JobEvent.CHANGE): JobState.QUEUED,
        (JobState.REPORTED, JobEvent.RETRY): JobState.QUEUED,
        (JobState.SENT, JobEvent.RETRY): JobState.QUEUED,
        (JobState.NOT_APPLICABLE, JobEvent.RETRY): JobState.QUEUED,
        (JobState.FAILED, JobEvent.RETRY): JobState.QUEUED,
    }
)
"""(state, event) → next state; a pair that is not here is an error."""


def advance(state: JobState, event: JobEvent) -> JobState:
    """Return the next state.

    Raises
    ------
    LedgerError
        The table has no such transition.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise LedgerError(f"a job that is {state} cannot {event}") from None


class Completeness(StrEnum):
    """How the node knows that a study is complete."""

    CONFIRMED = "confirmed"
    """The archive counts as many instances in every series as the node holds."""
    UNCONFIRMED = "unconfirmed"
    """Nobody could be asked; no image came for the quiet time."""


@dataclass(frozen=True, slots=True)
class EarlierImages:
    """A series of an earlier exam of the person, fetched to be read anew.

    Attributes
    ----------
    folder
        Where its files lie, and nothing else, until the job has ended.
    cautions
        As in ``Prior``.
    """

    study_instance_uid: str
    folder: Path
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobRequest:
    """All that a worker needs for one attempt.

    Attributes
    ----------
    files
        Received instances of the whole study, so that demographics can come from
        sibling series.
    in_order
        Whether ``files`` are in the order in which they were received; offline they
        are in none.
    output_dir
        Folder for the objects of this job and version; made by the worker.
    version
        1, or one more than the last version that was reported.
    replaces
        SOP Instance UID of the SR of the last version; None for the first.
    previous_identity
        Identity of the last reported result: when the new one is equal, the
        earlier objects stand (docs/promises.md 3).
    completed_at
        When the ledger first saw this version's study complete (aware UTC); every
        date in the objects comes from it, so that a rebuild is equal.
    accept
        What the site has written in the place of the bundle's rule.
    priors, priors_withheld
        Earlier results of the person, oldest first, and reason codes of what is
        known and not used.
    earlier
        Images of earlier exams that are to be read anew first.
    priors_of
        Salted hash of whom all of these were sought for; "" where nobody was asked.
    declared
        What the site declares of every series that the model reads.
    only_series
        Series Instance UID of the only series that the model is given; "" where it
        chooses one.
    expected
        SOP Instance UID and SHA-256 of the objects that are to come out again; none:
        whatever comes out is the result.
    fast
        Whether the model is to leave out what takes long, if its bundle knows how.
    may_demonstrate
        Whether a model of status ``demonstration`` may answer: who types a command
        has asked it; on the wire the site has to say so.
    """

    job_id: int
    study_instance_uid: str
    model: str
    files: tuple[Path, ...]
    output_dir: Path
    completeness: Completeness
    completeness_reason: str
    version: int
    replaces: str | None
    previous_identity: str | None
    completed_at: datetime
    installation_id: str
    site_salt: str
    bundle: Path | None = None
    report: ReportSettings = field(default_factory=ReportSettings)
    retrieve_ae_title: str = ""
    device: str = "cpu"
    precision: str = "auto"
    threads: int = 1
    in_order: bool = True
    accept: AcceptSettings = field(default_factory=AcceptSettings)
    only_series: str = ""
    expected: tuple[tuple[str, str], ...] = ()
    priors: tuple[Prior, ...] = ()
    priors_withheld: tuple[str, ...] = ()
    earlier: tuple[EarlierImages, ...] = ()
    priors_of: str = ""
    declared: Declared = field(default_factory=Declared)
    fast: bool = False
    may_demonstrate: bool = True


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """One DICOM object that a job wrote; ``kind`` is SEG, SR, SC, PDF, NOTICE or KO."""

    kind: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a model reads one series of the study, and the evidence.

    ``reason`` is a code of the refusal, "" for the series that was chosen; ``detail``
    names the value that decided.
    """

    series_instance_uid: str
    series_number: int | None
    description: str
    images: int
    chosen: bool
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of the report: its value, and as it is printed there."""

    structure: str
    name: str
    value: float
    printed: str
    unit: str


@dataclass(frozen=True, slots=True)
class Reported:
    """The model read a series and the objects lie on disk.

    Attributes
    ----------
    identity
        Hash over everything that shapes the objects except their version.
    completed_at
        From the request: the date that stands in the objects.
    summary
        What a person wants to see first, printed as in the report: the
        measurements by name, ``grade``, ``flags``.
    made_with
        The rest of the provenance: digests of bundle and input, package version,
        device.
    priors, priors_withheld
        From the request: what was known of the person.
    """

    identity: str
    series_instance_uid: str
    completed_at: datetime
    objects: tuple[ObjectFile, ...]
    summary: Mapping[str, str] = field(default_factory=dict)
    timings_s: Mapping[str, float] = field(default_factory=dict)
    precision: str = "fp32"
    model_version: str = ""
    weights_digest: str = ""
    measurements: tuple[Measured, ...] = ()
    answers: Answers = field(default_factory=Answers)
    verdicts: tuple[Verdict, ...] = ()
    made_with: Mapping[str, str] = field(default_factory=dict)
    priors: tuple[Prior, ...] = ()
    priors_withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing that the model reads has changed: the earlier objects stand."""

    identity: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """No series of the study is accepted; ``detail`` says why, series by series."""

    reason: str
    detail: str
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt did not succeed.

    ``permanent`` is True when another attempt on the same input would fail too.
    """

    reason: str
    message: str
    permanent: bool = True


FAST = "fast"
"""Key of what a result was made with, where the model left out what takes long."""

DEMONSTRATION_OFF = "demonstration_off"
"""Reason code of what a demonstration does not say: the site has not allowed it."""

NO_SPACE = "no_space"
"""Reason code of an attempt for whose objects the disk had no room."""

SERIES_NOT_ACCEPTED = "series_not_accepted"
"""Reason code of a reading of one series that the model does not read."""

FILE_MISSING = "file_missing"
"""Reason code of an attempt at a study of which not every file is there; it may be,
another time."""

Outcome = Reported | Unchanged | NotApplicable | Failed


@dataclass(frozen=True, slots=True)
class Unread:
    """A model that did not read a study, the reason code, and its result so far.

    ``version`` is that of an earlier result, 0 when there is none.
    """

    model: str
    reason: str
    bundle: Path | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class NoticeRequest:
    """All that a worker needs to say that a study was not read.

    Attributes
    ----------
    files
        Received instances of the study in the order in which they were received; the
        last readable one says whose it is.
    output_dir
        Folder for the notice; made by the worker.
    ended_at
        When the last job of the study ended (aware UTC): the date of the notice.
    read_by_others
        Whether another model has a result of the study.
    """

    study_instance_uid: str
    unread: tuple[Unread, ...]
    files: tuple[Path, ...]
    output_dir: Path
    ended_at: datetime
    installation_id: str
    report: ReportSettings = field(default_factory=ReportSettings)
    read_by_others: bool = False


@dataclass(frozen=True, slots=True)
class Noticed:
    """The notice lies on disk."""

    made: ObjectFile

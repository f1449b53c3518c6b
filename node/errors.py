"""The tree of errors. What a user reads is one line: what is wrong, what to do.

::

    NodeError
    ├── ConfigError            settings that cannot be used
    ├── SpoolError             an object that cannot be kept
    │   ├── NoSpaceError           the disk is full or below its mark
    │   ├── BadUidError            a UID that must not become a path
    │   └── UnreadableError        not a DICOM data set with UIDs
    ├── ArchiveError           the archive does not answer or refuses
    │   └── ArchiveSilentError     nobody there answers, whatever is asked
    ├── ParserError            what strangers sent could not be looked at
    │   └── ParserStartError       nothing could be: there is no process for it
    ├── LedgerError            the ledger cannot be opened or was misused
    ├── StudyReopenedError     a study is receiving again: its job has to wait
    ├── JobError               a job cannot succeed; carries its reason code
    │   └── UnfitPixelsError       a model cannot read these pixels
    └── SendError              an object could not be delivered

Foreign exceptions are translated where they enter: ``OSError`` in the spool and
the ledger, pynetdicom's silence in the SCUs, the models' ``ValueError`` in
``predict.run``.
"""


class NodeError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigError(NodeError):
    """The settings cannot be used."""


class SpoolError(NodeError):
    """A received object cannot be kept."""


class NoSpaceError(SpoolError):
    """The disk is full, or free space fell under the mark."""


class BadUidError(SpoolError):
    """A UID that is not made of digits and dots must not become a path."""


class UnreadableError(SpoolError):
    """The bytes are not a DICOM data set with study, series and instance UID."""


class ArchiveError(NodeError):
    """The archive does not answer, or refuses."""


class ArchiveSilentError(ArchiveError):
    """The connection failed: the next question would end as this one did."""


class ParserError(NodeError):
    """The process that parses what strangers sent gave no answer."""


class ParserStartError(ParserError):
    """It does not start; another time it may."""


class LedgerError(NodeError):
    """The ledger cannot be opened, or a transition is not in the table."""


class StudyReopenedError(NodeError):
    """An image arrived for a study whose job was just claimed."""


class JobError(NodeError):
    """A job cannot succeed.

    Attributes
    ----------
    reason
        Reason code in snake_case, stable over versions.
    permanent
        True when another attempt on the same input would fail as well.
    """

    def __init__(self, reason: str, message: str, *, permanent: bool = True) -> None:
        super().__init__(message)
        self.reason = reason
        self.permanent = permanent

    def __reduce__(self) -> tuple[object, ...]:
        return _job_error, (self.reason, str(self), self.permanent)


def _job_error(reason: str, message: str, permanent: bool) -> JobError:
    return JobError(reason, message, permanent=permanent)


class UnfitPixelsError(JobError):
    """A model cannot read the pixels of a series whose headers it accepts.

    Attributes
    ----------
    not_applicable
        Whether it was never meant for such images.
    """

    def __init__(self, reason: str, message: str, *, not_applicable: bool) -> None:
        super().__init__(reason, message)
        self.not_applicable = not_applicable

    def __reduce__(self) -> tuple[object, ...]:
        return _unfit_pixels, (self.reason, str(self), self.not_applicable)


def _unfit_pixels(reason: str, message: str, not_applicable: bool) -> UnfitPixelsError:
    return UnfitPixelsError(reason, message, not_applicable=not_applicable)


class SendError(NodeError):
    """An object could not be delivered.

    Attributes
    ----------
    permanent
        True when the destination would refuse the same bytes again.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent

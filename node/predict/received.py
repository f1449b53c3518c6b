"""A study as it was received: whole, of one patient, one content of each image."""

from __future__ import annotations

from models.contract import SeriesInfo
from models.volume.duplicates import ConflictError, settle
from models.volume.series import StudyHeaders, read_study
from node.errors import JobError
from node.jobs.job import FILE_MISSING, JobRequest
from node.predict.choose import ANOTHER_KIND, Choice


def read_received(request: JobRequest, threads: int) -> StudyHeaders:
    """Read the headers, and refuse files that are not one study of one patient.

    Raises
    ------
    JobError
        Permanent: ``no_readable_images``, ``conflicting_instances`` or
        ``identity_conflict``. Transient: ``file_missing``.
    """
    study = _settled(request, threads)
    if not study.series:
        count = len(study.unreadable)
        raise JobError("no_readable_images", f"{count} files, none is a DICOM image")
    if (
        study.identity_conflict
        or study.study_instance_uid != request.study_instance_uid
    ):
        raise JobError(
            "identity_conflict",
            f"images of {len(study.study_instance_uids)} studies "
            f"and {len(study.patient_ids)} patients lie in one study",
        )
    return study


def _settled(request: JobRequest, threads: int) -> StudyHeaders:
    """Read the headers of every file, of one content under each SOP Instance UID."""
    try:
        study = read_study(request.files, threads)
        _require_every_file(study)
        return settle(study, in_order=request.in_order, threads=threads)
    except ConflictError as error:
        raise JobError("conflicting_instances", str(error)) from None
    except OSError as error:  # gone between two looks
        kind = type(error).__name__
        raise JobError(FILE_MISSING, kind, permanent=False) from None


def _require_every_file(study: StudyHeaders) -> None:
    """Refuse a study of which the disk does not give every file.

    The rest of it might look whole, and be taken for the study.
    """
    absent = sum(reason == "unreadable" for _, reason in study.unreadable)
    if absent:
        raise JobError(
            FILE_MISSING, f"{absent} files are gone or unreadable", permanent=False
        )


def require_whole(series: SeriesInfo, study: StudyHeaders) -> None:
    """Refuse a series beside whose images a damaged file lies: it may lack that one.

    Raises
    ------
    JobError
        Permanent ``damaged_file``.
    """
    if damaged := study.damaged_beside(series):
        raise JobError(
            "damaged_file", f"{damaged} damaged files lie beside those of the series"
        )


def require_meant_whole(choice: Choice, study: StudyHeaders) -> None:
    """Refuse a study that was refused for what damage may have made of a series.

    A slice that cannot be read is a gap, and too few slices: it is then no study of
    another kind, but a damaged one.

    Raises
    ------
    JobError
        Permanent ``damaged_file``.
    """
    for series in study.series:
        refusal = choice.refusals.get(series.series_instance_uid)
        if refusal is not None and refusal.reason not in ANOTHER_KIND:
            require_whole(series, study)

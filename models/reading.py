"""A folder of DICOM files in, findings out: a model read from Python, without a node.

The study is read as the node reads it: of one content under each SOP Instance UID, the
series that the model's rule has first, and the next one where the model refuses its
pixels. Nothing is written, and no earlier result of the person is looked for.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import models
from models.contract import Context, Findings, Match, Model, SeriesInfo, UnfitInput
from models.history import Patient
from models.volume.acceptance import judge
from models.volume.demographics import AGE_SOURCES, demographics
from models.volume.duplicates import ConflictError, settle
from models.volume.person import real_date
from models.volume.preference import ranked
from models.volume.series import SeriesError, StudyHeaders, load_volume, read_study

UNREADABLE = "unreadable"
"""Reason of a file that the disk does not give: a study without it may look whole."""


ZIP_BEGINS = b"PK\3\4"


class ReadingError(Exception):
    """A folder has no findings; one line that says why.

    Attributes
    ----------
    reason
        Reason code, as in the tables of `pacs-node batch`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return ReadingError, (self.reason, str(self))


@dataclass(frozen=True, slots=True)
class _Refused:
    """A series that is not read, and why."""

    series: SeriesInfo
    reason: str
    detail: str

    def __str__(self) -> str:
        number = self.series.series_number
        return (
            f"series {'?' if number is None else number}: {self.reason}, {self.detail}"
        )


def read(
    model: Model | str, folder: Path | str, fast: bool = False, device: str = "cpu"
) -> Findings:
    """Read the study in a folder.

    Parameters
    ----------
    model
        Name of a model; or one that ``models.load`` returned, which is then loaded
        once for many studies, and may be of a bundle of your own.
    folder
        Holds the DICOM files of one study, in any arrangement.
    fast
        Leave out what takes long, if the model knows such a thing.
    device
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    Findings
        On the grid of the series that was read, ``(D, H, W)``.

    Raises
    ------
    ReadingError
        The folder holds no study or several, none of its series is read by the model,
        or the one that is meant cannot be.
    models.volume.bundle.BundleError
        The weights are not those that the bundle names.
    """
    reader = _loaded(model) if isinstance(model, str) else model
    study = _study(Path(folder))
    context = Context(
        device=device,
        threads=len(os.sched_getaffinity(0)),
        fast=fast and bool(reader.bundle.fast),
    )
    return _first_that_fits(reader, study, context)


def _loaded(name: str) -> Model:
    if name not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise ReadingError("model_unavailable", f"{name}: unknown; models are {known}")
    return models.load(name)


def _study(folder: Path) -> StudyHeaders:
    """Return the headers of the one study in a folder."""
    if folder.is_file():
        raise ReadingError(
            "no_study", f"{folder}: is a file; name the folder of the images, unpacked"
        )
    if not folder.is_dir():
        raise ReadingError("no_study", f"{folder}: no such folder")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    try:
        study = settle(read_study(files), in_order=False)
    except ConflictError as error:
        raise ReadingError("conflicting_instances", str(error)) from None
    if closed := sum(reason == UNREADABLE for _, reason in study.unreadable):
        raise ReadingError("file_missing", f"{closed} files cannot be read")
    if packed := sum(_is_zip(path) for path, _ in study.unreadable):
        raise ReadingError(
            "no_study",
            f"{folder}: ZIPs lie in it: {packed}; name the folder of one unpacked "
            "study, or read them with `pacs-node batch`",
        )
    if not study.series:
        reasons = Counter(reason for _, reason in study.unreadable)
        told = ", ".join(
            f"{count} {reason}" for reason, count in sorted(reasons.items())
        )
        raise ReadingError("no_study", f"{folder}: no image is read: {told or 'empty'}")
    if study.identity_conflict:
        raise ReadingError(
            "identity_conflict",
            f"studies: {len(study.study_instance_uids)}, patients: "
            f"{len(study.patient_ids)}; name the folder of one study",
        )
    return study


def _is_zip(path: Path) -> bool:
    """Whether a file that is no image begins as a ZIP: studies may lie in it."""
    with path.open("rb") as stream:
        return stream.read(len(ZIP_BEGINS)) == ZIP_BEGINS


def _first_that_fits(model: Model, study: StudyHeaders, context: Context) -> Findings:
    """Read the series that comes first of those whose pixels the model can read."""
    rule = model.bundle.acceptance
    verdicts = [(series, judge(rule, series)) for series in study.series]
    fitting = [series for series, verdict in verdicts if isinstance(verdict, Match)]
    unfit: list[_Refused] = []
    while fitting:
        series = ranked(rule, fitting)[0]
        try:
            return _read(model, study, series, context)
        except UnfitInput as error:
            unfit.append(_Refused(series, error.reason, str(error)))
            fitting.remove(series)
    others = [
        _Refused(series, verdict.reason, verdict.detail)
        for series, verdict in verdicts
        if not isinstance(verdict, Match)
    ]
    raise _nothing_read(model.bundle.name, unfit, others)


def _nothing_read(
    name: str, unfit: Sequence[_Refused], others: Sequence[_Refused]
) -> ReadingError:
    """Return the error that says of every series why it is not read."""
    reason = unfit[0].reason if unfit else "no_series_accepted"
    told = "; ".join(map(str, (*unfit, *others)))
    return ReadingError(reason, f"{name} reads no series of this study: {told}")


def _read(
    model: Model, study: StudyHeaders, series: SeriesInfo, context: Context
) -> Findings:
    if damaged := study.damaged_beside(series):
        raise ReadingError(
            "damaged_file", f"{damaged} damaged files lie beside those of the series"
        )
    known = replace(context, patient=_patient(study, series))
    try:
        return model.predict(load_volume(series, context.threads), known)
    except SeriesError as error:
        raise ReadingError(error.reason, str(error)) from None


def _patient(study: StudyHeaders, series: SeriesInfo) -> Patient:
    """Return whom a series shows, as far as the headers prove it."""
    person = demographics(study, series.series_instance_uid)
    return Patient(
        age_years=person.age_years,
        age_source=AGE_SOURCES.get(person.age_source, ""),
        sex=person.sex if person.sex in {"F", "M"} else None,
        study_date=real_date(person.study_date),
    )

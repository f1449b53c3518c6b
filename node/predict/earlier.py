"""Images of earlier exams read anew by the weights of today: for their numbers alone.

Nobody ordered it, and so no object comes of it. Whatever is wrong with the images,
the study that was ordered is read: what they lack is a reason code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydicom import Dataset

from models.contract import Context, Model, SeriesInfo
from models.history import Patient, Prior
from models.terms import Grade, Measurement, grade
from models.volume.device import device_uid
from models.volume.duplicates import settle
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders, read_study
from node.errors import JobError
from node.jobs.job import EarlierImages, JobRequest
from node.jobs.known_priors import (
    IMAGES_GONE,
    IMAGES_UNREADABLE,
    IMAGES_UNRELIABLE,
)
from node.predict.fitting import NoneFits, read_fitting
from node.predict.patient import patient_of
from node.predict.run import Prediction

IN_ARCHIVE = "images in the archive"
"""Where such a prior was found (`models.history.Prior.source`)."""

IsOwn = Callable[[Dataset], bool]


def with_earlier(
    request: JobRequest,
    model: Model,
    rule: Acceptance,
    context: Context,
    is_own: IsOwn,
) -> JobRequest:
    """Return the request with what the images of earlier exams say; never raises.

    Parameters
    ----------
    is_own
        As in ``choose``.
    """
    priors, withheld = list(request.priors), list(request.priors_withheld)
    asked = replace(request, priors=(), priors_withheld=())
    for images in request.earlier:
        try:
            priors.append(_prior(asked, images, model, rule, context, is_own))
        except JobError as error:
            withheld.append(error.reason)
        except Exception:  # noqa: BLE001 - the study that was ordered is read all the same
            withheld.append(IMAGES_UNREADABLE)
    priors.sort(key=lambda prior: (prior.study_date, prior.study_instance_uid))
    return replace(
        request,
        priors=tuple(priors),
        priors_withheld=tuple(dict.fromkeys(withheld)),
        earlier=(),
    )


def _prior(
    request: JobRequest,
    images: EarlierImages,
    model: Model,
    rule: Acceptance,
    context: Context,
    is_own: IsOwn,
) -> Prior:
    study = _study(images, context.threads)

    def context_of(series: SeriesInfo) -> Context:
        return replace(context, patient=patient_of(request, study, series))

    try:
        read = read_fitting(model, rule, study, is_own, context_of)
    except JobError as error:
        raise JobError(IMAGES_UNREADABLE, error.reason) from None
    if isinstance(read, NoneFits):
        raise JobError(IMAGES_UNREADABLE, read.reason)
    patient = patient_of(request, study, read.prediction.volume.series)
    return _told(images, patient, read.prediction, model)


def _study(images: EarlierImages, threads: int) -> StudyHeaders:
    """Read the headers: of one exam of one person, and of every file.

    Raises
    ------
    JobError
        A reason code of why they are not used.
    """
    if not images.folder.is_dir():
        raise JobError(IMAGES_GONE, "the images were removed")
    study = read_study(sorted(images.folder.iterdir()), threads)
    if (
        study.unreadable
        or study.identity_conflict
        or study.study_instance_uid != images.study_instance_uid
    ):
        raise JobError(IMAGES_UNREADABLE, "not the files of one exam")
    return settle(study, in_order=False, threads=threads)


def _told(
    images: EarlierImages, patient: Patient, prediction: Prediction, model: Model
) -> Prior:
    """Return what was read as a report would tell it.

    Raises
    ------
    JobError
        No date, or grade C: a number that no report would be believed in.
    """
    findings, bundle = prediction.findings, model.bundle
    if grade(findings.flags) is Grade.C:
        raise JobError(IMAGES_UNRELIABLE, "grade C")
    if patient.study_date is None:
        raise JobError(IMAGES_UNREADABLE, "no study date")
    reservations = (f.code for f in findings.flags if f.caps_grade is not Grade.A)
    return Prior(
        study_instance_uid=images.study_instance_uid,
        sr_instance_uid="",
        study_date=patient.study_date,
        source=IN_ARCHIVE,
        model_version=bundle.version,
        device_uid=device_uid(bundle.weights_digest),
        measurements=tuple(map(_printed, findings.measurements)),
        protocol=dict(patient.protocol),
        laterality=patient.laterality,
        cautions=(*images.cautions, *reservations),
    )


def _printed(measurement: Measurement) -> Measurement:
    """Return a number as it would stand in a report that is read back."""
    value = float(measurement.printed)
    return replace(measurement, value=value, interval=None, reference="")

"""One job in one process: read the headers, choose, predict, compose, write.

A worker never touches the ledger: it gets a request and returns an outcome. What
it needs of torch it gets from the model that it loads by name.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import models
from models.contract import Context, Findings, Model, SeriesInfo, Volume
from models.terms import Flag, Measurement, grade
from models.volume.bundle import BundleError
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders
from node.config import JobsSettings
from node.errors import JobError
from node.jobs.answers import Answers, Classified
from node.jobs.job import (
    DEMONSTRATION_OFF,
    FAST,
    NO_SPACE,
    SERIES_NOT_ACCEPTED,
    Completeness,
    Failed,
    JobRequest,
    Measured,
    NotApplicable,
    Outcome,
    Reported,
    Unchanged,
)
from node.jobs.objects import write_objects
from node.jobs.stage import announce
from node.jobs.verdicts import asked, verdicts
from node.predict.choose import Choice, choose, name_of
from node.predict.earlier import with_earlier
from node.predict.fitting import NoneFits, Reading, read_fitting
from node.predict.patient import patient_of, with_own_priors
from node.predict.received import (
    read_received,
    require_meant_whole,
    require_whole,
)
from node.report.compose import UNCONFIRMED, compose, prepare
from node.report.identity import input_digest
from node.report.provenance import Provenance, is_own
from node.report.slices import image_range

PACKAGE = "pacs-ai-node"

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What a disk says that takes no more: full, over the quota, over a limit."""


def perform(request: JobRequest) -> Outcome:
    """Do one attempt of one job; never raises.

    Returns
    -------
    Outcome
        ``Failed`` holds a reason code and words without a patient in them; what
        nobody foresaw is the transient ``internal_error``.
    """
    announce("start")
    try:
        return _perform(request)
    except JobError as error:
        return Failed(error.reason, str(error), permanent=error.permanent)
    except Exception as error:  # noqa: BLE001 - the job's state is set from it
        return _unforeseen(error)


def warm(bundles: Mapping[str, Path | None], settings: JobsSettings) -> None:
    """Load models and let each read noise once, so that the first job is quick.

    What a model measures when it is first called, such as the faster arithmetic,
    it measures here and not while a study waits.

    Parameters
    ----------
    bundles
        Name of the model → folder of its bundle, None for the shipped one. One that
        cannot be loaded is left to the jobs that ask for it, which then fail by name.
    settings
        Device, precision and threads as in the requests that follow.
    """
    for name, bundle in bundles.items():
        with suppress(JobError, ValueError):
            model = load_model(name, bundle)
            model.predict(_noise(model), context_of(settings))
    # What is loaded stays: a search for garbage among it would cost each study time.
    gc.collect()
    gc.freeze()


def _noise(model: Model) -> Volume:
    """Return the smallest volume that a model accepts, filled with noise."""
    rule = model.bundle.acceptance
    shape = (rule.min_slices, rule.min_matrix, rule.min_matrix)
    noise = np.random.default_rng(0).normal(0.0, 100.0, shape).astype(np.float32)
    units = "HU" if rule.modality == "CT" else "arbitrary"
    series = SeriesInfo("1.2.3", "1.2.3.4", rule.modality, instances=())
    return Volume(noise, np.eye(4), units, series)


@lru_cache(maxsize=8)
def load_model(name: str, bundle: Path | None) -> Model:
    """Return a model, loaded once in this process.

    Raises
    ------
    JobError
        ``model_unavailable``: no such model, or its bundle is not what it says.
    """
    try:
        return models.load(name, bundle)
    except (KeyError, BundleError) as error:
        raise JobError("model_unavailable", f"{name}: {error}") from None


@dataclass(slots=True)
class _Clock:
    """Seconds by stage of one job."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        announce(name)
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class _Reading:
    """A job whose images were read: all that its report is made from."""

    request: JobRequest
    model: Model
    study: StudyHeaders
    read: Reading


def _perform(request: JobRequest) -> Outcome:
    clock = _Clock()
    with clock.stage("model"):
        model = load_model(request.model, request.bundle)
        is_fast = request.fast and bool(model.bundle.fast)
        context = replace(context_of(request), fast=is_fast)
    if model.bundle.is_demonstration and not request.may_demonstrate:
        return NotApplicable(DEMONSTRATION_OFF, "[models] allow_demonstration is false")
    with clock.stage("headers"):
        study = read_received(request, context.threads)
    rule = _rule(request, model)
    with clock.stage("choose"):
        choice = choose(rule, study, is_own, only=request.only_series)
    if choice.chosen is None:
        require_meant_whole(choice, study)
        reason = SERIES_NOT_ACCEPTED if request.only_series else choice.reason
        return _refused(choice, reason, study)
    require_whole(choice.chosen, study)
    request = with_own_priors(request, study)
    if request.earlier:
        with clock.stage("priors"):
            request = with_earlier(request, model, rule, context, is_own)

    def context_of_series(series: SeriesInfo) -> Context:
        require_whole(series, study)
        return replace(context, patient=patient_of(request, study, series))

    read = read_fitting(
        model, rule, study, is_own, context_of_series, announce, request.only_series
    )
    if isinstance(read, NoneFits):
        return _refused(read.choice, read.reason, study)
    clock.seconds.update(read.prediction.timings_s)
    return _report(_Reading(request, model, study, read), clock)


def _refused(choice: Choice, reason: str, study: StudyHeaders) -> NotApplicable:
    lines = refusal_lines(choice, study)
    return NotApplicable(reason, lines, verdicts(choice, study))


def _rule(request: JobRequest, model: Model) -> Acceptance:
    """Return the rule in force: the bundle may not be the one that was configured."""
    try:
        return request.accept.over(model.bundle.acceptance)
    except ValueError as error:
        raise JobError("model_unavailable", f"{request.model}: {error}") from None


def _report(reading: _Reading, clock: _Clock) -> Reported | Unchanged:
    """Make and write the objects, unless the earlier ones still stand."""
    request, study = reading.request, reading.study
    volume, findings = reading.read.prediction.volume, reading.read.prediction.findings
    bundle = reading.model.bundle
    with clock.stage("identity"):
        provenance = _provenance(reading)
        report = prepare(volume, findings, bundle, study, provenance, request.report)
    if report.identity == request.previous_identity:
        return Unchanged(report.identity)
    with clock.stage("compose"):
        objects = compose(report)
    with clock.stage("write"):
        files = write_objects(objects, request.output_dir)
    return Reported(
        identity=report.identity,
        series_instance_uid=volume.series.series_instance_uid,
        completed_at=request.completed_at,
        objects=files,
        summary=summary(findings, request.completeness),
        timings_s=clock.seconds,
        precision=findings.precision,
        model_version=bundle.version,
        weights_digest=bundle.weights_digest,
        measurements=tuple(_measured(each) for each in findings.measurements),
        answers=Answers.of(
            findings,
            volume.affine,
            [image_range(volume, place) for place in findings.locations],
        ),
        verdicts=verdicts(reading.read.choice, study),
        made_with=_made_with(provenance, _protocol(reading)),
        priors=request.priors,
        priors_withheld=request.priors_withheld,
    )


def _measured(measurement: Measurement) -> Measured:
    return Measured(
        measurement.structure,
        measurement.name.meaning,
        measurement.value,
        measurement.printed,
        measurement.unit.value,
    )


def _protocol(reading: _Reading) -> Mapping[str, str]:
    """Return how the images were taken, for who compares a later study with it."""
    return reading.read.context.patient.protocol if reading.read.context.patient else {}


def _made_with(provenance: Provenance, protocol: Mapping[str, str]) -> dict[str, str]:
    """Return what the ledger does not hold of a provenance in columns of their own."""
    return {
        "package_version": provenance.package_version,
        "bundle_digest": provenance.bundle_digest,
        "input_digest": provenance.input_digest,
        "device": provenance.device,
        "completeness": provenance.completeness,
        "completeness_reason": provenance.completeness_reason,
        **({FAST: "yes"} if provenance.fast else {}),
        **{f"protocol.{name}": value for name, value in protocol.items()},
    }


def _provenance(reading: _Reading) -> Provenance:
    request, bundle = reading.request, reading.model.bundle
    volume = reading.read.prediction.volume
    return Provenance(
        installation_id=request.installation_id,
        site_salt=request.site_salt,
        package_version=metadata.version(PACKAGE),
        model_name=bundle.name,
        model_version=bundle.version,
        bundle_digest=bundle.digest,
        weights_digest=bundle.weights_digest,
        version=request.version,
        replaces=request.replaces,
        completed_at=request.completed_at,
        precision=reading.read.prediction.findings.precision,
        device=reading.read.context.device,
        input_digest=input_digest(volume.series, volume),
        completeness=request.completeness.value,
        completeness_reason=request.completeness_reason,
        retrieve_ae_title=request.retrieve_ae_title,
        series_reason=reading.read.choice.because,
        priors=request.priors,
        priors_withheld=request.priors_withheld,
        laterality=request.declared.laterality,
        calibration_digest=request.declared.calibration_digest,
        references_digest=bundle.references_digest,
        fast=reading.read.context.fast,
    )


def context_of(request: JobRequest | JobsSettings) -> Context:
    """Return how to compute, with ``auto`` and 0 resolved for this machine.

    Called after the model was loaded: a model that needs torch has imported it.
    """
    device = request.device
    if device == "auto":
        torch: Any = sys.modules.get("torch")
        device = "cuda" if torch and torch.cuda.is_available() else "cpu"
    threads = request.threads or len(os.sched_getaffinity(0))
    return Context(device, request.precision, threads)


def summary(findings: Findings, completeness: Completeness) -> dict[str, str]:
    """Return what a person wants to see first, with the digits of the report."""
    numbers: dict[str, list[str]] = {}
    for measured in findings.measurements:
        name = f"{measured.structure} {measured.name.meaning.lower()}"
        numbers.setdefault(name, []).append(f"{measured.printed} {measured.unit.value}")
    flags: tuple[Flag, ...] = findings.flags
    if completeness is Completeness.UNCONFIRMED:
        flags = (*flags, UNCONFIRMED)
    answers = map(Classified.of, findings.classifications)
    return {
        **{f"{each.structure} {each.name.lower()}": each.told for each in answers},
        **{name: ", ".join(values) for name, values in numbers.items()},
        "grade": grade(flags).value,
        "flags": ", ".join(flag.code for flag in flags),
    }


def refusal_lines(choice: Choice, study: StudyHeaders) -> str:
    """Return a line per series, its number and reason code: nothing identifies."""
    lines = [
        f"{name_of(s)}: {choice.refusals[s.series_instance_uid].reason}"
        for s in asked(choice, study)
    ]
    if study.unreadable:
        lines.append(f"{len(study.unreadable)} files: unreadable")
    return "\n".join(lines)


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether memory ran out, as Python says it, and as torch does on each device.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    True
    """
    kind, says = type(error).__name__, str(error)
    return (
        isinstance(error, MemoryError)
        or kind == "OutOfMemoryError"
        or (kind == "RuntimeError" and "can't allocate memory" in says)
    )


def _unforeseen(error: Exception) -> Failed:
    """Name the type only: the text of a foreign error may hold a patient."""
    kind = type(error).__name__
    if is_out_of_memory(error):
        return Failed("out_of_memory", kind, permanent=False)
    if isinstance(error, OSError) and error.errno in FULL:
        return Failed(NO_SPACE, kind, permanent=False)
    return Failed("internal_error", kind, permanent=False)

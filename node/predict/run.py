"""Load the chosen series, call the model, check what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.contract import (
    Context,
    Findings,
    Model,
    SeriesInfo,
    UnfitInput,
    Volume,
    labels_in,
)
from models.volume.series import SeriesError, load_volume
from node.errors import JobError, UnfitPixelsError


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model found in a series.

    Attributes
    ----------
    findings
        On the grid of ``volume``.
    timings_s
        Seconds of ``load`` and ``predict``, and of the model's own stages.
    """

    volume: Volume
    findings: Findings
    timings_s: Mapping[str, float]


def run(
    model: Model,
    series: SeriesInfo,
    context: Context,
    announce: Callable[[str], None] = lambda _: None,
) -> Prediction:
    """Read ``series`` with ``model``.

    Parameters
    ----------
    announce
        Hears which stage begins: ``load``, then ``predict``.

    Raises
    ------
    UnfitPixelsError
        The model cannot read these pixels.
    JobError
        Permanent: the series is not one readable grid, or what the model returned
        contradicts the images (``invalid_findings``). Transient: ``file_missing``,
        ``out_of_memory``.
    """
    started = time.perf_counter()
    try:
        announce("load")
        volume = load_volume(series, context.threads)
        loaded = time.perf_counter()
        announce("predict")
        findings = model.predict(volume, context)
    except UnfitInput as error:
        raise UnfitPixelsError(
            error.reason, str(error), not_applicable=error.not_applicable
        ) from None
    except SeriesError as error:
        gone = error.reason == "file_missing"
        raise JobError(error.reason, str(error), permanent=not gone) from None
    except ValueError as error:
        raise JobError(
            "invalid_findings", f"{model.bundle.name} broke the contract of a model"
        ) from error
    except MemoryError:
        raise JobError(
            "out_of_memory", "the images do not fit into memory", permanent=False
        ) from None
    predicted = time.perf_counter()
    check(findings, volume)
    timings = {"load": loaded - started, "predict": predicted - loaded}
    timings |= {f"predict.{k}": seconds for k, seconds in findings.timings_s.items()}
    return Prediction(volume, findings, MappingProxyType(timings))


def check(findings: Findings, volume: Volume) -> None:
    """Check what a model returned against the volume that it was given.

    ``Findings`` checks itself when it is made; here is what needs the volume.

    Raises
    ------
    JobError
        ``invalid_findings``: another grid, or a structure that is drawn nowhere and
        yet measured.
    """
    if findings.label_map.shape != volume.shape:
        raise JobError(
            "invalid_findings",
            f"label map {findings.label_map.shape} on images {volume.shape}",
        )
    present = labels_in(findings.label_map)
    absent = {s.name for s in findings.structures if present.isdisjoint(s.labels)}
    for measurement in findings.measurements:
        if measurement.structure in absent and measurement.value > 0:
            raise JobError(
                "invalid_findings", f"{measurement.structure} is measured, not drawn"
            )

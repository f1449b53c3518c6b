"""When two results are one: the hash over all that shapes them.

A result has one *identity*, a hash over everything that shapes it except when it was
made; equal identities mean that an earlier result still stands. An *edition* is one
version of it with its dates and its findings.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version as installed_version
from typing import Any

import numpy as np
from pydicom import Dataset

from models.contract import Findings, Instance, SeriesInfo, Volume
from models.evidence import Location
from models.history import Trend
from node.config_reading import ReportSettings
from node.jobs.known_priors import PASSING
from node.report.provenance import Provenance, digest

LIBRARIES = (
    "arabic-reshaper",
    "highdicom",
    "numpy",
    "pillow",
    "pydicom",
    "python-bidi",
)
"""Libraries whose version may show in the bytes of an object."""

_OF_AN_EDITION = frozenset(
    {"version", "replaces", "completed_at", "completeness", "completeness_reason"}
)
"""What tells editions of one result apart. That a study was confirmed later makes no
new result."""

_WHERE_GIVEN = frozenset(
    {
        "priors",
        "priors_withheld",
        "laterality",
        "calibration_digest",
        "references_digest",
        "fast",
    }
)
"""Counts where there is some: without any, a result is the one that it always was."""

_OF_THE_ROAD = frozenset({"source", "protocol"})
"""What an archive and our own ledger tell differently of one earlier report."""

_ALWAYS_SET = frozenset({"seg", "series_number", "institution", "timezone"})
"""Settings of the first results. A later one counts where it departs from its default,
so that it makes no new version of what was read before there was such a setting."""


def input_digest(series: SeriesInfo, volume: Volume) -> str:
    """Return the SHA-256 over the images that were read, in hexadecimal.

    It does not depend on the order in which the instances were listed.

    Parameters
    ----------
    series
        In slice order: instance ``i`` is slice ``i`` of ``volume``.
    volume
        Its pixels, ``(D, H, W)``.
    """
    uids = [_named(instance) for instance in series.instances]
    digests = [_pixels_digest(plane) for plane in volume.array]
    return digest(sorted(zip(uids, digests, strict=True)))


def _named(instance: Instance) -> str:
    """Name an image by its UID, and a frame by that and its number."""
    if instance.frame is None:
        return instance.sop_instance_uid
    return f"{instance.sop_instance_uid} frame {instance.frame}"


def _plain(trend: Trend) -> list[Any]:
    """Return a trend as plain values; ``asdict`` copies no read-only mapping."""
    points = [asdict(point) for point in trend.points]
    unit, bands = asdict(trend.unit), sorted(trend.bands.items())
    return [trend.structure, unit, trend.decimals, points, bands]


def _decided(findings: Findings) -> list[Any]:
    """Return what a classification rests on as plain values; nothing without one."""
    heat = findings.heat_map
    return [
        *(
            [asdict(replace(each, evidence={})), sorted(each.evidence.items())]
            for each in findings.classifications
        ),
        *(_located(location) for location in findings.locations),
        *(asdict(profile) for profile in findings.profiles),
        *(
            [_pixels_digest(heat.array), heat.affine.tolist(), heat.method]
            if heat
            else []
        ),
    ]


def _located(location: Location) -> dict[str, Any]:
    """Return a location as plain values."""
    plain = asdict(replace(location, outline=None))
    if location.outline is not None:
        plain["outline"] = _pixels_digest(location.outline)
    return plain


def _pixels_digest(plane: np.ndarray[Any, Any]) -> str:
    content = np.ascontiguousarray(plane)
    found = hashlib.sha256(f"{content.dtype.str}{content.shape}".encode())
    found.update(content.data)
    return found.hexdigest()


def identity(
    provenance: Provenance,
    study_instance_uid: str,
    headers: Sequence[Dataset],
    settings: ReportSettings,
) -> str:
    """Return the hash over everything that shapes a result except its version.

    Parameters
    ----------
    headers
        The source headers as written into the objects, from ``source_headers``:
        demographics, study, geometry, equipment; one per slice.
    """
    counted = asdict(provenance)
    counted["priors"] = [_told(prior) for prior in counted["priors"]]
    counted["priors_withheld"] = _lasting(provenance.priors_withheld)
    made = {
        name: value
        for name, value in counted.items()
        if name not in _OF_AN_EDITION and (value or name not in _WHERE_GIVEN)
    }
    written = [json.dumps(ds.to_json_dict(), sort_keys=True) for ds in headers]
    return digest([made, study_instance_uid, written, _chosen(settings)])


def _told(prior: Mapping[str, Any]) -> dict[str, Any]:
    """Return a prior without what depends on where it was found that day."""
    return {name: said for name, said in prior.items() if name not in _OF_THE_ROAD}


def _lasting(reasons: Sequence[str]) -> tuple[str, ...]:
    """Return the reasons that another day would give as well."""
    return tuple(reason for reason in reasons if reason not in PASSING)


def _chosen(settings: ReportSettings) -> dict[str, Any]:
    """Return the settings of a report that shape its identity."""
    departing = settings.model_dump(exclude_defaults=True)
    return settings.model_dump(include={*_ALWAYS_SET, *departing})


def edition(
    identity: str,
    provenance: Provenance,
    findings: Findings,
    words: Sequence[str],
    *,
    pdf: bool = False,
) -> str:
    """Return the hash over one version of a result.

    Identity, dates, findings, and the words that the report puts them in, among them
    the time as the site's clocks tell it.

    Parameters
    ----------
    pdf
        Whether there is one: then what packs it counts.
    """
    made = {k: v for k, v in asdict(provenance).items() if k in _OF_AN_EDITION}
    made["completed_at"] = provenance.completed_at.isoformat()
    found = [
        _pixels_digest(findings.label_map),
        *(asdict(structure) for structure in findings.structures),
        *(asdict(measurement) for measurement in findings.measurements),
        *(asdict(statement) for statement in findings.statements),
        *(asdict(flag) for flag in findings.flags),
        *(_plain(trend) for trend in findings.trends),
        *_decided(findings),
    ]
    libraries = {name: installed_version(name) for name in LIBRARIES}
    if findings.heat_map:
        libraries["scipy"] = installed_version("scipy")
    if pdf:
        libraries["zlib"] = zlib.ZLIB_RUNTIME_VERSION
    return digest([identity, made, found, list(words), libraries])

"""A small study, findings made by hand, and everything else that a report needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.contract import Findings, LabelMap, Volume
from models.history import CHANGE, POSITION, Trend, TrendPoint
from models.terms import Code, Flag, Grade, Measurement, Statement, Structure
from models.volume.bundle import Bundle
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders, load_volume, read_study
from node.config_reading import ReportSettings
from node.report.compose import compose, prepare
from node.report.identity import input_digest
from node.report.provenance import Provenance
from node.report.sop import Report, ReportObject
from tests.dicom_series import write_series

ORGAN = Code("91723000", "SCT", "Anatomical Structure")
HIPPOCAMPUS = Code("5366008", "SCT", "Hippocampus")
ANTERIOR = Code("255549009", "SCT", "Anterior")
POSTERIOR = Code("255551008", "SCT", "Posterior")
LEFT = Code("7771000", "SCT", "Left")
VOLUME = Code("118565006", "SCT", "Volume")
MM3 = Code("mm3", "UCUM", "cubic millimeter")
ML = Code("mL", "UCUM", "milliliter")

FRONT = Structure(
    "Front part",
    (7,),
    ORGAN,
    HIPPOCAMPUS,
    HIPPOCAMPUS,
    modifier=ANTERIOR,
    colour=(255, 179, 0),
)
BACK = Structure(
    "Back part",
    (3,),
    ORGAN,
    HIPPOCAMPUS,
    HIPPOCAMPUS,
    modifier=POSTERIOR,
    colour=(0, 158, 255),
)
BOTH = Structure("Both parts", (7, 3), ORGAN, HIPPOCAMPUS, HIPPOCAMPUS)

NOTE = Flag("no_head_size", "Volumes are not adjusted for head size.")
RESERVATION = Flag("thick_slices", "Slices are thick.", Grade.B)
CYRILLIC = "Ivanova^Anna=Иванова^Анна"
WHEN = datetime(2025, 6, 5, 9, 30, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """The arguments of ``prepare``, by name."""

    volume: Volume
    findings: Findings
    bundle: Bundle
    study: StudyHeaders
    provenance: Provenance
    settings: ReportSettings

    def compose(self) -> dict[str, ReportObject]:
        """Return the objects by kind."""
        objects = compose(self.prepare())
        return {made.kind: made for made in objects}

    def prepare(self) -> Report:
        """Return the edition that the objects are made from."""
        return prepare(**vars(self))


def build_case(
    folder: Path,
    shape: tuple[int, int, int] = (12, 51, 35),
    *,
    provenance: dict[str, Any] | None = None,
    settings: ReportSettings | None = None,
    status: str = "research",
    **tags: Any,
) -> Case:
    """Write a series of ``(D, H, W)`` voxels and put two ellipsoids into it.

    ``tags`` are header values of the series, None to leave one out.
    """
    if not folder.exists():
        grid = {"spacing_mm": (1.5, 1.0, 0.8), "origin_mm": (-20.0, 10.0, 4.0)}
        words = {"description": "Crop", "SoftwareVersions": "1"}
        write_series(folder, _image(shape), **{**grid, **words, **tags})
    study = read_study(sorted(folder.iterdir()))
    volume = load_volume(study.series[0])
    bundle = build_bundle(status)
    return Case(
        volume,
        build_findings(volume),
        bundle,
        study,
        build_provenance(volume, bundle, **provenance or {}),
        settings or ReportSettings(),
    )


def build_findings(volume: Volume, **changes: Any) -> Findings:
    """Return two ellipsoids, measured, with a statement and two flags."""
    labels = ellipsoids(volume.shape)
    findings = Findings(
        label_map=labels,
        structures=(FRONT, BACK, BOTH),
        measurements=tuple(_measure(labels, volume.voxel_mm3)),
        statements=(Statement("Side", "not determinable from a cropped series"),),
        flags=(NOTE, RESERVATION),
    )
    return replace(findings, **changes)


def build_bundle(status: str = "research") -> Bundle:
    """Return a bundle without weights on disk."""
    return Bundle(
        folder=Path(),
        name="ellipsoids",
        title="Ellipsoid volumetry",
        version="1.2.0",
        status=status,
        intended_use="Tests of the report.",
        not_for="Patients.",
        licence="Apache-2.0",
        acceptance=Acceptance("MR"),
        weights={},
        digest="d" * 64,
        weights_digest="b3" * 32,
    )


def build_provenance(volume: Volume, bundle: Bundle, **changes: Any) -> Provenance:
    """Return the provenance of a first, confirmed version."""
    provenance = Provenance(
        installation_id="0f3c2d",
        site_salt="salt",
        package_version="0.1.0",
        model_name=bundle.name,
        model_version=bundle.version,
        bundle_digest=bundle.digest,
        weights_digest=bundle.weights_digest,
        version=1,
        replaces=None,
        completed_at=WHEN,
        precision="fp32",
        device="cpu",
        input_digest=input_digest(volume.series, volume),
        completeness="confirmed",
        retrieve_ae_title="ORTHANC",
        series_reason="its description names Crop",
    )
    return replace(provenance, **changes)


def ellipsoids(shape: tuple[int, int, int]) -> LabelMap:
    """Return ``(D, H, W)`` labels: 7 in the upper rows of an ellipsoid, 3 below."""
    d, h, w = (np.linspace(-1, 1, size) for size in shape)
    inside = (
        (d[:, None, None] / 0.8) ** 2
        + (h[None, :, None] / 0.7) ** 2
        + (w[None, None, :] / 0.6) ** 2
    ) <= 1
    front = np.broadcast_to(h[None, :, None] < -0.1, shape)
    return np.where(inside, np.where(front, 7, 3), 0).astype(np.uint8)


def _measure(labels: LabelMap, voxel_mm3: float) -> list[Measurement]:
    measurements = []
    for structure in (FRONT, BACK, BOTH):
        volume = int(np.isin(labels, structure.labels).sum()) * voxel_mm3
        name = structure.name
        measurements.append(Measurement(name, VOLUME, volume, MM3, decimals=0))
        measurements.append(Measurement(name, VOLUME, volume / 1000, ML, decimals=1))
    return measurements


def _image(shape: tuple[int, int, int]) -> np.ndarray[Any, np.dtype[np.int16]]:
    noise = np.random.default_rng(1).normal(0, 8, shape)
    return (80 + noise + 60 * (ellipsoids(shape) > 0)).astype(np.int16)


NORM = "Potvin 2021 (doi 10.1016/j.neuroimage.2021.118429), 2944 controls"
SCORE = Code("121416", "DCM", "Z-Score of measurement")
NO_UNITS = Code("1", "UCUM", "no units")
RATE = Code("118565006", "SCT", "Volume")
PER_YEAR = Code("%/a", "UCUM", "percent per year")
BANDS = {"controls (Barnes 2009)": (-2.3, -0.52), "Alzheimer's": (-5.4, -3.92)}


def interpreted(findings: Findings) -> Findings:
    """Return findings with everything that a known person adds to them."""
    name = BOTH.name
    total = next(m.value for m in findings.measurements if m.structure == name)
    points = (
        TrendPoint(date(2018, 1, 9), total * 1.06, "1.2.3", 61.0),
        TrendPoint(date(2018, 12, 20), total * 1.03, "1.2.4", 61.0),
        TrendPoint(date(2020, 1, 3), total, "1.2.5", 61.0),
    )
    return replace(
        findings,
        measurements=(
            *findings.measurements,
            Measurement(name, SCORE, -1.41, NO_UNITS, 2, (-1.62, -1.2), NORM),
            Measurement(name, RATE, -2.93, PER_YEAR, 1, (-3.74, -2.12)),
        ),
        statements=(
            *findings.statements,
            Statement(POSITION, "percentile 5–10", name),  # noqa: RUF001 - as printed
            Statement(CHANGE, "The scanner is not that of the prior.", name),
            Statement("Asymmetry", "4.2 % = |L - R| / larger (normal below 8.5 %)"),
        ),
        trends=(Trend(name, MM3, 0, points, BANDS),),
    )


def withheld(findings: Findings) -> Findings:
    """Return findings of a crop of which nobody knows side, head size or prior."""
    reasons = (
        Statement(
            POSITION,
            "The norm was made by another segmenter, and this site has not calibrated "
            "it yet: pacs-node calibrate needs 30 controls.",
            reason="segmenter_mismatch",
        ),
        Statement(CHANGE, "No earlier scan of this patient is known.", reason="none"),
    )
    return replace(findings, statements=(*findings.statements, *reasons))

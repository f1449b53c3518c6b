"""A small chest, and the findings of a model that decides: made up, nothing learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.contract import Findings, LabelMap, Volume
from models.evidence import Classification, HeatMap, Location, Profile
from models.terms import Code, Flag, Grade, Measurement, Structure
from node.config_reading import ReportSettings
from tests.node.report.inputs import ML, ORGAN, VOLUME, Case, build_case

LUNG = Code("39607008", "SCT", "Lung")
ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
QUESTION = Code("19829001", "SCT", "Disorder of lung")
RIGHT = Code("24028007", "SCT", "Right")
LEFT = Code("7771000", "SCT", "Left")
NODULE_TYPE = Code("27925004", "SCT", "Nodule")
EFFUSION_TYPE = Code("60046008", "SCT", "Pleural effusion")
GLASS_TYPE = Code("112120", "DCM", "Ground glass opacity")

LUNGS = Structure("Lungs", (1, 2), ORGAN, LUNG, LUNG)
RIGHT_LUNG = Structure(
    "Right lung", (1,), ORGAN, LUNG, LUNG, laterality=RIGHT, colour=(0, 158, 255)
)
LEFT_LUNG = Structure(
    "Left lung", (2,), ORGAN, LUNG, LUNG, laterality=LEFT, colour=(64, 196, 160)
)
NODULE = Structure("Nodule", (3,), ABNORMAL, NODULE_TYPE, LUNG, colour=(255, 179, 0))
GLASS = Structure(
    "Ground-glass opacity", (4,), ABNORMAL, GLASS_TYPE, LUNG, colour=(240, 120, 200)
)
EFFUSION = Structure(
    "Pleural effusion", (6,), ABNORMAL, EFFUSION_TYPE, LUNG, colour=(255, 120, 60)
)
STRUCTURES = (LUNGS, RIGHT_LUNG, LEFT_LUNG, NODULE, GLASS, EFFUSION)

SHAPE = (24, 48, 64)
AIR, TISSUE = -850, 40

DECIDED = Classification(
    "Lungs",
    QUESTION,
    "pathology",
    0.871,
    0.5,
    "cnn_3d",
    {"cnn_3d": 0.913, "slices": 0.667, "z_profile": 0.745},
)
BELOW = replace(DECIDED, probability=0.214, evidence={"cnn_3d": 0.188})

SIMULATED = Flag("trained_on_simulated", "Trained on simulated chests alone.", Grade.B)


def classified_case(
    folder: Path,
    *,
    shape: tuple[int, int, int] = SHAPE,
    settings: ReportSettings | None = None,
    status: str = "demonstration",
    **tags: Any,
) -> Case:
    """Write a CT series of two lungs in tissue; a nodule lies in the right one."""
    case = build_case(
        folder,
        shape,
        settings=settings,
        status=status,
        **{**chest_tags(shape), **tags},
    )
    return replace(case, findings=decided(case.volume))


def chest_tags(shape: tuple[int, int, int]) -> dict[str, Any]:
    """Return what the headers of a small chest say."""
    return {
        "modality": "CT",
        "description": "Thorax",
        "spacing_mm": (300 / shape[0], 330 / shape[2], 330 / shape[2]),
        "BodyPartExamined": None,
    }


def decided(volume: Volume, **changes: Any) -> Findings:
    """Return findings above the threshold, with two places and a heat map."""
    labels = chest_labels(volume.shape)
    findings = Findings(
        label_map=labels,
        structures=STRUCTURES,
        measurements=tuple(_measure(labels, volume.voxel_mm3)),
        flags=(SIMULATED,),
        classifications=(DECIDED,),
        locations=(
            nodule_in(labels),
            Location(
                "Pleural effusion",
                *effusion_box(volume.shape),
                0.41,
                "slices",
                (LEFT,),
            ),
        ),
        heat_map=heat_map(volume, labels == 3),
        profiles=(profile("Mean density", "HU"), profile("Dense voxels", "")),
    )
    return replace(findings, **changes)


def below(findings: Findings) -> Findings:
    """Return findings below the threshold: nothing located, nothing but lungs."""
    labels = np.where(findings.label_map > 2, 0, findings.label_map).astype(np.uint8)
    return replace(
        findings,
        label_map=labels,
        classifications=(BELOW,),
        locations=(),
        heat_map=None,
    )


def without_masks(findings: Findings) -> Findings:
    """Return findings that have boxes alone: not one voxel, not one volume."""
    empty = np.zeros_like(findings.label_map)
    boxes = tuple(replace(place, outline=None) for place in findings.locations)
    return replace(findings, label_map=empty, measurements=(), locations=boxes)


def chest_labels(shape: tuple[int, int, int]) -> LabelMap:
    """Return ``(D, H, W)`` labels: right lung 1, left lung 2, a nodule 3 in the right.

    Rows grow to the patient's left: the right lung lies in the first columns.
    """
    d, h, w = (np.linspace(-1, 1, size) for size in shape)
    z, y = (d / 0.85)[:, None, None] ** 2, (h / 0.8)[None, :, None] ** 2
    labels = np.zeros(shape, np.uint8)
    for label, middle in ((1, -0.45), (2, 0.45)):
        x = ((w - middle) / 0.35)[None, None, :] ** 2
        labels[z + y + x <= 1] = label
    spot = (
        (d[:, None, None] - 0.2) ** 2
        + (h[None, :, None] + 0.1) ** 2
        + (w[None, None, :] + 0.45) ** 2
    )
    labels[spot <= 0.16**2] = 3
    return labels


def nodule_in(labels: LabelMap) -> Location:
    """Return the place of the nodule that is drawn in a label map."""
    drawn = labels == 3
    first = tuple(int(places.min()) for places in drawn.nonzero())
    last = tuple(int(places.max()) for places in drawn.nonzero())
    (d, h, w), (d_last, h_last, w_last) = first, last
    outline = drawn[d : d_last + 1, h : h_last + 1, w : w_last + 1]
    return Location(
        "Nodule",
        (d, h, w),
        (d_last, h_last, w_last),
        0.93,
        "cnn_3d",
        (RIGHT,),
        outline.copy(),
    )


def effusion_box(
    shape: tuple[int, int, int],
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return a box low at the back of the left lung, where no mask lies."""
    d, h, w = shape
    first = (d // 6, int(h * 0.7), int(w * 0.62))
    return first, (d // 3, int(h * 0.9), int(w * 0.85))


def heat_map(volume: Volume, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> HeatMap:
    """Return heat around a mask on a grid four times as coarse as the volume."""
    coarse = np.diag([4.0, 4.0, 4.0, 1.0])
    array = mask[::4, ::4, ::4].astype(np.float32)
    array[2, 6, 11] = 0.4
    return HeatMap(array, volume.affine @ coarse, "Grad-CAM of the 3D network")


def profile(label: str, unit: str) -> Profile:
    """Return a curve that leaves its band between two places."""
    places = tuple(float(n) for n in range(0, 101, 5))
    base, step = (-840.0, 60.0) if unit else (0.02, 0.05)
    low = tuple(base - step for _ in places)
    high = tuple(base + step for _ in places)
    values = tuple(base + (3 * step if 40 <= p <= 55 else 0.0) for p in places)
    marked = tuple(n for n, p in enumerate(places) if 40 <= p <= 55)
    return Profile(
        label, unit, "apex to base, % of height", places, values, low, high, marked
    )


def _measure(labels: LabelMap, voxel_mm3: float) -> list[Measurement]:
    millilitres = {
        lung.name: float(np.isin(labels, lung.labels).sum()) * voxel_mm3 / 1000
        for lung in (LUNGS, RIGHT_LUNG, LEFT_LUNG)
    }
    return [
        Measurement(name, VOLUME, value, ML, decimals=0)
        for name, value in millilitres.items()
    ]

"""What a bundle says of the real chests that are at hand: printed, and judged by none.

No real chest here is normal and none has a label of its own, so these are no figures:
they are what a reader of the figures should have seen. In three of them people have
marked a tumour.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.chest_ct.admission.admit import admit
from models.chest_ct.cases.archive import unpack
from models.chest_ct.cases.simulated import DATA
from models.chest_ct.validation.evaluation.judge import model_of, read
from models.chest_ct.validation.evaluation.marked import marks_of, met
from models.contract import SeriesInfo, Volume
from models.volume.lungs import find_lungs
from models.volume.series import SeriesError, load_volume, read_study

SERIES: Mapping[str, str] = {
    "LIDC-IDRI-0001": "lidc/LIDC-IDRI-0001.zip",
    "Lung-PET-CT-Dx A0001": "lung_pet_ct_dx/Lung_Dx-A0001_kernelB.zip",
    "Lung-PET-CT-Dx A0002": "lung_pet_ct_dx/Lung_Dx-A0002.zip",
    "cip_ct64": "cip_ct64/ct-64Dicom",
}
"""Name → folder or ZIP, below ``chest_ct`` of the shared data."""

PAIR = "Lung-PET-CT-Dx A0002"
"""One scan in two kernels."""


def read_real_series(bundle: Path) -> list[dict[str, Any]]:
    """Return what is said of each real series that is at hand, good or bad."""
    return [
        _said(name, series, volume, bundle)
        for name in SERIES
        for series, volume in real_volumes(name)
    ]


def real_volumes(name: str) -> Iterator[tuple[SeriesInfo, Volume]]:
    """Yield the series of one of `SERIES`; none where the data are not at hand."""
    place = Path(os.environ.get(DATA, "")) / "chest_ct" / SERIES[name]
    if DATA not in os.environ or not place.exists():
        return
    with TemporaryDirectory() as scratch:
        files = (
            sorted(each for each in place.rglob("*") if each.is_file())
            if place.is_dir()
            else [*unpack(place, Path(scratch)).values()]
        )
        for series in read_study(files).series:
            try:
                volume = load_volume(series)
            except SeriesError:
                continue  # a single image or a document beside the chest
            yield series, volume


def kernel_of(series: SeriesInfo) -> str:
    """Return the kernel as the headers name it; "" where they do not."""
    return series.tags.get("ConvolutionKernel", "")


def _said(
    name: str, series: SeriesInfo, volume: Volume, bundle: Path
) -> dict[str, Any]:
    lungs = find_lungs(volume)
    admission = admit(volume, lungs)
    reading, found = read(model_of(bundle), volume)
    measured = {m.structure: m for m in found.measurements[::-1]} if found else {}
    flags = found.flags if found else (*lungs.flags, *admission.flags)
    answer = found.classifications[0] if found else None
    return {
        "name": name,
        "kernel": kernel_of(series),
        "shape": list(volume.shape),
        "spacing_mm": [round(each, 2) for each in volume.spacing_mm],
        "confidence": round(admission.confidence, 3),
        "refused": reading.refused,
        "scores": {key: round(value, 4) for key, value in reading.scores.items()},
        "is_positive": answer.is_positive if answer else None,
        "decided_by": answer.decided_by if answer else "",
        "lungs_ml": round(measured["Lungs"].value) if measured else None,
        "flags": [flag.code for flag in flags],
        "marked": met(marks_of(name), series, found.locations) if found else None,
    }

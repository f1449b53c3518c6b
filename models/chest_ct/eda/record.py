"""``eda.json``: all that was measured and said, for programs.

It names no person: patients are pseudonyms, dates and years of birth are left out.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.chest_ct.cases.found import FEWEST_SLICES, SPACING_MM
from models.chest_ct.eda import copies, telltales
from models.chest_ct.eda.analysis import Analysis
from models.chest_ct.eda.entries import Usable
from models.chest_ct.eda.kinds import KINDS

LIMITS = {
    "fewest_slices": FEWEST_SLICES,
    "slice_spacing_mm": SPACING_MM,
    "alike": copies.ALIKE,
    "alike_by_header": copies.ALIKE_BY_HEADER,
    "least_auc": telltales.LEAST_AUC,
    "least_p": telltales.LEAST_P,
    "permutations": telltales.PERMUTATIONS,
    "fewest_studies_of_a_label": telltales.FEWEST,
}
"""What was judged by, so that a file explains itself."""


def record(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as JSON has it; the folder is left out."""
    return {
        "counts": counts(analysis),
        "digest": analysis.digest,
        "limits": LIMITS,
        "kinds": {name: asdict(kind) for name, kind in KINDS.items()},
        "left_out": [asdict(remark) for remark in analysis.faults],
        "findings": [asdict(remark) for remark in analysis.findings],
        "telltales": [
            {**asdict(each), "is_leak": each.is_leak} for each in analysis.telltales
        ],
        "studies": [
            _study(case, analysis.patients[case.entry.line]) for case in analysis.passed
        ],
    }


def counts(analysis: Analysis) -> dict[str, int]:
    """Return how many there are of what the headline counts."""
    positive = sum(case.is_positive for case in analysis.passed)
    people = {analysis.patients[case.entry.line] for case in analysis.passed}
    return {
        "labelled": len(analysis.entries),
        "passed": len(analysis.passed),
        "with_pathology": positive,
        "without": len(analysis.passed) - positive,
        "patients": len(people),
        "left_out": len(analysis.left_out),
        "worth_a_look": len({each.where for each in analysis.findings}),
        "series": sum(len(place.series) for place in analysis.examined),
    }


def write_record(analysis: Analysis, path: Path) -> Path:
    """Write the record as JSON; equal analyses give equal bytes."""
    content = json.dumps(record(analysis), indent=1, allow_nan=False) + "\n"
    path.write_text(content, encoding="utf-8")
    return path


def _study(case: Usable, patient: str) -> dict[str, Any]:
    acquired, pixels = case.seen.acquired, case.pixels
    return {
        "line": case.entry.line,
        "study_uid": case.seen.study_uid,
        "series_uid": case.seen.series_uid,
        "place": case.seen.place,
        "pathology": int(case.is_positive),
        "patient": patient,
        "sex": case.entry.sex,
        "age": case.entry.age,
        "manufacturer": acquired.manufacturer,
        "kernel": acquired.kernel,
        "thickness_mm": acquired.thickness_mm,
        "spacing_mm": acquired.spacing_mm,
        "slices": acquired.slices,
        "rows": acquired.rows,
        "lung_ml": round(pixels.lung_ml, 1),
        "lung_hu": round(pixels.lung_hu, 2),
        "noise_hu": pixels.noise_hu,
        "pixels_sha256": pixels.digest,
    }

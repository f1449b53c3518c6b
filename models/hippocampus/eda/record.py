"""``eda.json``: all that was measured and said, for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.hippocampus.eda import checks, cohort, statistics
from models.hippocampus.eda.analysis import Analysis
from models.hippocampus.eda.kinds import KINDS

LIMITS = {
    "edge_voxels": checks.EDGE_VOXELS,
    "spacing_mm": checks.SPACING_MM,
    "spacing_tolerance_mm": checks.SPACING_TOLERANCE_MM,
    "place_tolerance_mm": checks.PLACE_TOLERANCE_MM,
    "largest_rise": checks.LARGEST_RISE,
    "robust_z": cohort.LIMIT,
    "fewest_cases": cohort.FEWEST,
}
"""What was judged by, so that a file explains itself."""


def record(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as JSON has it; the folder is left out."""
    sides, strangers = (
        found and asdict(found)
        for found in (
            statistics.two_sides(analysis.passed),
            statistics.neighbours(analysis.passed),
        )
    )
    return {
        "counts": counts(analysis),
        "digest": analysis.digest,
        "limits": LIMITS,
        "kinds": {name: asdict(kind) for name, kind in KINDS.items()},
        "broken": _by_case(analysis.broken),
        "findings": _by_case(analysis.findings),
        "volumes_mm3": {
            structure: asdict(found)
            for structure, found in statistics.volumes(analysis.passed).items()
        },
        "percentiles": statistics.PERCENTILES,
        "two_sides": sides,
        "neighbours": strangers,
        "cases": {case.name: asdict(case) for case in analysis.cases},
    }


def counts(analysis: Analysis) -> dict[str, int]:
    """Return how many there are of what the headline counts."""
    return {
        "names": len(analysis.cases),
        "passed": len(analysis.passed),
        "subjects": analysis.subjects,
        "broken": len(analysis.broken),
        "worth_a_look": len(analysis.findings),
    }


def write_record(analysis: Analysis, path: Path) -> Path:
    """Write the record as JSON; equal analyses give equal bytes."""
    content = json.dumps(record(analysis), indent=1, allow_nan=False) + "\n"
    path.write_text(content, encoding="utf-8")
    return path


def _by_case(remarks: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [
            {"kind": each.kind, "detail": each.detail, "where": each.where}
            for each in said
        ]
        for name, said in remarks.items()
    }

"""The table of what passed: the same columns, and one patient_id for one person.

The images stay where they are. People go by pseudonyms: no Patient ID of an image is
written.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from models.chest_ct.cases.labels import FILE
from models.chest_ct.eda.analysis import Analysis

COLUMNS = ("study_uid", "series_uid", "pathology", "age", "sex", "patient_id")


def write_table(analysis: Analysis, folder: Path) -> Path:
    """Write ``labels.csv`` whole or not at all; equal analyses give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for case in analysis.passed:
        label = case.entry.label
        person = analysis.patients[case.entry.line]
        uids = case.seen.study_uid, case.seen.series_uid
        rows.writerow([*uids, int(label.is_positive), label.age, label.sex, person])
    path = folder / FILE
    partial = path.with_name(f".{FILE}.{os.getpid()}")
    partial.write_text(stream.getvalue(), encoding="utf-8")
    partial.replace(path)
    return path

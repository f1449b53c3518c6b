"""Labelled series among folders of DICOM files and ZIPs.

A series trains a network only where a network may learn from it: at least 32 slices,
1 to 5 mm apart. What is read later may be less (`models.chest_ct.admission`).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from models.chest_ct.cases.archive import ArchiveError
from models.chest_ct.cases.case import Case, LeftOut
from models.chest_ct.cases.labels import FILE, Label, read_labels
from models.chest_ct.cases.places import Found, opened, places
from models.contract import SeriesInfo

FEWEST_SLICES = 32
SPACING_MM = (1.0, 5.0)
"""Between slices, of what is learned from."""

TOLERANCE_MM = 0.05
"""Positions are rounded, and 5 mm may be 5.001."""


def find_cases(folder: Path) -> tuple[list[Case], list[LeftOut]]:
    """Return the labelled studies of a folder, and those that are left out.

    Parameters
    ----------
    folder
        Holds ``labels.csv``, and below it series as files or in ZIPs.

    Raises
    ------
    FileNotFoundError
        There is no table, or nothing that it names.
    models.chest_ct.cases.labels.LabelError
        The table cannot be used.
    """
    table = folder / FILE
    if not table.is_file():
        raise FileNotFoundError(f"no {FILE} in {folder.name}")
    found: dict[str, list[Found]] = defaultdict(list)
    for each in _all_series(folder):
        found[each.info.study_instance_uid].append(each)
    made = [_case(label, found[label.study_uid]) for label in read_labels(table)]
    cases = [each for each in made if isinstance(each, Case)]
    left_out = [each for each in made if isinstance(each, LeftOut)]
    if not cases:
        why = f": {left_out[0].reason}" if left_out else ""
        raise FileNotFoundError(f"no study of {FILE} can be learned from{why}")
    return cases, left_out


def _case(label: Label, series: Sequence[Found]) -> Case | LeftOut:
    wanted = [
        each
        for each in series
        if label.series_uid in ("", each.info.series_instance_uid)
    ]
    if not wanted:
        return LeftOut(label.study_uid, "series_missing")
    suited = [each for each in wanted if unsuited(each.info) is None]
    if not suited:
        return LeftOut(label.study_uid, unsuited(wanted[0].info) or "")
    if len(suited) > 1:
        return LeftOut(label.study_uid, "several_series", "series_uid must name one")
    (chosen,) = suited
    person = label.patient_id or chosen.patient_id or label.study_uid
    return Case(label.study_uid, pseudonym(person), label.is_positive, chosen.source)


def unsuited(series: SeriesInfo) -> str | None:
    """Return the reason code for which nothing is learned from a series, or None."""
    if series.modality != "CT":
        return "not_ct"
    if series.geometry_problem or series.spacing_mm is None:
        return series.geometry_problem or "missing_spacing"
    if len(series.instances) < FEWEST_SLICES:
        return "few_slices"
    low, high = SPACING_MM
    if not low - TOLERANCE_MM <= series.spacing_mm[0] <= high + TOLERANCE_MM:
        return "slice_spacing"
    return None


def _all_series(folder: Path) -> Iterator[Found]:
    """Yield every series below a folder.

    Of an archive that cannot be read there is none: a label that names a study in it
    is left out as missing.
    """
    for place in places(folder):
        with suppress(ArchiveError), opened(place) as there:
            yield from there.series


def pseudonym(person: str) -> str:
    """Return a name for a person that no log may resolve by reading it."""
    return hashlib.sha256(person.encode()).hexdigest()[:16]

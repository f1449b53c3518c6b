"""What is odd about a case only among the others: outliers, copies, subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from models.hippocampus.eda.kinds import Remark
from models.hippocampus.eda.measurement import VOLUMES, Measured

LIMIT = 3.5
"""Robust z beyond which a value is an outlier: |x - median| / (1.4826 MAD), after
Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993)."""

FEWEST = 8
"""Cases below which nothing is called unusual."""

LEAST_APART = 0.10
"""Difference of two sides, as a share of the larger, that is not worth a look. Of
normal people nine in ten stay under 8.5 % (Dallas Heart Study, PMC7964497)."""

Cases = Sequence[Measured]


def robust_z(values: Sequence[float]) -> list[float]:
    """Return how many robust standard deviations each value lies off the median.

    All zero where there are fewer than `FEWEST` values, or half of them are equal.

    Examples
    --------
    >>> [round(z, 1) for z in robust_z([1, 2, 3, 4, 5, 6, 7, 99])]
    [-1.2, -0.8, -0.5, -0.2, 0.2, 0.5, 0.8, 31.9]
    """
    array = np.asarray(values, dtype=np.float64)
    if len(array) < FEWEST:
        return [0.0] * len(array)
    off = array - np.median(array)
    spread = 1.4826 * float(np.median(np.abs(off)))
    return [float(value) / spread if spread else 0.0 for value in off]


def duplicates(cases: Cases) -> Iterator[Remark]:
    """Yield each image that is under an earlier name too, voxel by voxel."""
    for names in _equal(cases, _image_digest):
        first, *copies = names
        for name in copies:
            yield Remark(name, "duplicate", f"the image of {first} again")


def duplicate_labels(cases: Cases) -> Iterator[Remark]:
    """Yield cases whose label map is drawn for another image.

    Of cases with equal label maps and different images all are doubtful. One that has
    no image only repeats the labels of the others.
    """
    images = {case.name: _image_digest(case) for case in cases}
    for names in _equal(cases, _labels_digest):
        theirs = {images[name] for name in names if images[name]}
        for name in names:
            if images[name] and len(theirs) == 1:
                continue  # it is theirs, or the image is a copy as well and says so
            others = " and ".join(other for other in names if other != name)
            yield Remark(name, "duplicate_labels", f"the label map of {others} again")


def volume_outliers(cases: Cases) -> Iterator[Remark]:
    """Yield cases with an unusual volume of a part or of the whole."""
    for structure in VOLUMES:
        volumes = [case.volumes_mm3[structure] for case in cases]
        for case, volume, z in _unusual(cases, np.log(volumes).tolist(), volumes):
            detail = f"{structure} {volume:.0f} mm³ (z {z:+.1f})"
            yield Remark(case.name, "volume_outlier", detail, abs(z))


def intensity_outliers(cases: Cases) -> Iterator[Remark]:
    """Yield cases whose hippocampus stands out oddly from its image."""
    seen = [case for case in cases if case.contrast is not None]
    measured = {
        "step to its surroundings": [
            case.contrast.step for case in seen if case.contrast
        ],
        "spread inside": [case.contrast.spread for case in seen if case.contrast],
    }
    for words, values in measured.items():
        for case, value, z in _unusual(seen, values, values):
            detail = f"{words} {value:+.2f} SD of the image (z {z:+.1f})"
            yield Remark(case.name, "intensity_outlier", detail, abs(z))


def sides_apart(cases: Cases) -> Iterator[Remark]:
    """Yield both files of a subject whose two volumes lie far apart."""
    both = subject_pairs(cases)
    ratios = [
        float(np.log(one.volumes_mm3["whole"] / other.volumes_mm3["whole"]))
        for one, other in both
    ]
    for (one, other), z in zip(both, robust_z(ratios), strict=True):
        volumes = sorted(case.volumes_mm3["whole"] for case in (one, other))
        apart = 1 - volumes[0] / volumes[1]
        if abs(z) > LIMIT and apart > LEAST_APART:
            detail = f"{volumes[0]:.0f} and {volumes[1]:.0f} mm³, {apart:.0%} apart"
            for case in (one, other):
                yield Remark(case.name, "sides_differ", detail, abs(z))


COPIES: tuple[Callable[[Cases], Iterator[Remark]], ...] = (duplicates, duplicate_labels)
"""Checks over all cases that were read; they leave cases out."""

ODDITIES: tuple[Callable[[Cases], Iterator[Remark]], ...] = (
    *(volume_outliers, intensity_outliers, sides_apart),
)
"""Checks over the cases that pass; they only list."""


def subject_pairs(
    cases: Iterable[Measured],
) -> list[tuple[Measured, Measured]]:
    """Return the cases of every subject that has two."""
    by_subject: Mapping[int, list[Measured]] = defaultdict(list)
    for case in cases:
        if case.subject is not None:
            by_subject[case.subject].append(case)
    return [(two[0], two[1]) for two in by_subject.values() if len(two) == 2]


def _unusual(
    cases: Cases, values: Sequence[float], shown: Sequence[float]
) -> Iterator[tuple[Measured, float, float]]:
    """Yield case, shown value and z of every outlier among the values."""
    for case, value, z in zip(cases, shown, robust_z(values), strict=True):
        if abs(z) > LIMIT:
            yield case, value, z


def _equal(cases: Cases, key: Callable[[Measured], str | None]) -> Iterator[list[str]]:
    """Yield the names of cases with an equal key, where there are several."""
    by_key: Mapping[str, list[str]] = defaultdict(list)
    for case in cases:
        if (found := key(case)) is not None:
            by_key[found].append(case.name)
    return (names for names in by_key.values() if len(names) > 1)


def _image_digest(case: Measured) -> str | None:
    return case.intensities.digest if case.intensities else None


def _labels_digest(case: Measured) -> str | None:
    drawn = case.drawing is not None and case.drawing.values
    return case.drawing.digest if case.drawing and drawn else None

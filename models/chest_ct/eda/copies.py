"""The same pixels, or the same scan, under two lines of the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.chest_ct.eda.entries import Usable
from models.chest_ct.eda.kinds import Remark, of_line

ALIKE = 0.80
"""Correlation of two pictures from which they show one scan: midway between those of
one scan and of two people (`models.chest_ct.eda.picture`)."""

ALIKE_BY_HEADER = 0.65
"""The same where the headers say that both are of one acquisition."""

AT_ONCE = 256
"""Pictures that are compared with all others at a time: bounds the memory."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lines that show one scan.

    Attributes
    ----------
    first, second
        In the order of the table.
    correlation
        Of their pictures; 1 where the pixels are the same.
    """

    first: Usable
    second: Usable
    correlation: float

    @property
    def has_same_pixels(self) -> bool:
        """Whether they are equal voxel by voxel."""
        return self.first.pixels.digest == self.second.pixels.digest


def pairs(cases: Sequence[Usable]) -> list[Pair]:
    """Return every pair of lines that show one scan, in the order of the table."""
    if not cases:
        return []
    pictures = np.stack([case.pixels.picture for case in cases])
    found = []
    for start in range(0, len(cases), AT_ONCE):
        block = pictures[start : start + AT_ONCE] @ pictures.T
        for row, column in np.argwhere(block >= ALIKE_BY_HEADER).tolist():
            one, other = cases[start + row], cases[column]
            if start + row < column:
                pair = Pair(one, other, min(float(block[row, column]), 1.0))
                found += [pair] if _is_one_scan(pair) else []
    return found


def _is_one_scan(pair: Pair) -> bool:
    moments = {pair.first.seen.acquired.moment, pair.second.seen.acquired.moment}
    by_header = len(moments) == 1 and moments != {""}
    return pair.correlation >= (ALIKE_BY_HEADER if by_header else ALIKE)


def duplicates(cases: Sequence[Usable]) -> Iterator[Remark]:
    """Yield lines with the pixels of an earlier one; both where the labels differ."""
    groups: dict[str, list[Usable]] = defaultdict(list)
    for case in cases:
        groups[case.pixels.digest].append(case)
    for first, *others in groups.values():
        if others and len({case.is_positive for case in (first, *others)}) > 1:
            for case in (first, *others):
                rest = [each for each in (first, *others) if each is not case]
                names = " and ".join(each.entry.name for each in rest)
                detail = f"the pixels of {names}, of which one is labelled otherwise"
                yield of_line("duplicate_contradicts", case.entry.line, detail)
            continue
        for case in others:
            detail = f"the pixels of {first.entry.name} again"
            yield of_line("duplicate", case.entry.line, detail)


def scanned_once(found: Sequence[Pair]) -> Iterator[Remark]:
    """Yield lines with the scan of an earlier one."""
    for pair in found:
        first, second = pair.first.entry, pair.second.entry
        detail = f"the scan of {first.name} again: {differences(pair)}"
        yield Remark("same_scan", second.name, detail, second.line, pair.correlation)


def differences(pair: Pair) -> str:
    """Say what is different in two reconstructions, and how alike they look."""
    one, other = pair.first.seen.acquired, pair.second.seen.acquired
    words = [f"correlation {pair.correlation:.2f}"]
    if one.kernel != other.kernel:
        words.append(f"kernels {one.kernel or 'none'} and {other.kernel or 'none'}")
    if one.spacing_mm and other.spacing_mm and one.slices != other.slices:
        first, second = one.spacing_mm[0], other.spacing_mm[0]
        words.append(f"slices {first:g} and {second:g} mm apart")
    return ", ".join(words)

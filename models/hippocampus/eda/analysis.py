"""The whole analysis as a value: what was measured, what is said, what passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models.eda.progress import Ended, silent
from models.hippocampus.eda.checks import check_one
from models.hippocampus.eda.cohort import COPIES, ODDITIES
from models.hippocampus.eda.kinds import KINDS, Remark
from models.hippocampus.eda.measurement import PARTS, Measured, digest_of, find_pairs
from models.hippocampus.eda.over_processes import measure_all


@dataclass(frozen=True)
class Analysis:
    """Every case of a folder, and every remark on them.

    Attributes
    ----------
    folder
        The data that were read.
    cases
        By name.
    remarks
        Faults and findings, in the order of `KINDS`, then by name.
    """

    folder: Path
    cases: tuple[Measured, ...]
    remarks: tuple[Remark, ...]

    @cached_property
    def broken(self) -> dict[str, list[Remark]]:
        """The faults of every case that is left out, by name."""
        return self._by_case(fault=True)

    @cached_property
    def findings(self) -> dict[str, list[Remark]]:
        """What is worth a look among the cases that pass, by name."""
        return self._by_case(fault=False)

    @cached_property
    def passed(self) -> list[Measured]:
        """The cases that can be trained on."""
        return [case for case in self.cases if case.name not in self.broken]

    @property
    def subjects(self) -> int:
        """Number of people among the cases that pass."""
        return len({case.subject for case in self.passed})

    @property
    def digest(self) -> str:
        """SHA-256 over names and bytes of what passes; a bundle's ``data`` hash."""
        return digest_of(
            (f"{part}/{case.name}", case.files[part])
            for case in self.passed
            for part in PARTS
        )

    def of_kind(self, kind: str) -> list[Remark]:
        """Return the remarks of one kind, the most striking first."""
        chosen = [remark for remark in self.remarks if remark.kind == kind]
        return sorted(chosen, key=lambda remark: -remark.weight)

    def _by_case(self, *, fault: bool) -> dict[str, list[Remark]]:
        chosen: dict[str, list[Remark]] = {}
        for remark in sorted(self.remarks, key=lambda each: each.case):
            if remark.is_fault is fault:
                chosen.setdefault(remark.case, []).append(remark)
        return chosen


def analyse(
    folder: Path, workers: int | None = None, ended: Ended = silent
) -> Analysis:
    """Measure and judge every case of a folder with ``images/`` and ``labels/``.

    Raises
    ------
    FileNotFoundError
        The folder holds neither.
    """
    cases = measure_all(find_pairs(folder), workers, ended)
    return Analysis(folder, tuple(cases), tuple(judge(cases)))


def judge(cases: Sequence[Measured]) -> list[Remark]:
    """Return all remarks on the cases; outliers are sought among those that pass."""
    remarks = [remark for case in cases for remark in check_one(case)]
    remarks += [remark for check in COPIES for remark in check(cases)]
    broken = {remark.case for remark in remarks if remark.is_fault}
    passed = [case for case in cases if case.name not in broken]
    remarks += [remark for check in ODDITIES for remark in check(passed)]
    kept = [each for each in remarks if each.is_fault or each.case not in broken]
    order = list(KINDS)
    return sorted(kept, key=lambda each: (order.index(each.kind), each.case))

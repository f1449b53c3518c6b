"""The whole analysis as a value: what was found, what is said, what passes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.chest_ct.cases.labels import FILE, read_lines
from models.chest_ct.cases.places import Place, places
from models.chest_ct.eda import copies, entries, people, telltales
from models.chest_ct.eda.entries import Entry, Usable
from models.chest_ct.eda.examine import examine
from models.chest_ct.eda.kinds import KINDS, Remark
from models.chest_ct.eda.seen import Examined
from models.chest_ct.eda.telltales import Telltale
from models.eda.progress import Ended, silent
from models.over_processes import over_processes, suitable_processes

FEWEST_PLACES = 2
"""For which a process is started: a chest takes seconds."""


@dataclass(frozen=True)
class Analysis:
    """Every line of the table, every series, and every remark on them.

    Attributes
    ----------
    examined
        What lies in each folder and ZIP.
    entries
        The lines of the table with what was found for them.
    remarks
        Faults and findings, in the order of `KINDS`, then of the table.
    passed
        The lines without a fault.
    patients
        Line → pseudonym, of the lines that pass; one person has one.
    telltales
        How well each property of a study tells the label alone.
    """

    examined: tuple[Examined, ...]
    entries: tuple[Entry, ...]
    remarks: tuple[Remark, ...]
    passed: tuple[Usable, ...]
    patients: dict[int, str]
    telltales: tuple[Telltale, ...]

    @property
    def faults(self) -> list[Remark]:
        """What leaves something out."""
        return [each for each in self.remarks if each.is_fault]

    @property
    def findings(self) -> list[Remark]:
        """What is worth a look, and kept."""
        return [each for each in self.remarks if not each.is_fault]

    @property
    def left_out(self) -> list[Entry]:
        """The lines with a fault."""
        kept = {case.entry.line for case in self.passed}
        return [entry for entry in self.entries if entry.line not in kept]

    @property
    def digest(self) -> str:
        """SHA-256 over pixels, labels and patients of what passes."""
        lines = sorted(
            f"{case.pixels.digest} {self.patients[case.entry.line]} "
            f"{case.is_positive:d}"
            for case in self.passed
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def of_kind(self, kind: str) -> list[Remark]:
        """Return the remarks of one kind, the most striking first."""
        chosen = [remark for remark in self.remarks if remark.kind == kind]
        return sorted(chosen, key=lambda remark: -remark.weight)


def found_places(data: Path) -> list[Place]:
    """Return the folders and ZIPs of the data.

    Raises
    ------
    FileNotFoundError
        There is no table of labels, or nothing beside it.
    """
    if not (data / FILE).is_file():
        raise FileNotFoundError(f"no {FILE} in {data.name}")
    found = places(data)
    if not found:
        raise FileNotFoundError(f"{data.name}: nothing beside {FILE} in it")
    return found


def analyse(data: Path, workers: int | None = None, ended: Ended = silent) -> Analysis:
    """Read and judge a folder with ``labels.csv`` and images below it.

    Parameters
    ----------
    workers
        Processes; else as many as suit. One is this process.

    Raises
    ------
    FileNotFoundError
        There is no table, or nothing beside it.
    models.chest_ct.cases.labels.LabelError
        The table cannot be read.
    """
    there = found_places(data)
    labels = read_lines(data / FILE)
    labelled = frozenset(label.study_uid for label in labels)
    one = partial(examine, data=data, labelled=labelled)
    count = workers or suitable_processes(len(there), FEWEST_PLACES)
    examined = []
    for place in over_processes(one, there, min(count, len(there))):
        ended(_words(place))
        examined.append(place)
    return judge(entries.match(labels, examined), examined)


def _words(place: Examined) -> str:
    """Say what a place holds; its name may be that of a person, and is left out."""
    if place.unread and not place.series:
        return "cannot be read"
    refused = [seen.fault for seen in place.series if seen.fault]
    words = f"{len(place.series)} series"
    return f"{words}: {', '.join(refused)}" if refused else words


def judge(lines: Sequence[Entry], examined: Sequence[Examined]) -> Analysis:
    """Say all that is to be said of the lines."""
    remarks = [
        *entries.unread(examined),
        *entries.unlabelled(lines, examined),
        *entries.repeated(lines),
        *entries.without_series(lines),
    ]
    read = entries.usable(lines, remarks)
    one_scan = copies.pairs(read)
    linked = people.links(read, one_scan)
    remarks += copies.duplicates(read)
    passed = entries.usable(lines, remarks)
    told = telltales.telltales(passed)
    remarks += [
        *entries.one_label(passed),
        *entries.few_patients(passed),
        *telltales.leaks(told),
        *people.two_ids(linked),
        *people.two_people(read),
        *copies.scanned_once(one_scan),
    ]
    return Analysis(
        tuple(examined),
        tuple(lines),
        _kept(remarks),
        tuple(passed),
        people.merged(read, linked),
        tuple(told),
    )


def _kept(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """Return the remarks in order; a line with a fault is mended before all else."""
    broken = {each.line for each in remarks if each.is_fault and each.line}
    order = list(KINDS)
    kept = [
        each
        for each in remarks
        if each.is_fault or each.kind == "two_ids" or each.line not in broken
    ]
    return tuple(
        sorted(kept, key=lambda each: (order.index(each.kind), each.line or 0))
    )

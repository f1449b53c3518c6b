"""Labels against files: which series a line of the table means, and what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.chest_ct.cases.found import pseudonym
from models.chest_ct.cases.labels import Label
from models.chest_ct.cases.split import FEWEST_PATIENTS
from models.chest_ct.eda.kinds import Remark, of_line
from models.chest_ct.eda.seen import Examined, Pixels, Seen

FIRST_LINE = 2
"""Of the table: the first holds the names of the columns."""

Remarks = Iterator[Remark]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table and what was found for it.

    Attributes
    ----------
    line
        Number of the line, counted as an editor counts.
    matching
        Every series that the line can mean.
    """

    line: int
    label: Label
    matching: tuple[Seen, ...]

    @property
    def suited(self) -> list[Seen]:
        """The series among them that can be learned from."""
        return [each for each in self.matching if not each.fault]

    @property
    def chosen(self) -> Seen | None:
        """The only one of them; None where there is none, or are several."""
        return self.suited[0] if len(self.suited) == 1 else None

    @property
    def name(self) -> str:
        """What a person finds the line by."""
        return f"line {self.line}"

    @property
    def patient(self) -> str:
        """Pseudonym of the person, chosen as a training chooses it."""
        if self.label.patient_id:
            return pseudonym(self.label.patient_id)
        known = self.chosen.person.patient if self.chosen else ""
        return known or pseudonym(self.label.study_uid)

    @property
    def sex(self) -> str:
        """Sex as the table, else the header says it; one letter or ""."""
        told = self.label.sex or (self.chosen.person.sex if self.chosen else "")
        return told[:1].upper()

    @property
    def age(self) -> float | None:
        """Age in years as the table, else the header says it."""
        try:
            return float(self.label.age)
        except ValueError:
            return self.chosen.person.age if self.chosen else None


@dataclass(frozen=True, slots=True)
class Usable:
    """A line without a fault: its series was read and measured."""

    entry: Entry
    seen: Seen
    pixels: Pixels

    @property
    def is_positive(self) -> bool:
        """Whether it is labelled as showing something."""
        return self.entry.label.is_positive


def match(labels: Sequence[Label], examined: Sequence[Examined]) -> tuple[Entry, ...]:
    """Return every line of the table with the series that it can mean."""
    studies: dict[str, list[Seen]] = defaultdict(list)
    for place in examined:
        for seen in place.series:
            studies[seen.study_uid].append(seen)
    return tuple(
        Entry(
            line,
            label,
            tuple(
                seen
                for seen in studies[label.study_uid]
                if label.series_uid in ("", seen.series_uid)
            ),
        )
        for line, label in enumerate(labels, start=FIRST_LINE)
    )


def usable(entries: Sequence[Entry], remarks: Sequence[Remark]) -> list[Usable]:
    """Return the lines of which no fault is said."""
    left_out = {each.line for each in remarks if each.is_fault}
    return [
        Usable(entry, entry.chosen, entry.chosen.pixels)
        for entry in entries
        if entry.line not in left_out and entry.chosen and entry.chosen.pixels
    ]


def unread(examined: Sequence[Examined]) -> Remarks:
    """Yield what cannot be read at all, files of one folder and one reason together."""
    for place in examined:
        reasons: dict[str, list[str]] = defaultdict(list)
        for each in place.unread:
            if each.place == place.place:
                yield Remark("broken_archive", each.place, each.reason)
            else:
                reasons[each.reason].append(each.place)
        for reason, files in reasons.items():
            others = f", and {len(files) - 1} more there" if len(files) > 1 else ""
            detail = f"{FILE_FAULTS.get(reason, reason)}{others}"
            yield Remark("broken_file", files[0], detail)


FILE_FAULTS = {
    "damaged": "damaged",
    "empty": "empty",
    "inflates_too_far": "unpacks to more than an image holds",
    "missing_uid": "lacks a valid UID",
    "unreadable": "the disk does not give it",
}
"""Reason code of `models.volume.headers.HeaderError` in words."""


def unlabelled(entries: Sequence[Entry], examined: Sequence[Examined]) -> Remarks:
    """Yield studies that no line of the table names."""
    named = {entry.label.study_uid for entry in entries}
    found: dict[str, list[Seen]] = defaultdict(list)
    for place in examined:
        for seen in place.series:
            found[seen.study_uid].append(seen)
    for study, series in found.items():
        if study not in named:
            count = f"{len(series)} series of study {study}"
            yield Remark("unlabelled", series[0].place, count)


def repeated(entries: Sequence[Entry]) -> Remarks:
    """Yield lines that label a study again, alike or otherwise."""
    by_study: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_study[entry.label.study_uid].append(entry)
    for lines in by_study.values():
        first, *others = lines
        if len({entry.label.is_positive for entry in lines}) > 1:
            numbers = ", ".join(str(entry.line) for entry in lines)
            for entry in lines:
                yield of_line("both_labels", entry.line, f"lines {numbers} contradict")
            continue
        for entry in others:
            yield _again(first, entry, lines)


def _again(first: Entry, entry: Entry, lines: Sequence[Entry]) -> Remark:
    earlier = {each.label.series_uid for each in lines if each.line < entry.line}
    if entry.label.series_uid in earlier or not all((*earlier, entry.label.series_uid)):
        detail = f"line {first.line} labels it already"
        return of_line("labelled_twice", entry.line, detail)
    detail = f"line {first.line} labels another series of the study"
    return of_line("study_twice", entry.line, detail)


def one_label(cases: Sequence[Usable]) -> Remarks:
    """Yield a remark on all data where every study that passes has the same label."""
    if len({case.is_positive for case in cases}) == 1:
        label = int(cases[0].is_positive)
        yield Remark("one_label", "all", f"every study that passes is labelled {label}")


def few_patients(cases: Sequence[Usable]) -> Remarks:
    """Yield a remark on all data where a part of a split may lack a label."""
    of_label = {
        label: len({case.entry.patient for case in cases if case.is_positive is label})
        for label in (True, False)
    }
    fewest = min(of_label, key=lambda label: of_label[label])
    if 0 < of_label[fewest] < FEWEST_PATIENTS:
        yield Remark(
            "few_patients",
            "all",
            f"{of_label[fewest]} patients are labelled {fewest:d}; a training wants "
            f"{FEWEST_PATIENTS} of each label at least, so that every part has some",
        )


def without_series(entries: Sequence[Entry]) -> Remarks:
    """Yield lines for which there is not exactly one series to learn from."""
    for entry in entries:
        if not entry.matching:
            yield of_line("no_images", entry.line, "no series of these UIDs was found")
        elif not entry.suited:
            largest = max(entry.matching, key=lambda each: each.acquired.slices)
            detail = f"{largest.detail} ({largest.place})"
            yield of_line(largest.fault, entry.line, detail)
        elif len(entry.suited) > 1:
            yield _several(entry)


def _several(entry: Entry) -> Remark:
    places = list(dict.fromkeys(each.place for each in entry.suited))
    uids = {each.series_uid for each in entry.suited}
    if len(uids) == 1:
        return of_line("series_twice", entry.line, f"in {' and '.join(places)}")
    detail = f"{len(uids)} series in {', '.join(places)}: {', '.join(sorted(uids))}"
    return of_line("several_series", entry.line, detail)

"""Who is who: one person under two IDs, and one ID for two people.

A person whose studies lie under two IDs is in two parts of a split, and what was
learned of them is tested on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from models.chest_ct.eda.copies import Pair
from models.chest_ct.eda.entries import Usable
from models.chest_ct.eda.kinds import Remark, of_line

Link = tuple[Usable, Usable, str]
"""Two lines of one person under two IDs, the earlier first, and what tells it."""


def links(cases: Sequence[Usable], found: Sequence[Pair]) -> list[Link]:
    """Return the pairs of lines that are of one person and say otherwise.

    Parameters
    ----------
    found
        Pairs of lines that show one scan.
    """
    linked: list[Link] = []
    studies: dict[str, Usable] = {}
    for case in cases:
        first = studies.setdefault(case.seen.study_uid, case)
        if first.entry.patient != case.entry.patient:
            linked.append((first, case, "the same study"))
    for pair in found:
        if pair.first.entry.patient != pair.second.entry.patient:
            words = "the same pixels" if pair.has_same_pixels else "the same scan"
            linked.append((pair.first, pair.second, words))
    return linked


def two_ids(linked: Sequence[Link]) -> Iterator[Remark]:
    """Yield each line that shows the person of an earlier line under another ID."""
    told = set()
    for first, second, words in linked:
        lines = first.entry.line, second.entry.line
        if lines not in told:
            told.add(lines)
            detail = f"{words} as {first.entry.name}, under another patient ID"
            yield of_line("two_ids", second.entry.line, detail)


def merged(cases: Sequence[Usable], linked: Sequence[Link]) -> dict[int, str]:
    """Return line → person, where one person has one name throughout."""
    leader = {case.entry.patient: case.entry.patient for case in cases}
    for first, second, _ in linked:
        one, other = first.entry.patient, second.entry.patient
        kept, dropped = leader.setdefault(one, one), leader.setdefault(other, other)
        for patient, name in leader.items():
            if name == dropped:
                leader[patient] = kept
    return {case.entry.line: leader[case.entry.patient] for case in cases}


def two_people(cases: Sequence[Usable]) -> Iterator[Remark]:
    """Yield each line whose person cannot be that of an earlier line of the ID."""
    groups: dict[str, list[Usable]] = defaultdict(list)
    for case in cases:
        groups[case.entry.patient].append(case)
    for first, *others in groups.values():
        for case in others:
            if words := _contradiction(first, case):
                detail = f"{words} of {first.entry.name}, under one patient ID"
                yield of_line("two_people", case.entry.line, detail)


def _contradiction(first: Usable, second: Usable) -> str:
    sexes = {first.entry.sex, second.entry.sex}
    years = {first.seen.person.birth_year, second.seen.person.birth_year}
    words = ["another sex than that"] if {"M", "F"} <= sexes else []
    if None not in years and len(years) > 1:
        words.append("another year of birth than that")
    return " and ".join(words)

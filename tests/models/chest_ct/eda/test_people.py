"""One scan under two lines, one person under two IDs, and one ID for two people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.chest_ct.eda.copies import (
    ALIKE,
    ALIKE_BY_HEADER,
    duplicates,
    pairs,
    scanned_once,
)
from models.chest_ct.eda.people import links, merged, two_ids, two_people
from models.chest_ct.eda.seen import Picture
from tests.models.chest_ct.eda.made import unit, usable


def like(seed: int, correlation: float) -> Picture:
    """Return a picture with this correlation to that of the seed."""
    one, other = unit(seed), unit(seed + 1000)
    other -= one * (one @ other)
    other /= np.linalg.norm(other)
    both = one * correlation + other * np.sqrt(1 - correlation**2)
    return np.asarray(both, np.float32)


@pytest.mark.parametrize(
    ("correlation", "moment", "is_found"),
    [
        (ALIKE + 0.02, "", True),
        (ALIKE - 0.02, "", False),
        (ALIKE_BY_HEADER + 0.02, "frame 1", True),
        (ALIKE_BY_HEADER - 0.02, "frame 1", False),
    ],
)
def test_a_scan_is_told_by_its_picture_and_its_header(
    correlation: float, moment: str, is_found: bool
) -> None:
    """A header alone, as of a careless copy, does not make two people one."""
    picture = like(2, correlation)
    cases = [
        usable(2, moment=moment),
        usable(3, moment=moment, picture=picture, kernel="B70f"),
    ]
    found = list(scanned_once(pairs(cases)))

    assert [each.line for each in found] == [3] * is_found
    if is_found:
        assert found[0].detail == (
            f"the scan of line 2 again: correlation {correlation:.2f}, "
            "kernels B30f and B70f"
        )


def test_every_pair_is_compared_whatever_their_number() -> None:
    """Pictures are compared in blocks; the first and the last are in different ones."""
    cases = [usable(n) for n in range(300)]
    cases[299] = usable(299, picture=unit(0), kernel="B70f")
    cases[298] = usable(298, picture=unit(280), kernel="B70f")

    found = pairs(cases)

    assert [(each.first.entry.line, each.second.entry.line) for each in found] == [
        *((0, 299), (280, 298)),
    ]
    assert pairs([]) == []


def test_of_equal_pixels_the_first_stays_unless_the_labels_differ() -> None:
    """Nobody can say which of two labels is right: then none stays."""
    alike = [usable(n, digest="a" * 64) for n in (2, 3, 4)]
    assert [(each.kind, each.line) for each in duplicates(alike)] == [
        *(("duplicate", 3), ("duplicate", 4)),
    ]

    unlike = [usable(n, digest="a" * 64, label=n == 3) for n in (2, 3)]
    assert [(each.kind, each.line) for each in duplicates(unlike)] == [
        *(("duplicate_contradicts", 2), ("duplicate_contradicts", 3)),
    ]


def test_a_person_under_two_ids_gets_one_name() -> None:
    """Through any number of links, with every study of either ID; no one else does."""
    cases = [
        usable(2, patient="a"),
        usable(3, patient="b", picture=unit(2)),
        usable(4, patient="b"),
        usable(5, patient="c", picture=unit(4)),
        usable(6, patient="c"),
        usable(7, patient="d", study="1.9"),
        usable(8, patient="d", study="1.9"),
        usable(9, patient="e", study="1.9"),
        usable(10, patient="f"),
    ]
    linked = links(cases, pairs(cases))

    assert [(each.line, each.detail.partition(",")[0]) for each in two_ids(linked)] == [
        (9, "the same study as line 7"),
        (3, "the same scan as line 2"),
        (5, "the same scan as line 4"),
    ]
    names = merged(cases, linked)
    assert len({names[line] for line in (2, 3, 4, 5, 6)}) == 1
    assert len({names[line] for line in (7, 8, 9)}) == 1
    assert len(set(names.values())) == 3


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"sex": "M"}, {"sex": "F"}, "another sex than that of line 2"),
        (
            {"birth_year": 1950},
            {"birth_year": 1951},
            "another year of birth than that of line 2",
        ),
        ({"sex": "M"}, {"sex": "O"}, None),
        ({"birth_year": 1950}, {}, None),
    ],
)
def test_two_people_under_one_id_are_told_by_sex_and_birth(
    first: dict[str, Any], second: dict[str, Any], words: str | None
) -> None:
    """Where either is not said, nothing is; and no year is told."""
    cases = [usable(2, patient="a", **first), usable(3, patient="a", **second)]
    found = [each.detail for each in two_people(cases)]

    assert found == ([f"{words}, under one patient ID"] if words else [])

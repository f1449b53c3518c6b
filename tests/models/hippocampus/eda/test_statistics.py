"""The numbers of the report, checked against ones worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.hippocampus.eda import statistics
from models.hippocampus.eda.measurement import Drawing, Measured


def case(number: int, anterior: float, posterior: float = 1000) -> Measured:
    """Return a case of which only the volumes are known."""
    drawn = Drawing("", (1, 2), {"anterior": anterior, "posterior": posterior})
    name = f"hippocampus_{number:03d}"
    return Measured(name, (number + 1) // 2, True, True, drawing=drawn)


def test_a_distribution_is_worked_out() -> None:
    """Of 1 to 101 mm³ in steps of one, percentiles are one more than their number."""
    found = statistics.distribution([float(value) for value in range(1, 102)])

    assert [found.n, found.mean, found.minimum, found.maximum] == [101, 51, 1, 101]
    assert list(found.percentiles) == [2, 6, 26, 51, 76, 96, 100]
    assert found.sd == pytest.approx(29.3, abs=0.01)


def test_files_of_one_subject_are_compared_and_strangers_apart() -> None:
    """Four subjects whose second file is a tenth larger; neighbours are unlike."""
    firsts = (1000, 3000, 1000, 3000)
    cases = [
        case(2 * number + side, volume * (1.1 if side == 2 else 1.0), 0)
        for number, volume in enumerate(firsts)
        for side in (1, 2)
    ]

    sides, strangers = statistics.two_sides(cases), statistics.neighbours(cases)

    assert sides is not None
    assert (sides.n, sides.second_larger) == (4, 4)
    assert sides.correlation == pytest.approx(1)
    assert sides.difference_percent == pytest.approx(100 * 0.1 / 1.05)
    assert strangers is not None
    assert strangers.n == 3
    assert strangers.correlation == pytest.approx(-1)


def test_a_subject_with_one_file_is_compared_with_nobody() -> None:
    """And too few pairs have no correlation."""
    cases = [case(1, 1000), case(2, 1100), case(3, 900), case(5, 950)]

    assert statistics.two_sides(cases) is None


def test_the_anterior_share_is_in_percent() -> None:
    """Half and two thirds."""
    share = statistics.anterior_share([case(1, 1000), case(2, 2000)])

    assert share.minimum == 50
    assert share.maximum == pytest.approx(66.7, abs=0.1)


def test_without_cases_there_are_no_volumes() -> None:
    """Rather than an error: everything may be broken."""
    assert statistics.volumes([]) == {}
    assert replace(case(1, 0), drawing=None).volumes_mm3 == {}

"""Dates, times, ages and offsets: kept where they exist, empty where they do not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.report.dates import (
    age_at,
    age_or_empty,
    at_offset,
    date_or_empty,
    offset_of_zone,
    offset_or_none,
    time_or_empty,
    written_offset,
)

ARABIC_DIGITS = "٢٠٢٠٠١٠٣"


@pytest.mark.parametrize(
    "value",
    ["", "1950", "20260231", "20230229", "00000000", "2020-01-03", ARABIC_DIGITS],
)
def test_what_no_calendar_knows_is_no_date(value: str) -> None:
    """Nor is a date in other digits or another notation."""
    assert date_or_empty(value) == ""


def test_a_date_with_dots_is_one() -> None:
    """ACR-NEMA, which PS3.5 lets readers accept."""
    assert date_or_empty("2024.02.29 ") == "20240229"


@pytest.mark.parametrize(
    "value", ["24", "2561", "10111", "1011121", "101112.", "10:1", ""]
)
def test_what_no_clock_shows_is_no_time(value: str) -> None:
    """Hour 24, minute 61, half a second field."""
    assert time_or_empty(value) == ""


@pytest.mark.parametrize("value", ["10", "1011", "101112", "235960", "101112.123456"])
def test_a_time_may_end_after_any_part(value: str) -> None:
    """A leap second is one too."""
    assert time_or_empty(f"{value} ") == value


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ("19500103", "20200102", "069Y"),
        ("19500103", "20200103", "070Y"),
        ("20160229", "20190228", "002Y"),
        ("20160229", "20190301", "003Y"),
        ("20180104", "20200103", "023M"),
        ("20180103", "20200103", "002Y"),
        ("20200103", "20200103", "000D"),
        ("20191207", "20200103", "027D"),
        ("20191206", "20200103", "000M"),
        ("20200104", "20200103", ""),
        ("", "20200103", ""),
    ],
)
def test_ages_are_completed(born: str, on: str, age: str) -> None:
    """A year older on the birthday, not the day after and not the day before."""
    assert age_at(born, on) == age


days = st.dates(date(1900, 1, 1), date(2026, 12, 31))


@given(days, st.integers(2, 110))
def test_a_birthday_is_the_first_day_of_a_year_of_age(born: date, years: int) -> None:
    """For every day of birth and every age."""
    day = datetime(born.year + years, born.month, min(born.day, 28), tzinfo=UTC)
    born = born.replace(day=min(born.day, 28))
    eve = day - timedelta(days=1)

    assert age_at(f"{born:%Y%m%d}", f"{day:%Y%m%d}") == f"{years:03d}Y"
    assert age_at(f"{born:%Y%m%d}", f"{eve:%Y%m%d}") != f"{years:03d}Y"


@pytest.mark.parametrize("value", ["", "70", "Y070", "0700Y", "70 Y", "-1Y", "²Y"])
def test_what_is_no_age_string_is_left_out(value: str) -> None:
    """A superscript is a digit to Python, and none in DICOM."""
    assert age_or_empty(value) == ""


@pytest.mark.parametrize(
    "value", ["", "-0000", "+1401", "-1201", "+03", "+0360", "0300"]
)
def test_what_is_no_offset_says_nothing(value: str) -> None:
    """The standard forbids -0000 (PS3.3 C.12.1.1.8)."""
    assert offset_or_none(value) is None


@given(st.integers(-12 * 60, 14 * 60).map(lambda m: timedelta(minutes=m)))
def test_an_offset_is_read_as_it_was_written(offset: timedelta) -> None:
    """Every minute from -1200 to +1400."""
    assert offset_or_none(written_offset(offset)) == offset


def test_a_zone_shows_the_clock_of_the_day() -> None:
    """Winter, summer, the hour that occurs twice, a date without a time, no date."""
    berlin = [
        offset_of_zone("Europe/Berlin", *moment)
        for moment in (
            ("20200103", "101112"),
            ("20200703", "10"),
            ("20201025", "0230"),
            ("20200703", ""),
        )
    ]

    assert [offset and written_offset(offset) for offset in berlin] == [
        "+0100",
        "+0200",
        "+0200",
        "+0200",
    ]
    assert offset_of_zone("Europe/Berlin", "", "") is None


def test_a_moment_keeps_its_place_in_time() -> None:
    """Only the clock that tells it changes."""
    moment = datetime(2025, 6, 5, 22, 0, tzinfo=UTC)
    india = at_offset(moment, timedelta(hours=5.5))

    assert india == moment
    assert f"{india:%Y%m%d %H%M}" == "20250606 0330"
    assert at_offset(moment, None).utcoffset() == moment.astimezone().utcoffset()
    assert india.utcoffset() == moment.astimezone(ZoneInfo("Asia/Kolkata")).utcoffset()

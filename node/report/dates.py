"""Dates, times, ages and offsets as DICOM writes them (PS3.5 6.2).

What a source states is kept where it can be; what no calendar or clock knows, such as
``20260231``, becomes "": our objects never pass on a date that is none.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DATE_WITH_DOTS = re.compile(r"(\d{4})\.(\d{2})\.(\d{2})", re.ASCII)
TIME_WITH_COLONS = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?", re.ASCII)
"""How ACR-NEMA wrote them, which readers still meet."""

DATE = re.compile(r"\d{8}", re.ASCII)
TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?", re.ASCII)
AGE = re.compile(r"(\d{1,3})([DWMY])", re.ASCII)
OFFSET = re.compile(r"([+-])(\d{2})([0-5]\d)", re.ASCII)

EARLIEST, LATEST = timedelta(hours=-12), timedelta(hours=14)
"""Offsets from UTC that exist (PS3.3 C.12.1.1.8)."""

DAYS_FOR_DAYS, MONTHS_FOR_MONTHS = 28, 24
"""Ages below these are told in days, and in months."""


def date_or_empty(value: str) -> str:
    """Return a date that exists as ``YYYYMMDD``, else "".

    >>> date_or_empty("2026.02.28"), date_or_empty("20260231"), date_or_empty("1950")
    ('20260228', '', '')
    """
    digits = DATE_WITH_DOTS.sub(r"\1\2\3", value.strip())
    return digits if _date(digits) else ""


def time_or_empty(value: str) -> str:
    """Return a time of day as ``HHMMSS.FFFFFF`` or its beginning, else "".

    >>> time_or_empty("10:11:12"), time_or_empty("101112.5"), time_or_empty("2561")
    ('101112', '101112.5', '')
    """
    digits = TIME_WITH_COLONS.sub(r"\1\2\3", value.strip())
    return digits if TIME.fullmatch(digits) else ""


def age_or_empty(value: str) -> str:
    """Return an Age String of four characters, else "".

    >>> age_or_empty("72Y"), age_or_empty("006M"), age_or_empty("Y072")
    ('072Y', '006M', '')
    """
    match = AGE.fullmatch(value.strip().upper())
    return f"{int(match[1]):03d}{match[2]}" if match else ""


def age_at(born: str, on: str) -> str:
    """Return the completed age on a day as an Age String, "" when it is unknown.

    In years; below two in months; in the first four weeks in days. Who was born on
    29 February is a year older on 1 March of a common year.

    >>> age_at("19500102", "20200101"), age_at("19500102", "20200102")
    ('069Y', '070Y')
    """
    birth, day = _date(born), _date(on)
    if birth is None or day is None or day < birth:
        return ""
    days = (day - birth).days
    months = (day.year - birth.year) * 12 + day.month - birth.month
    months -= day.day < birth.day
    if days < DAYS_FOR_DAYS:
        return f"{days:03d}D"
    if months < MONTHS_FOR_MONTHS:
        return f"{months:03d}M"
    return age_or_empty(f"{months // 12}Y")


def offset_or_none(value: str) -> timedelta | None:
    """Return an offset from UTC, written ``+0530``; None for what is none.

    >>> offset_or_none("-0330") == timedelta(hours=-3.5), offset_or_none("+2500")
    (True, None)
    """
    match = OFFSET.fullmatch(value.strip())
    if match is None or value.strip() == "-0000":
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    offset = -size if match[1] == "-" else size
    return offset if EARLIEST <= offset <= LATEST else None


def offset_of_zone(zone: str, day: str, time: str) -> timedelta | None:
    """Return the offset that the clocks of a zone showed at a local date and time.

    Parameters
    ----------
    zone
        IANA name, such as ``"Asia/Kolkata"``.
    day, time
        As from `date_or_empty` and `time_or_empty`; midnight without a time.

    Returns
    -------
    timedelta or None
        None without a date. Of an hour that occurs twice, the first one.
    """
    there = _date(day)
    if there is None:
        return None
    hour, minute = int(time[:2] or 0), int(time[2:4] or 0)
    local = datetime(there.year, there.month, there.day, hour, minute)  # noqa: DTZ001
    return local.replace(tzinfo=ZoneInfo(zone)).utcoffset()


def at_offset(moment: datetime, offset: timedelta | None) -> datetime:
    """Return an aware moment at an offset; by the machine's clock where it is None."""
    return moment.astimezone(None if offset is None else timezone(offset))


def written_offset(offset: timedelta) -> str:
    """Return an offset as in Timezone Offset From UTC (0008,0201).

    >>> written_offset(timedelta(hours=-3.5)), written_offset(timedelta(0))
    ('-0330', '+0000')
    """
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{'-' if offset < timedelta(0) else '+'}{hours:02d}{minutes:02d}"


def _date(value: str) -> date | None:
    if not DATE.fullmatch(value):
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None

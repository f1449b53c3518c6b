"""Times as a person reads them: in the zone of this machine, which is named."""

from __future__ import annotations

from datetime import datetime, timedelta


def day(at: datetime) -> str:
    """Return the local day, such as ``2026-11-21``."""
    return f"{at.astimezone():%Y-%m-%d}"


def clock(at: datetime) -> str:
    """Return the local time of day, to the second."""
    return f"{at.astimezone():%H:%M:%S}"


def zone(at: datetime) -> str:
    """Return the zone of this machine at a time: its name and its offset from UTC."""
    local = at.astimezone()
    offset = f"{local:%z}"
    hours, minutes = offset[:3], offset[3:5]
    name = local.tzname() or ""
    shown = "UTC" if local.utcoffset() == timedelta(0) else f"UTC{hours}:{minutes}"
    return shown if name in {"", "UTC"} or name[0] in "+-" else f"{shown} ({name})"


def span(start: datetime, end: datetime | None) -> str:
    """Return from when to when, in 19 characters, or in 31 with an end.

    Seconds are left out where the end is on another day.
    """
    if end is None:
        return f"{day(start)} {clock(start)}"
    if day(start) == day(end):
        return f"{day(start)} {clock(start)} to {clock(end)}"
    return f"{start.astimezone():%Y-%m-%d %H:%M} to {end.astimezone():%m-%d %H:%M}"


def lasting(seconds: float) -> str:
    """Return a duration in the two units that matter.

    >>> lasting(2.345), lasting(75), lasting(7300)
    ('2.3 s', '1 min 15 s', '2 h 1 min')
    """
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"

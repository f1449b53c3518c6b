"""Clocks: this machine's beside the archive's, and whose zone is meant."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from node.config import Settings
from node.doctor.finding import Finding, not_examined, ok, wrong
from node.doctor.rest import Rest

TOLERANCE_S = 5.0
"""Beyond it a look back into the archive's changes may miss a study."""

ORTHANC_TIME = "%Y%m%dT%H%M%S"


def examine_clock(settings: Settings, rest: Rest) -> Iterator[Finding]:
    """Compare this machine's clock with the archive's, and say the zone."""
    yield _clock(rest)
    yield _zone(settings.report.timezone)


def _clock(rest: Rest) -> Finding:
    if rest.why_not:
        return not_examined("clock", rest.why_not)
    before = datetime.now(UTC)
    theirs = rest.text("/tools/now")  # UTC, whole seconds
    after = datetime.now(UTC)
    return compared(theirs, before + (after - before) / 2)


def compared(told: str, ours: datetime) -> Finding:
    """Compare what Orthanc told of the time with our clock at that moment.

    Parameters
    ----------
    told
        UTC as Orthanc writes it, such as ``20261121T111901``.
    ours
        Aware UTC.
    """
    try:
        theirs = datetime.strptime(told, ORTHANC_TIME).replace(tzinfo=UTC)
    except ValueError:
        return not_examined("clock", "this Orthanc does not tell the time")
    theirs += timedelta(seconds=0.5)  # the middle of the second that it named
    apart_s = (ours - theirs).total_seconds()
    if abs(apart_s) <= TOLERANCE_S:
        return ok("clock", f"the archive's agrees within {TOLERANCE_S:g} s")
    which = "ahead of" if apart_s > 0 else "behind"
    return wrong(
        "clock",
        f"{ours:%H:%M:%S} here, {theirs:%H:%M:%S} at the archive (UTC): this machine "
        f"is {abs(apart_s):.0f} s {which} it",
        "whichever of the two machines is off",
        "sudo timedatectl set-ntp true",
    )


def _zone(name: str) -> Finding:
    if name:
        offset = datetime.now(ZoneInfo(name)).strftime("%z")
        return ok("time zone", f"[report] timezone = {name}, now {offset}")
    now = time.strftime("%Z %z")
    return ok("time zone", f"this machine's, {now}; [report] timezone names another")

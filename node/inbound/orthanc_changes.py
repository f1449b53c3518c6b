"""Orthanc's ``/changes``: the numbered history of what came, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

PAGE = 500
"""Changes per question; each new image is one."""

TELLING = ("NewStudy", "StableStudy")
"""Kinds of change that name a study to look at. A study that was still unstable when
Orthanc was stopped never becomes stable in this history: it is known as new alone."""


def studies_in(page: Mapping[str, Any]) -> list[str]:
    """Return Orthanc's identifiers of the studies that came or settled, each once."""
    changes = page["Changes"]
    return list(
        dict.fromkeys(
            str(each["ID"]) for each in changes if each["ChangeType"] in TELLING
        )
    )


def since(begin: datetime, last: int, ask: Callable[[str], Any]) -> int:
    """Return the number of the last change before a moment, found by halving.

    Parameters
    ----------
    begin
        Aware time; Orthanc writes its dates in UTC, whatever its time zone.
    last
        Number of the last change of all.
    ask
        Gets a path of the REST API.
    """
    text = begin.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    low, high = 0, last
    while low < high:  # what is up to low is older, what is beyond high is not
        middle = (low + high) // 2
        changes = ask(f"/changes?since={middle}&limit=1")["Changes"]
        if changes and str(changes[0]["Date"]) < text:
            low = int(changes[0]["Seq"])
        else:
            high = middle
    return low

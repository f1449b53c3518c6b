"""Waits that double while something does not pass."""

from __future__ import annotations

from datetime import datetime, timedelta


class Backoff:
    """How long to wait for what has no end that anybody knows.

    Parameters
    ----------
    first
        The first wait, also after ``reset``.
    longest
        What no wait exceeds.
    """

    def __init__(self, first: timedelta, longest: timedelta) -> None:
        self._first = first
        self._longest = longest
        self._wait = timedelta(0)
        self._until: datetime | None = None

    def wait(self, now: datetime) -> timedelta:
        """Return the wait of what met the obstacle at ``now``.

        Those that meet it while the last wait lasts, such as jobs that ran side by
        side, have learned nothing new: the wait is the same.
        """
        if self._until is None or now >= self._until:
            self._wait = min(max(self._wait * 2, self._first), self._longest)
            self._until = now + self._wait
        return self._wait

    def reset(self) -> None:
        """Begin anew: it passed."""
        self._wait, self._until = timedelta(0), None

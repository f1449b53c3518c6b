"""Lines on standard error that say how far a long command is."""

from __future__ import annotations

import typer

STEPS = 20
"""Lines from the first to the last."""


def counted(done: int, total: int) -> None:
    """Say how many cases are done, every twentieth part of them."""
    if done * STEPS // total != (done - 1) * STEPS // total:
        typer.echo(f"[{done}/{total}] cases", err=True)


class Counted:
    """Says the same where each case only tells its name."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def __call__(self, _: str) -> None:
        """Count one."""
        self.done += 1
        counted(self.done, self.total)

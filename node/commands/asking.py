"""What ``retry`` and ``retract`` share: which studies are meant, and the question."""

from __future__ import annotations

import sys

import typer

from node.commands.ledgers import studies_named
from node.jobs.ledger import Ledger


def studies_meant(ledger: Ledger, wanted: str | None) -> frozenset[str] | None:
    """Return the Study Instance UIDs that somebody means; None: every study.

    Raises
    ------
    NodeError
        There is none.
    """
    if wanted is None:
        return None
    return frozenset(row.study_instance_uid for row in studies_named(ledger, wanted))


def at_terminal() -> bool:
    """Tell whether a person can be asked, and reads the question."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def agreed(question: str) -> bool:
    """Ask, and tell whether the answer is yes; Enter is no."""
    return typer.confirm(question, default=False)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "job"), counted(2, "job")
    ('1 job', '2 jobs')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

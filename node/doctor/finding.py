"""One thing that was examined, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    ADVICE = "advice"
    """It works; somebody should know."""
    WRONG = "wrong"
    NOT_EXAMINED = "not examined"
    """Nobody looked, so nobody knows: never to be taken for ok."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Attributes
    ----------
    subject
        What was examined.
    state
        How it stands.
    found
        What was seen, or why it was not examined.
    where
        The setting, file or machine that the remedy concerns; empty when ok.
    remedy
        The very line to write or to type; empty when ok.
    """

    subject: str
    state: State
    found: str
    where: str = ""
    remedy: str = ""


def ok(subject: str, found: str) -> Finding:
    """Return what is as it should be."""
    return Finding(subject, State.OK, found)


def advice(subject: str, found: str, where: str, remedy: str) -> Finding:
    """Return what works, and what somebody should know about it."""
    return Finding(subject, State.ADVICE, found, where, remedy)


def wrong(subject: str, found: str, where: str, remedy: str) -> Finding:
    """Return a fault, where it lies, and the line that mends it."""
    return Finding(subject, State.WRONG, found, where, remedy)


def not_examined(subject: str, because: str, where: str = "", do: str = "") -> Finding:
    """Return what could not be looked at, and what would make it possible."""
    return Finding(subject, State.NOT_EXAMINED, because, where, do)

"""A labelled study, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from models.contract import LabelMap, Volume


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a source holds.

    Attributes
    ----------
    truth
        ``(D, H, W)`` of `models.chest_ct.kinds.Kind` on the volume's grid; None
        where nobody has drawn it.
    facts
        What is known of the study beside its label, as JSON has it.
    """

    volume: Volume
    truth: LabelMap | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Source(Protocol):
    """Where the images of a case come from. It can be sent to another process."""

    def digest(self) -> str:
        """Return what changes when, and only when, the content does; hexadecimal."""

    def load(self) -> Loaded:
        """Read or make the images."""


@dataclass(frozen=True, slots=True)
class Case:
    """A study with its label.

    Attributes
    ----------
    name
        Study Instance UID, or the name of a simulated study.
    patient
        A pseudonym; all cases of a person have the same.
    is_positive
        Whether it is of the class `POSITIVE`.
    is_test
        Whether the data say that it is for the test alone; None where they say
        nothing and the split decides.
    """

    name: str
    patient: str
    is_positive: bool
    source: Source
    is_test: bool | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A study that is not learned from, and why.

    Attributes
    ----------
    reason
        Reason code in snake_case.
    """

    name: str
    reason: str
    detail: str = ""

"""A first look at a study that is complete: whose it is, of when, and who reads it.

The headers are opened in a process of their own alone (`isolated_parser.py`); what
comes back are plain values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from models.volume.rule import Acceptance
from models.volume.study import read_study
from node.inbound.archive import FoundSeries
from node.inbound.visits import NoVisitError, Visit, visit_in

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Ask(Protocol):
    """Calls a function of a module in the process that may open foreign files."""

    def __call__(
        self,
        question: Callable[Given, Answer],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Answer:
        """Return its answer, or raise ``ParserError``."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the headers of a study say.

    Attributes
    ----------
    visit
        None where they do not say who was scanned, or when.
    reason
        Why not, as a reason code.
    models
        Models that may read it: those of which some series fits the rule, as far as
        modality, description and number of images tell.
    """

    visit: Visit | None
    reason: str
    models: frozenset[str]


def look_at(series: Mapping[Path, int], rules: Mapping[str, Acceptance]) -> Look:
    """Look at one file of each series of a study.

    Parameters
    ----------
    series
        The file → number of images of its series.
    rules
        What each model reads, by its name.
    """
    headers = read_study(list(series), threads=1)
    found = [
        FoundSeries(
            each.study_instance_uid,
            each.series_instance_uid,
            "",
            each.modality,
            each.series_description,
            instances=sum(series[instance.path] for instance in each.instances),
        )
        for each in headers.series
    ]
    models = frozenset(
        model
        for model, rule in rules.items()
        # What cannot be opened may be of any kind.
        if headers.unreadable or any(fits(rule, each) for each in found)
    )
    try:
        return Look(visit_in(headers), "", models)
    except NoVisitError as error:
        return Look(None, error.reason, models)


def fits(rule: Acceptance, series: FoundSeries) -> bool:
    """Tell whether a model may read a series, as far as an archive tells of it."""
    few, many = rule.min_slices, rule.max_slices
    return (
        series.modality == rule.modality
        and re.search(rule.description, series.description, re.IGNORECASE) is not None
        and (series.instances is None or few <= series.instances <= many)
    )

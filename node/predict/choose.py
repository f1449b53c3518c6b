"""Which series of a study a model reads, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydicom import Dataset

from models.contract import Match, Refusal, SeriesInfo
from models.volume.acceptance import judge
from models.volume.bundle import Acceptance
from models.volume.series import StudyHeaders

OWN_OUTPUT = "own_output"
"""Reason code: this node, or another of its kind, made the series."""

NOT_CHOSEN = "not_chosen"
"""Reason code: the model reads this series too, but another one comes first."""

ANOTHER_KIND = frozenset({OWN_OUTPUT, "modality", "description"})
"""Refusals which say that a series was never meant for the model. Any other says
what keeps a series of the right kind from being read."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The verdict on every series of a study.

    Attributes
    ----------
    chosen
        The series that the model reads, or None.
    because
        The evidence for it, in words; "" when there is none.
    refusals
        Why not, by Series Instance UID, for every other series.
    """

    chosen: SeriesInfo | None
    because: str
    refusals: Mapping[str, Refusal]

    @property
    def reason(self) -> str:
        """Return the reason code of a study in which nothing was chosen.

        That of the first series which is of the right kind and yet unreadable, since
        that one was meant to be read; ``no_series_accepted`` when there is none.
        """
        telling = (
            refusal.reason
            for refusal in self.refusals.values()
            if refusal.reason not in ANOTHER_KIND
        )
        return next(telling, "no_series_accepted")


def choose(
    rule: Acceptance,
    study: StudyHeaders,
    is_own: Callable[[Dataset], bool],
) -> Choice:
    """Choose the series of ``study`` that a model reads.

    Of several matches the one with most slices is chosen, of these the one with the
    lowest series number (none comes last), of these the one with the lowest UID.

    Parameters
    ----------
    rule
        The rule in force: the bundle's, or what the site has written in its place.
    is_own
        Tells an object that a node like this one made from its header: the node
        never works on its own output.
    """
    matches: list[tuple[SeriesInfo, str]] = []
    refusals: dict[str, Refusal] = {}
    for series in study.series:
        verdict = _verdict(rule, study, is_own, series)
        if isinstance(verdict, Match):
            matches.append((series, verdict.because))
        else:
            refusals[series.series_instance_uid] = verdict
    if not matches:
        return Choice(None, "", MappingProxyType(refusals))
    (chosen, because), *others = sorted(matches, key=lambda match: _rank(match[0]))
    for series, _ in others:
        why = _precedence(chosen, series)
        refusals[series.series_instance_uid] = Refusal(NOT_CHOSEN, why)
    return Choice(chosen, because, MappingProxyType(refusals))


def _verdict(
    rule: Acceptance,
    study: StudyHeaders,
    is_own: Callable[[Dataset], bool],
    series: SeriesInfo,
) -> Match | Refusal:
    if is_own(study.datasets[series.instances[0].sop_instance_uid]):
        return Refusal(OWN_OUTPUT, "made by a node like this one")
    return judge(rule, series)


def _rank(series: SeriesInfo) -> tuple[int, bool, int, str]:
    number = series.series_number
    return (
        -len(series.instances),
        number is None,
        number or 0,
        series.series_instance_uid,
    )


def _precedence(first: SeriesInfo, other: SeriesInfo) -> str:
    """Say why ``first`` comes before ``other``: where their ranks differ."""
    named = first.series_number
    before = f"after series {'without a number' if named is None else named}, "
    if len(first.instances) != len(other.instances):
        return f"{before}of {len(first.instances)} slices: {len(other.instances)} here"
    if first.series_number != other.series_number:
        return f"{before}of as many slices: the lower series number comes first"
    return f"{before}of as many slices: the lower Series Instance UID comes first"

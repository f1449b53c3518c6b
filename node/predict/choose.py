"""Which series of a study a model reads, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydicom import Dataset

from models.contract import Match, Refusal, SeriesInfo
from models.volume.acceptance import judge
from models.volume.preference import precedence, ranked
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders

OWN_OUTPUT = "own_output"
"""Reason code: this node, or another of its kind, made the series."""

NOT_CHOSEN = "not_chosen"
"""Reason code: the model reads this series too, but another one comes first."""

NOT_ASKED = "not_asked"
"""Reason code: the model was given another series of the study, and that one alone."""

ANOTHER_KIND = frozenset(
    {OWN_OUTPUT, NOT_ASKED, "modality", "description", "image_type"}
)
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
    unfit: Mapping[str, Refusal] = MappingProxyType({}),
    only: str = "",
) -> Choice:
    """Choose the series of ``study`` that a model reads.

    Of several matches the rule says which comes first (``models.volume.preference``).

    Parameters
    ----------
    rule
        The rule in force: the bundle's, or what the site has written in its place.
    is_own
        Tells an object that a node like this one made from its header: the node
        never works on its own output.
    unfit
        Why the model refused the pixels of series that it was given before, by Series
        Instance UID: the next one is chosen.
    only
        Series Instance UID of the only series that may be chosen; "": any.
    """
    matches: dict[str, Match] = {}
    refusals: dict[str, Refusal] = {}
    for series in study.series:
        uid = series.series_instance_uid
        verdict = unfit.get(uid) or _verdict(rule, study, is_own, series)
        if only not in {"", uid}:
            verdict = Refusal(NOT_ASKED, "read by itself, if at all")
        if isinstance(verdict, Match):
            matches[uid] = verdict
        else:
            refusals[uid] = verdict
    if not matches:
        return Choice(None, "", MappingProxyType(refusals))
    among = ranked(rule, [s for s in study.series if s.series_instance_uid in matches])
    chosen, *others = among
    for series in others:
        why = precedence(rule, chosen, series, among)
        refusals[series.series_instance_uid] = Refusal(NOT_CHOSEN, why)
    because = matches[chosen.series_instance_uid].because + _after(study, unfit)
    return Choice(chosen, because, MappingProxyType(refusals))


def _after(study: StudyHeaders, unfit: Mapping[str, Refusal]) -> str:
    """Name the series whose pixels the model refused before, "" when there is none."""
    told = [
        f"{name_of(series)} ({unfit[series.series_instance_uid].reason})"
        for series in study.series
        if series.series_instance_uid in unfit
    ]
    return f"; refused before it: {', '.join(told)}" if told else ""


def name_of(series: SeriesInfo) -> str:
    """Name a series by its number, which identifies nobody."""
    number = series.series_number
    return f"series {'?' if number is None else number}"


def _verdict(
    rule: Acceptance,
    study: StudyHeaders,
    is_own: Callable[[Dataset], bool],
    series: SeriesInfo,
) -> Match | Refusal:
    if is_own(study.datasets[series.instances[0].sop_instance_uid]):
        return Refusal(OWN_OUTPUT, "made by a node like this one")
    return judge(rule, series)

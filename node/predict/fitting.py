"""The first series, in the order of the rule, whose pixels the model can read.

Headers are a promise: a series that they recommend may show an abdomen. The model says
so of its pixels, and the next series that fits is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom import Dataset

from models.contract import Context, Model, Refusal, SeriesInfo
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders
from node.errors import JobError, UnfitPixelsError
from node.predict.choose import Choice, choose, name_of
from node.predict.run import Prediction, run


@dataclass(frozen=True, slots=True)
class Reading:
    """A series that was read, and why it and none before it.

    Attributes
    ----------
    context
        How it was read, and of whom.
    """

    choice: Choice
    context: Context
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class NoneFits:
    """No series is read; the model was meant for none of them.

    Attributes
    ----------
    reason
        Reason code of the first that was tried, else of the choice.
    """

    choice: Choice
    reason: str


def read_fitting(
    model: Model,
    rule: Acceptance,
    study: StudyHeaders,
    is_own: Callable[[Dataset], bool],
    context_of: Callable[[SeriesInfo], Context],
    announce: Callable[[str], None] = lambda _: None,
    only: str = "",
) -> Reading | NoneFits:
    """Read the series that comes first of those whose pixels the model can read.

    Parameters
    ----------
    is_own
        As in ``choose``.
    context_of
        Says how a series is read and whom it shows; may refuse it by ``JobError``.
    announce
        As in ``run``.
    only
        As in ``choose``.

    Raises
    ------
    JobError
        As ``run``, of any series but those with unfit pixels. Also when none is left
        and one of them was of the right kind: with the reason of the first such one,
        and a line for each that was tried.
    """
    tried: list[tuple[SeriesInfo, UnfitPixelsError]] = []
    while True:
        unfit = {
            series.series_instance_uid: Refusal(error.reason, str(error))
            for series, error in tried
        }
        choice = choose(rule, study, is_own, unfit, only)
        if choice.chosen is None:
            return _none_fits(choice, tried)
        context = context_of(choice.chosen)
        try:
            prediction = run(model, choice.chosen, context, announce)
        except UnfitPixelsError as error:
            tried.append((choice.chosen, error))
        else:
            return Reading(choice, context, prediction)


def _none_fits(
    choice: Choice, tried: Sequence[tuple[SeriesInfo, UnfitPixelsError]]
) -> NoneFits:
    """Return why no series is read, unless one was meant and could not be."""
    meant = [error for _, error in tried if not error.not_applicable]
    if meant and len(tried) == 1:
        raise JobError(meant[0].reason, str(meant[0]))
    if meant:
        lines = (f"{name_of(s)}: {error.reason}, {error}" for s, error in tried)
        raise JobError(meant[0].reason, "\n".join(lines))
    return NoneFits(choice, tried[0][1].reason if tried else choice.reason)

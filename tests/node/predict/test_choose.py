"""Which series is read, and a reason for every other one."""

from __future__ import annotations

from itertools import permutations

import pytest
from pydicom import Dataset

from models.contract import Match, Refusal, SeriesInfo
from node.predict.choose import choose
from tests.node.predict.headers import series, study


def accepts_mr(candidate: SeriesInfo) -> Match | Refusal:
    """Accept MR, as a model would."""
    if candidate.modality == "MR":
        return Match(f"MR, {len(candidate.instances)} slices")
    return Refusal("modality", candidate.modality)


def nothing_is_own(dataset: Dataset) -> bool:
    """Say that a stranger made it."""
    return False


def test_the_only_match_is_chosen_with_its_evidence() -> None:
    """And the others keep the model's own reason."""
    members = study([series("1.1", modality="CT"), series("1.2")])

    choice = choose(accepts_mr, members, nothing_is_own)

    assert choice.chosen is members.series[1]
    assert choice.because == "MR, 3 slices"
    assert {uid: r.reason for uid, r in choice.refusals.items()} == {"1.1": "modality"}


RANKED = [
    series("1.9", slices=5, number=7),
    series("1.8", slices=4, number=2),
    series("1.7", slices=4, number=3),
    series("1.1", slices=4, number=None),
    series("1.2", slices=4, number=None),
]
"""Most slices, then lowest number, none last, then lowest UID."""


@pytest.mark.parametrize("first", range(len(RANKED) - 1))
def test_of_several_matches_one_comes_first_whatever_their_order(first: int) -> None:
    """Equal studies give equal choices."""
    candidates = RANKED[first:]
    for order in permutations(candidates):
        choice = choose(accepts_mr, study(order), nothing_is_own)

        assert choice.chosen is candidates[0]
        assert {r.reason for r in choice.refusals.values()} == {"not_chosen"}
        assert len(choice.refusals) == len(candidates) - 1


def test_the_nodes_own_output_is_never_read() -> None:
    """Not even when it would be the best match; the model is not asked."""
    own, foreign = series("1.1", slices=9), series("1.2")

    choice = choose(
        accepts_mr, study([own, foreign]), lambda ds: ds.SOPInstanceUID == "1.1.0"
    )

    assert choice.chosen is foreign
    assert choice.refusals["1.1"].reason == "own_output"


@pytest.mark.parametrize(
    ("reasons", "reason"),
    [
        (["modality", "description"], "no_series_accepted"),
        (["modality", "irregular_spacing", "description"], "irregular_spacing"),
        (["description", "slice_count", "matrix"], "slice_count"),
        ([], "no_series_accepted"),
    ],
)
def test_without_a_match_the_most_telling_reason_speaks(
    reasons: list[str], reason: str
) -> None:
    """A series of the right kind that cannot be read counts more than other kinds."""
    members = study(series(f"1.{index}") for index, _ in enumerate(reasons))
    verdicts = {f"1.{index}": Refusal(name, "") for index, name in enumerate(reasons)}

    choice = choose(lambda s: verdicts[s.series_instance_uid], members, nothing_is_own)

    assert choice.chosen is None
    assert choice.reason == reason

"""What is told beside the answer: places, statements, flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.chest_ct.admission.admit import Admission
from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE
from models.chest_ct.locate import Place
from models.chest_ct.told_lungs import LUNGS
from models.chest_ct.zprofile.profile import LEVELS
from models.chest_ct.zprofile.score import ZScore
from models.evidence import Classification
from models.terms import Flag, Grade, Statement

NAMES: Mapping[str, str] = {
    CNN: "3D network",
    SLICES: "slice network",
    Z_PROFILE: "profile of the lungs",
}
"""What a reader calls each piece of evidence."""

SIGN_WORDS: Mapping[str, str] = {
    "denser": "denser than the reference",
    "more_air": "less dense than the reference",
    "dense_tissue": "more dense tissue than the reference",
    "ground_glass": "more haze than the reference",
    "emphysema": "more emphysema-like voxels than the reference",
    "right_larger": "the right lung larger beside the left than in the reference",
    "left_larger": "the left lung larger beside the right than in the reference",
    "right_denser": "the right lung denser beside the left than in the reference",
    "left_denser": "the left lung denser beside the right than in the reference",
    "narrower": "narrower than the reference",
}

LATERAL = ("right_larger", "left_larger", "right_denser", "left_denser")
HALVES = "the two halves of the chest less alike than in the reference"
"""Said instead of a lateral sign where right and left are not proven."""

APART = 0.6
"""Scores that lie further apart than this contradict one another."""


def chest_statement(admission: Admission) -> Statement:
    """Return how sure it is that the images show a chest, and why."""
    return Statement(
        "Chest CT", f"confidence {admission.confidence:.2f}: {admission.detail}"
    )


def statements(
    answer: Classification, score: ZScore, *, fast: bool, sides: bool
) -> Iterator[Statement]:
    """Yield what the evidence said, in words.

    Parameters
    ----------
    sides
        Whether right and left lung are proven.
    """
    told = ", ".join(
        f"{NAMES.get(name, name)} {value:.3f}"
        for name, value in answer.evidence.items()
    )
    decided = NAMES.get(answer.decided_by, answer.decided_by)
    yield Statement("Evidence", f"{told}; decided by the {decided}", LUNGS.name)
    if fast:
        yield Statement(
            "Fast mode",
            "The slice network was not asked, and no picture was made of what decided.",
        )
    if score.levels:
        yield Statement(
            "Profile of the lungs",
            f"{_sign(score.leading, sides=sides)}, most at {heights(score.levels)} of "
            "the height below the apex",
            LUNGS.name,
        )


def _sign(name: str, *, sides: bool) -> str:
    return HALVES if name in LATERAL and not sides else SIGN_WORDS[name]


def place_statements(found: Sequence[Place]) -> Iterator[Statement]:
    """Yield what a reader should know of the places of a positive answer."""
    if not found:
        yield Statement(
            "Places",
            "No place stands out: where to look first is not known.",
            LUNGS.name,
        )
    if any(place.outline is not None for place in found):
        yield Statement(
            "Segments",
            "Volume and density of the lungs count the findings in them; the segments "
            "of the lungs leave out what is drawn as a finding.",
            LUNGS.name,
        )


def heights(levels: tuple[int, ...]) -> str:
    """Return levels as parts of the height of the lungs, those that touch as one.

    >>> heights((0, 1, 2, 3, 30, 31))
    '0 to 12 % and 94 to 100 %'
    """
    runs: list[list[int]] = []
    for level in levels:
        if runs and level == runs[-1][1]:
            runs[-1][1] = level + 1
        else:
            runs.append([level, level + 1])
    return " and ".join(
        f"{100 * first / LEVELS:.0f} to {100 * end / LEVELS:.0f} %"
        for first, end in runs
    )


def contradictions(
    answer: Classification, weights: Mapping[str, float]
) -> Iterator[Flag]:
    """Yield a flag where pieces of evidence contradict one another.

    Only what counts can: evidence of weight 0 decides nothing. And a profile that
    leaves no band nowhere says nothing against small disease, so that only networks
    speak against it.
    """
    heard = {name: p for name, p in answer.evidence.items() if weights[name] > 0}
    networks = {name: p for name, p in heard.items() if name != Z_PROFILE}
    if not networks:
        return
    high = max(heard, key=lambda name: heard[name])
    low = min(networks, key=lambda name: networks[name])
    if heard[high] - networks[low] > APART:
        yield Flag(
            "evidence_contradicts",
            f"The {NAMES[high]} speaks for disease, the {NAMES[low]} against it.",
            Grade.B,
        )

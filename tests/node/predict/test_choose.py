"""Which series is read, and a reason for every other one."""

from __future__ import annotations

import zipfile
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from models.contract import Refusal
from models.volume.rule import Acceptance
from models.volume.series import read_study
from node.predict.choose import choose
from tests.node.predict.headers import series, study

RULE = Acceptance("MR", max_slices=9, max_matrix=16)


def nothing_is_own(dataset: Dataset) -> bool:
    """Say that a stranger made it."""
    return False


def test_the_only_match_is_chosen_with_its_evidence() -> None:
    """And the others keep the model's own reason."""
    members = study([series("1.1", modality="CT"), series("1.2")])

    choice = choose(RULE, members, nothing_is_own)

    assert choice.chosen is members.series[1]
    assert choice.because == "MR without a name, 3 slices of 8 x 8"
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
        choice = choose(RULE, study(order), nothing_is_own)

        assert choice.chosen is candidates[0]
        assert {r.reason for r in choice.refusals.values()} == {"not_chosen"}
        assert len(choice.refusals) == len(candidates) - 1


def test_the_nodes_own_output_is_never_read() -> None:
    """Not even when it would be the best match; the rule is not asked."""
    own, foreign = series("1.1", slices=9), series("1.2")

    choice = choose(
        RULE, study([own, foreign]), lambda ds: ds.SOPInstanceUID == "1.1.0"
    )

    assert choice.chosen is foreign
    assert choice.refusals["1.1"].reason == "own_output"


BROKEN: dict[str, dict[str, Any]] = {
    "modality": {"modality": "CT"},
    "slice_gap": {"geometry_problem": "slice_gap"},
    "slice_count": {"slices": 10},
    "matrix": {"rows": 17},
}
"""Reason code → a change that brings it about."""


@pytest.mark.parametrize(
    ("reasons", "reason"),
    [
        (["modality", "modality"], "no_series_accepted"),
        (["modality", "slice_gap", "modality"], "slice_gap"),
        (["modality", "slice_count", "matrix"], "slice_count"),
        ([], "no_series_accepted"),
    ],
)
def test_without_a_match_the_most_telling_reason_speaks(
    reasons: list[str], reason: str
) -> None:
    """A series of the right kind that cannot be read counts more than other kinds."""
    members = study(series(f"1.{n}", **BROKEN[name]) for n, name in enumerate(reasons))

    choice = choose(RULE, members, nothing_is_own)

    assert [refusal.reason for refusal in choice.refusals.values()] == reasons
    assert choice.chosen is None
    assert choice.reason == reason


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (0, "after series 7: 5 slices there, 4 slices here"),
        (1, "after series 2, as good: the lower series number comes first"),
        (2, "after series 3, as good: the lower series number comes first"),
        (3, "the lower Series Instance UID comes first"),
    ],
)
def test_who_comes_later_is_told_why(first: int, why: str) -> None:
    """The words name what decided between the two."""
    choice = choose(RULE, study(RANKED[first : first + 2]), nothing_is_own)

    (refusal,) = choice.refusals.values()
    assert why in refusal.detail


def test_after_unfit_pixels_the_next_series_is_chosen_and_says_so() -> None:
    """Whoever reads the result sees what was tried before it, and the refused why."""
    members = study(RANKED[:3])
    unfit = {"1.9": Refusal("not_a_chest", "no lungs")}

    choice = choose(RULE, members, nothing_is_own, unfit)

    assert choice.chosen is RANKED[1]
    assert choice.because == (
        "MR without a name, 4 slices of 8 x 8; "
        "refused before it: series 7 (not_a_chest)"
    )
    assert choice.refusals["1.9"] == unfit["1.9"]
    assert choice.refusals["1.7"].detail.startswith("after series 2")


def test_when_no_pixels_fit_the_reason_is_the_models() -> None:
    """Nothing is left to choose, and the study is not told that nothing was meant."""
    unfit = {"1.9": Refusal("not_a_chest", "no lungs")}

    choice = choose(RULE, study(RANKED[:1]), nothing_is_own, unfit)

    assert choice.chosen is None
    assert choice.reason == "not_a_chest"


def test_a_series_may_be_the_only_one_that_is_asked_for() -> None:
    """Then no other is chosen, better or not; each says why."""
    only = choose(RULE, study(RANKED[:3]), nothing_is_own, only="1.7")
    refused = choose(
        RULE,
        study([RANKED[0], series("1.3", modality="CT")]),
        nothing_is_own,
        only="1.3",
    )

    assert only.chosen is RANKED[2]
    assert {r.reason for r in only.refusals.values()} == {"not_asked"}
    assert refused.chosen is None
    assert refused.reason == "no_series_accepted"


def test_a_localizer_never_speaks_for_a_study() -> None:
    """The series that was meant to be read does, though it comes later."""
    rule = Acceptance("CT", image_types_refused=("LOCALIZER",))
    scout = series("1.1", modality="CT", tags={"ImageType": "ORIGINAL\\LOCALIZER"})
    gap = series("1.2", modality="CT", geometry_problem="slice_gap")

    choice = choose(rule, study([scout, gap]), nothing_is_own)

    assert choice.refusals["1.1"].reason == "image_type"
    assert choice.reason == "slice_gap"


@pytest.mark.data
@pytest.mark.parametrize(
    ("kernels", "description"),
    [((r"^B[234]\d",), "B40f"), ((r"^B[567]\d", r"^B[234]\d"), "B70f")],
)
def test_of_two_kernels_of_a_real_scan_the_rule_takes_one(
    shared_data: Path, tmp_path: Path, kernels: tuple[str, ...], description: str
) -> None:
    """The other one says which came first; without a preference the number decides."""
    scan = shared_data / "chest_ct" / "lung_pet_ct_dx" / "Lung_Dx-A0002.zip"
    with zipfile.ZipFile(scan) as archive:
        archive.extractall(tmp_path)
    members = read_study([path for path in tmp_path.rglob("*") if path.is_file()])
    rule = Acceptance(
        "CT", prefer=("coverage", "thin", "kernel"), kernels=kernels, planes=("axial",)
    )

    choice = choose(rule, members, nothing_is_own)

    assert choice.chosen is not None
    assert choice.chosen.series_description.endswith(description)
    (refusal,) = choice.refusals.values()
    assert f"kernel '{description}' there" in refusal.detail

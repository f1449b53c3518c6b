"""A probability has a class, a box lies inside the image, a band has a curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import Findings
from models.evidence import Classification, HeatMap, Location, Profile
from models.terms import Code, Structure

ANY = Code("1", "99TEST", "anything")
LUNGS = Structure("Lungs", (1,), ANY, ANY, ANY)


def classification(probability: float, threshold: float = 0.5) -> Classification:
    """Return an answer about the lungs."""
    return Classification("Lungs", ANY, "pathology", probability, threshold)


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_answer_is_positive_when_it_reaches_the_threshold(
    probability: float, threshold: float
) -> None:
    """Equal is positive: the threshold belongs to the positive class."""
    answer = classification(probability, threshold)
    assert answer.is_positive == (probability >= threshold)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1e-4, 1e-4))
def test_what_is_printed_is_on_its_side_of_the_threshold(
    probability: float, threshold: float, apart: float
) -> None:
    """0.39499 beside 0.39501 is not 0.395 beside 0.395, and no 1."""
    near = min(max(threshold + apart, 0.0), 1.0)
    for answer in (
        classification(probability, threshold),
        classification(near, threshold),
    ):
        printed, limit = float(answer.printed), float(answer.printed_threshold)
        gap = abs(answer.probability - answer.threshold)
        assert gap < 1e-8 or (printed >= limit) == answer.is_positive
    assert classification(0.871, 0.5).printed == "0.871"
    assert classification(0.39499, 0.39501).printed == "0.39499"


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    """Neither as an answer, nor as a threshold, nor as evidence."""
    with pytest.raises(ValueError, match="not in 0 to 1"):
        classification(wrong)
    with pytest.raises(ValueError, match="not in 0 to 1"):
        classification(0.5, wrong)
    with pytest.raises(ValueError, match="not in 0 to 1"):
        Classification("Lungs", ANY, "pathology", 0.5, 0.5, evidence={"net": wrong})


def test_a_box_is_told_in_columns_rows_and_slices() -> None:
    """The order of the spreadsheet is x, y, z; that of arrays is z, y, x."""
    box = Location("Lungs", (1, 2, 3), (4, 5, 6), 0.9)
    assert box.xyz == (3, 6, 2, 5, 1, 4)


def test_a_box_in_millimetres_reaches_half_a_voxel_beyond_its_voxels() -> None:
    """An affine that turns rows round makes the smallest coordinate of the last."""
    affine = np.array([[0, 0, 2.0, 10], [0, -1.0, 0, 20], [5.0, 0, 0, 0], [0, 0, 0, 1]])
    low, high = Location("Lungs", (1, 2, 3), (1, 4, 3), 0.9).corners_mm(affine)
    assert low == (15.0, 15.5, 2.5)
    assert high == (17.0, 18.5, 7.5)


def test_a_box_outside_the_image_is_refused() -> None:
    """Its last voxel has to exist."""
    labels = np.zeros((4, 4, 4), np.uint8)
    box = Location("Lungs", (0, 0, 0), (4, 3, 3), 0.9)
    with pytest.raises(ValueError, match="reaches out of the image"):
        Findings(labels, (LUNGS,), (), locations=(box,))


@pytest.mark.parametrize(
    ("first", "last"), [((0, 0, 2), (0, 0, 1)), ((-1, 0, 0), (0, 0, 0))]
)
def test_a_box_the_wrong_way_round_is_refused(
    first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    """A voxel has no negative index, and a box its first before its last."""
    with pytest.raises(ValueError, match="no box"):
        Location("Lungs", first, last, 0.9)


def test_what_is_found_belongs_to_a_structure() -> None:
    """A classification or a place of nothing is refused."""
    labels = np.zeros((4, 4, 4), np.uint8)
    box = Location("Nodule", (0, 0, 0), (1, 1, 1), 0.9)
    with pytest.raises(ValueError, match="unknown structures"):
        Findings(labels, (), (), classifications=(classification(0.5),))
    with pytest.raises(ValueError, match="unknown structures"):
        Findings(labels, (LUNGS,), (), locations=(box,))


def test_a_profile_has_a_band_at_every_place() -> None:
    """A curve without its band, or of another length, says nothing."""
    with pytest.raises(ValueError, match="differ in length"):
        Profile("Area", "mm2", "height", (0.0, 1.0), (1.0,), (0.0,), (2.0,))


def test_a_heat_map_lies_on_a_grid() -> None:
    """A picture of a slice is none."""
    with pytest.raises(ValueError, match="heat map"):
        HeatMap(np.zeros((3, 3), np.float32), np.eye(4), "Grad-CAM")

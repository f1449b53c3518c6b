"""Every kind of planted fault is found by its name on its case, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.hippocampus.cases.data import read_data
from models.hippocampus.eda.analysis import Analysis, analyse
from models.hippocampus.eda.kinds import KINDS
from tests.models.hippocampus.eda import planting
from tests.models.hippocampus.eda.planting import Plant

PLANTS: dict[str, Plant] = {kind: getattr(planting, kind) for kind in KINDS}


def found(analysis: Analysis) -> set[tuple[str, str]]:
    """Return every case with every kind that is said of it."""
    return {(remark.case, remark.kind) for remark in analysis.remarks}


def test_nothing_is_said_of_sound_pairs(sound: Analysis) -> None:
    """Sixteen pairs of eight subjects pass, and none is worth a look."""
    assert sound.remarks == ()
    assert len(sound.passed) == 16
    assert sound.subjects == 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_fault_is_found_by_its_name(kind: str, data: Path) -> None:
    """On exactly the cases where it was planted, and nothing else is said."""
    cases = PLANTS[kind](data)

    analysis = analyse(data, workers=1)

    assert found(analysis) == {(case, kind) for case in cases}
    kept = {case.name for case in analysis.passed}
    assert kept.isdisjoint(cases) is KINDS[kind].is_fault


def test_a_file_turned_round_is_back_to_front(data: Path) -> None:
    """As one with exchanged labels is; that it then rises to the front is no news."""
    (case,) = planting.turned_round(data)

    assert found(analyse(data, workers=1)) == {(case, "back_to_front")}


def test_several_faults_of_one_case_are_all_named(data: Path) -> None:
    """But its findings are not: a broken case is mended first."""
    planting.separate_pieces(data)
    planting.label_values(data)
    planting.missing_image(data)

    assert found(analyse(data, workers=1)) == {
        (planting.CASE, "missing_image"),
        (planting.CASE, "label_values"),
    }


def test_labels_without_an_image_do_not_spoil_those_with_one(data: Path) -> None:
    """Of two equal label maps, the one that has an image keeps it."""
    planting.duplicate_labels(data)
    planting.path(data, "images").unlink()

    analysis = analyse(data, workers=1)

    assert found(analysis) == {
        (planting.CASE, "missing_image"),
        (planting.CASE, "duplicate_labels"),
    }


def test_the_digest_is_the_one_that_training_records(data: Path) -> None:
    """So a report and a bundle can be seen to be of the same data."""
    planting.missing_image(data)

    assert analyse(data, workers=1).digest == read_data(data).sha256


@pytest.mark.data
def test_the_shared_data_are_220_pairs_with_three_broken_cases(
    shared_data: Path,
) -> None:
    """And training is on the same pairs without knowing their names."""
    analysis = analyse(shared_data / "hippocampus")

    assert (len(analysis.passed), analysis.subjects) == (220, 144)
    kinds = {
        name.removeprefix("hippocampus_"): [fault.kind for fault in faults]
        for name, faults in analysis.broken.items()
    }
    assert kinds == {
        "010": ["missing_image", "duplicate_labels"],
        "118": ["missing_labels"],
        "281": ["missing_image", "shape", "spacing", "missing_class"],
    }
    assert analysis.digest == read_data(shared_data / "hippocampus").sha256

"""Which slices are shown, and that everything on them lies where it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.contract import Findings
from models.evidence import Location
from node.report.key_slices import key_slices
from node.report.places import places
from node.report.slices import MOST
from tests.node.report.classified import below, classified_case
from tests.node.report.inputs import Case


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def shown(chest: Case, findings: Findings) -> list[tuple[int, list[int]]]:
    """Return index and numbers of the places of each key slice."""
    volume = chest.volume
    keys = key_slices(volume, findings, places(volume, findings))
    return [(key.index, [place.number for place in key.places]) for key in keys]


def test_each_place_has_its_slice(chest: Case) -> None:
    """Where most of its mask lies; the middle of a box without one."""
    counts = (chest.findings.label_map == 3).sum(axis=(1, 2))

    (nodule, first), (effusion, second) = shown(chest, chest.findings)
    assert counts[nodule] == counts.max()
    assert effusion == 6
    assert (first, second) == ([1], [2])


def test_places_of_one_slice_share_a_picture(chest: Case) -> None:
    """Each picture is shown once, with both names."""
    first = chest.findings.locations[0]
    twice = (first, replace(first, score=0.2))
    findings = replace(chest.findings, locations=twice)

    assert [numbers for _, numbers in shown(chest, findings)] == [[1, 2]]


def test_no_more_slices_than_a_page_holds(chest: Case) -> None:
    """The most dangerous first."""
    many = tuple(
        Location("Pleural effusion", (d, 4, 4), (d, 6, 6), 0.5) for d in range(12)
    )
    findings = replace(chest.findings, locations=many, heat_map=None)

    assert [index for index, _ in shown(chest, findings)] == list(range(MOST))


def test_without_a_place_slices_from_the_head_show_what_was_read(chest: Case) -> None:
    """Spread evenly; this series is stored from the feet up."""
    indices = [index for index, _ in shown(chest, below(chest.findings))]

    assert len(indices) == MOST
    assert indices == sorted(indices, reverse=True)


def test_a_series_of_few_slices_is_shown_once(chest: Case) -> None:
    """No picture twice."""
    volume = chest.volume
    few = replace(
        volume,
        array=volume.array[:3].copy(),
        series=replace(volume.series, instances=volume.series.instances[:3]),
    )
    findings = below(chest.findings)
    findings = replace(findings, label_map=findings.label_map[:3].copy())

    assert len(key_slices(few, findings, ())) <= 3

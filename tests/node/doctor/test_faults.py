"""Every fault that is seeded is named, with the place and the line that mends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from node.doctor import Finding, State, examine
from tests.node.doctor.faults import ALONE, BESIDE_ORTHANC, Fault
from tests.node.doctor.grounds import Ground


def named(fault: Fault, ground: Ground) -> Finding:
    """Seed a fault, examine, and return the finding of its subject."""
    with fault.seed(ground) as settings:
        findings = list(examine(settings, store=fault.store))
    (finding,) = (one for one in findings if one.subject == fault.subject)
    return finding


@pytest.mark.parametrize("fault", ALONE, ids=lambda fault: fault.name)
def test_a_fault_of_the_node_is_named(fault: Fault, tmp_path: Path) -> None:
    """Its subject turns, and what to write or to type is said."""
    finding = named(fault, Ground(tmp_path))

    assert finding.state is fault.state, finding
    assert fault.remedy in finding.remedy
    assert finding.where
    assert finding.found


@pytest.mark.pacs
@pytest.mark.parametrize("fault", BESIDE_ORTHANC, ids=lambda fault: fault.name)
def test_a_fault_beside_an_archive_is_named(
    fault: Fault, orthancs: Ground, tmp_path: Path
) -> None:
    """Its subject turns, and what to write or to type is said."""
    finding = named(fault, replace(orthancs, folder=tmp_path))

    assert finding.state is fault.state, finding
    assert fault.remedy in finding.remedy
    assert finding.where


@pytest.mark.pacs
def test_nothing_is_wrong_where_nothing_was_seeded(orthancs: Ground) -> None:
    """Beside a real Orthanc everything is ok; only the viewer does not run."""
    assert orthancs.archive is not None
    findings = list(examine(orthancs.archive.settings, store=True))

    unlike = {one.subject: one.state for one in findings if one.state is not State.OK}
    assert unlike == {"viewer OHIF": State.NOT_EXAMINED}
    assert orthancs.archive.get("/statistics")["CountInstances"] == 0


@pytest.mark.pacs
def test_without_store_the_archive_is_left_as_it_was(orthancs: Ground) -> None:
    """Nothing is stored or deleted, and what only --store tells is not called ok."""
    assert orthancs.archive is not None
    before = orthancs.archive.get("/changes?last")

    findings = list(examine(orthancs.archive.settings))

    unseen = {one.subject for one in findings if one.state is State.NOT_EXAMINED}
    assert {"test C-STORE", "routing script (Lua)"} <= unseen
    assert orthancs.archive.get("/changes?last") == before

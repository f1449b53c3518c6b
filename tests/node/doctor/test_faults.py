"""Every fault that is seeded is named, with the place and the line that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from node.doctor import Finding, State, examine
from orthanc import render
from tests.node.doctor.faults import ALONE, BESIDE_ORTHANC, Fault
from tests.node.doctor.grounds import Ground
from tests.node.doctor.seeds import OTHER
from tests.pacs.archive import free_settings, running_archive


@pytest.fixture(scope="module")
def orthancs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Run one as it should be, one without script and plugins, one of another node."""
    folder = tmp_path_factory.mktemp("orthancs")
    foreign = free_settings(folder / "foreign", node={"ae_title": OTHER})
    foreign = foreign.model_copy(update={"archive_user": "node"})
    with ThreadPoolExecutor() as threads, ExitStack() as ends:
        # Orthanc takes seconds to end: all three end at one time.
        ends.callback(lambda: [*threads.map(ExitStack.close, each)])
        each = [ExitStack() for _ in range(3)]
        ours = running_archive(free_settings(folder / "ours"))
        archive = each[0].enter_context(ours)
        other = each[1].enter_context(running_archive(foreign))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(render, "PLUGINS", ())
            silent = running_archive(free_settings(folder / "bare"), routes=False)
            bare = each[2].enter_context(silent)
        yield Ground(folder, archive, bare, other)


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
    assert fault.found in finding.found
    assert finding.where


@pytest.mark.pacs
@pytest.mark.parametrize("fault", BESIDE_ORTHANC, ids=lambda fault: fault.name)
def test_a_fault_beside_an_archive_is_named(
    fault: Fault, orthancs: Ground, tmp_path: Path
) -> None:
    """Its subject turns, and what to write or to type is said."""
    finding = named(fault, replace(orthancs, folder=tmp_path))

    assert finding.state is fault.state, finding
    assert fault.remedy in finding.remedy
    assert fault.found in finding.found
    assert finding.where


@pytest.mark.pacs
def test_nothing_is_wrong_where_nothing_was_seeded(orthancs: Ground) -> None:
    """Beside a real Orthanc everything is ok; only the viewer does not run."""
    assert orthancs.archive is not None
    findings = list(examine(orthancs.archive.settings, store=True))

    unlike = {one.subject: one.state for one in findings if one.state is not State.OK}
    assert unlike == {
        "viewer OHIF": State.NOT_EXAMINED,
        "model chest_ct": State.ADVICE,
    }
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

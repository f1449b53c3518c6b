"""One result has one set of UIDs, and no UID has two contents (docs/promises.md 3)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import Dataset

from node.jobs.job import Reported
from tests.flow.readings import KINDS, OneNode, uids

ROOT = Path(__file__).resolve().parents[2]
IN_ANOTHER_PROCESS = """
import sys
from datetime import timedelta
from pathlib import Path
from tests.flow.readings import OneNode, use_stand_in
use_stand_in()
node = OneNode(Path(sys.argv[1]))
for job in node.ledger.jobs.interrupted():
    node.ledger.jobs.give_back(job.job_id, "interrupted", node.now)
node.now += timedelta(days=1)
node.attempt()
"""


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "7", "LC_ALL": "C", "OMP_NUM_THREADS": "2"},
        {"TZ": "Asia/Tokyo"},
    ],
)
def test_a_rebuild_has_equal_bytes_or_other_uids(
    node: OneNode, files: list[Path], surroundings: dict[str, str]
) -> None:
    """A result that was lost with its process is made again, elsewhere."""
    node.receive(files)
    _, outcome = node.attempt()
    assert isinstance(outcome, Reported), outcome
    before = by_uid(node)
    node.ledger.close()

    subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, node.folder],
        cwd=ROOT,
        env=os.environ | surroundings,
        check=True,
    )

    after = by_uid(node)
    for uid in before.keys() & after.keys():
        assert before[uid] == after[uid]
    assert (before.keys() == after.keys()) is ("TZ" not in surroundings)


def by_uid(node: OneNode) -> dict[str, bytes]:
    """Return the bytes of every object of v1, by its SOP Instance UID."""
    return {
        str(node.dataset(f"v1/{kind}").SOPInstanceUID): node.objects()[f"v1/{kind}"]
        for kind in KINDS
    }


def test_two_installations_never_share_a_uid(
    node: OneNode, files: list[Path], tmp_path: Path
) -> None:
    """Their clocks and versions differ, and so would the bytes."""
    other = OneNode(tmp_path / "other")
    for one in (node, other):
        one.receive(files)
        one.read()
    other.ledger.close()

    assert uids(node, 1).isdisjoint(uids(other, 1))


def devices(dataset: Dataset) -> set[str]:
    """Return the Device UIDs of an object: of our equipment, and of the observer."""
    (ours,) = dataset.ContributingEquipmentSequence
    observers = {
        str(item.UID)
        for item in dataset.get("ContentSequence", [])
        if item.ValueType == "UIDREF"
        and item.ConceptNameCodeSequence[0].CodeValue == "121012"
    }
    return {str(ours.DeviceUID)} | observers


def test_all_objects_of_all_versions_carry_one_device_uid(
    node: OneNode, files: list[Path]
) -> None:
    """Of SEG, SR and SC, and of the SR's device observer; the model is the same."""
    node.receive(files[:3])
    node.read()
    node.receive(files)
    node.read()

    found = [
        devices(node.dataset(f"v{version}/{kind}"))
        for version in (1, 2)
        for kind in KINDS
    ]

    assert len(set().union(*found)) == 1
    assert all(found)

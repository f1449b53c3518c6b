"""Each odd file that others collected ends with a status and a reason, both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import UnreadableError
from node.inbound.dataset import identify, open_file
from node.jobs.ledger_jobs import JobRow
from tests.hostile.encodings import crop
from tests.hostile.files import HostileFile, hostile_files
from tests.hostile.hosted import HostedNode, hosted_node
from tests.node.inbound.objects import as_file, eventually

pytestmark = [pytest.mark.data, pytest.mark.slow]

Ending = str
Feed = Callable[[HostedNode, HostileFile], Ending | None]

EXPECTED = {
    "C-STORE": Counter({"kept": 166, "0xC000": 6}),
    "dropped": Counter({"kept": 166, "refused": 37}),
}
"""How many files each way, of 203, of which 172 can be named in a C-STORE."""


@pytest.fixture(scope="module")
def files(shared_data: Path) -> list[HostileFile]:
    """Return all of them."""
    found = hostile_files(shared_data / "hostile")
    assert len(found) == 203
    assert sum(not file.sendable for file in found) == 31
    assert sum(file.kind == "DICOMDIR" for file in found) == 8
    return found


def send(node: HostedNode, file: HostileFile) -> Ending | None:
    """Send one file; return how that ended, None when its study will tell."""
    status = node.store(file.content, file.sop_class_uid, file.sop_instance_uid)
    assert status is not None
    if status == 0x0000:
        return None
    return f"0x{status:04X}: {node.events('not_stored')[-1]['reason']}"


def drop(node: HostedNode, file: HostileFile) -> Ending | None:
    """Drop one file; return why it was refused, None when its study will tell."""
    before = len(node.events("file_refused"))
    node.drop(file.content, "file")
    dropped = node.folder / "drop" / "file"
    eventually(lambda: not dropped.exists(), within_s=30)
    refused = eventually_or_not(lambda: node.events("file_refused")[before:], file)
    return f"refused: {refused[0]['reason']}" if refused else None


def eventually_or_not(
    events: Callable[[], list[dict[str, str]]], file: HostileFile
) -> list[dict[str, str]]:
    """Wait for the line in the log when the file is one that is refused."""
    return eventually(events) if study_of(file) is None else events()


def study_of(file: HostileFile) -> str | None:
    """Return the study of a file; None when it is unreadable."""
    try:
        opened = open_file(file.content)
        identity = identify(opened.dataset, opened.transfer_syntax_uid, 1 << 31)
    except UnreadableError:
        return None
    return identity.study_instance_uid


def endings(
    node: HostedNode, files: list[HostileFile], feed: Feed
) -> list[tuple[str, Ending]]:
    """Feed the files and return kind and ending of each."""
    told = [(file, feed(node, file)) for file in files]
    kept = {study_of(file) for file, ending in told if ending is None}
    assert None not in kept
    jobs = node.outcomes({study for study in kept if study is not None})
    return [
        (file.kind, ending or _outcome(jobs[study_of(file) or ""]))
        for file, ending in told
    ]


def _outcome(job: JobRow) -> Ending:
    return f"kept; study {job.state}: {job.reason}"


def read_one(node: HostedNode) -> None:
    """Have a good study read, so that all is loaded that a worker ever needs."""
    folder = node.folder / "good"
    images = crop(folder)
    for number, ds in enumerate(images):
        node.drop(as_file(ds), str(number))
    node.outcomes({str(images[0].StudyInstanceUID)})


@pytest.mark.parametrize(("way", "feed"), [("C-STORE", send), ("dropped", drop)])
def test_each_file_ends_with_a_status_and_a_reason(
    files: list[HostileFile], tmp_path: Path, way: str, feed: Feed
) -> None:
    """The node lives, decodes nothing itself, and its memory returns.

    Prints a table of the counts (``-s``).
    """
    fed = [file for file in files if feed is drop or file.sendable]
    with hosted_node(tmp_path) as node:
        read_one(node)
        before = node.memory_mib()
        found = endings(node, fed, feed)
        after = node.memory_mib()
        assert node.echo()
        assert node.tripped() == ""

    table = Counter((kind, way, ending) for kind, ending in found)
    for row, count in sorted(table.items()):
        print(*row, count, sep=" | ")  # noqa: T201 - what the test found
    print(f"PSS in MiB before {before}, after {after}")  # noqa: T201 - as above
    assert (
        Counter(ending.split(":")[0].split(";")[0] for _, ending in found)
        == (EXPECTED[way])
    )
    assert after["node"] < before["node"] + 40
    assert after["workers"] < before["workers"] + 100

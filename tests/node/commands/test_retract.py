"""`pacs-node retract` as a person types it: notes to where the results are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from node import log
from node.app import Node, Stage
from node.config import Settings
from node.jobs.ledger import Ledger
from tests.node.earlier import PRIOR
from tests.node.jobs.ledger_stories import T0, queue, result
from tests.node.retraction.results import (
    deliver,
    environment,
    object_uids,
    report,
    settings_for,
)
from tests.node.send.test_scu import StandInArchive
from tests.node.test_main import pacs_node

WHAT = ("--model", "hippocampus", "--version", "1.0.0")


@pytest.fixture
def archive() -> Iterator[StandInArchive]:
    """Start a stand-in archive on a free port."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()


def filled(settings: Settings, *, results: int = 1, send: bool = True) -> list[str]:
    """Leave a ledger with results, delivered or not; return their objects."""
    settings.node.data_dir.mkdir()
    ledger = Ledger(settings.node.data_dir)
    jobs = [report(ledger, settings, number) for number in range(results)]
    if send:
        deliver(ledger, settings)
    uids = object_uids(ledger, jobs)
    ledger.close()
    return uids


def retract(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Type the command beside the ledger."""
    folder = settings.node.data_dir.parent
    return pacs_node(
        "retract", *WHAT, *arguments, folder=folder, **environment(settings)
    )


def test_notes_go_to_where_the_results_are(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """No node runs: the command sends them. A second time there is nothing to do."""
    settings = settings_for(tmp_path / "data", archive)
    sent = filled(settings, results=2)

    status, output, errors = retract(
        settings, "--yes", "--code", "safety", "--reason", "wrong side"
    )
    second = retract(settings, "--yes")

    headers = [dcmread(path) for path in settings.node.data_dir.rglob("KO.dcm")]
    assert (status, errors) == (0, ""), output
    assert "2 results taken back" in output
    assert output.count(": sent\n") == 2
    assert max(map(len, output.splitlines())) <= 80
    assert archive.received[: len(sent)] == sent
    assert set(archive.received[len(sent) :]) == {ds.SOPInstanceUID for ds in headers}
    assert len(headers) == 2
    assert second[0] == 0
    assert second[1].count("already taken back on") == 2
    assert len(archive.received) == len(sent) + 2


def test_later_results_that_rest_on_it_are_named(tmp_path: Path) -> None:
    """With the line that has them read again, without it."""
    settings = settings_for(tmp_path / "data")
    _, sr, *_ = filled(settings, send=False)
    with closing(Ledger(settings.node.data_dir)) as ledger:
        (job,) = queue(ledger, "1.9")
        ledger.jobs.claim(T0)
        told = replace(result(), priors=(replace(PRIOR, sr_instance_uid=sr),))
        ledger.jobs.report(job.job_id, told, [], T0)
        later = log.salted(ledger.site_salt, "1.9")

    _, output, _ = retract(settings, "--yes")

    assert f"      pacs-node retry --state sent --study {later}\n" in output


def test_nobody_to_ask_is_one_line_and_nothing_is_done(tmp_path: Path) -> None:
    """Without a terminal a person has to say --yes beforehand."""
    settings = settings_for(tmp_path / "data")

    status, output, errors = retract(settings)

    assert (status, output) == (2, "")
    assert errors == (
        "pacs-node: nobody can be asked here: add --yes to take back without a "
        "question\n"
    )


def test_what_nobody_got_is_not_sent_any_more(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Its note is: nobody knows what was on its way."""
    settings = settings_for(tmp_path / "data", archive)
    filled(settings, send=False)

    status, output, _ = retract(settings, "--yes", "--json")
    ledger = Ledger(settings.node.data_dir)
    deliver(ledger, settings)
    ledger.close()

    told = json.loads(output)
    assert status == 0
    assert told["taken_back"] == 1
    (result,) = told["results"]
    assert list(result["note_deliveries"].values()) == ["sent"]
    assert archive.received == [result["note"]]


def test_an_archive_without_room_gets_its_notes_later(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """The command says so, and what to start."""
    settings = settings_for(tmp_path / "data", archive)
    filled(settings)
    archive.status = 0xA700

    status, output, _ = retract(settings, "--yes")

    assert status == 1
    assert output.count("on its way") == 2
    assert output.endswith("the node does it when it runs: pacs-node run\n")


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Run the parts of a node that send, with its lock and its look at the ledger."""
    node = Node(settings)
    stages: tuple[Stage, ...] = (*node.outboxes, node.schedule)
    for stage in stages:
        stage.start()
    try:
        yield
    finally:
        for stage in stages:
            stage.stop()
        node.stop()


def test_a_running_node_sends_the_notes_at_once(
    archive: StandInArchive, tmp_path: Path
) -> None:
    """Its outbox sleeps for a minute, and is woken by what the command wrote."""
    settings = settings_for(tmp_path / "data", archive)
    sent = filled(settings)
    came = threading.Event()

    with running(settings):
        archive.on_store = came.set
        status, output, _ = retract(settings, "--yes")

    assert status == 0, output
    assert came.is_set()
    assert len(archive.received) == len(sent) + 1
    assert "pacs-node run" not in output


def test_deletion_without_rest_is_refused_before_anything(tmp_path: Path) -> None:
    """One line with the setting to write."""
    settings = settings_for(tmp_path / "data")

    status, _, errors = pacs_node(
        "retract",
        *WHAT,
        "--yes",
        "--delete",
        folder=tmp_path,
        PACS_NODE_ARCHIVE__REST="false",
        **environment(settings),
    )

    assert status == 2
    assert errors.splitlines() == [
        "pacs-node: --delete needs the archive's REST: write [archive] rest = true"
    ]

"""Sending what a run read: never fatal, and never a reason to read it again."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from node.batch.desk import tell_demonstrations
from node.batch.entry import Entry
from node.batch.records import opened
from node.batch.run import read
from node.batch.words import Words
from node.config import Destination, SendSettings
from tests.node.batch import results
from tests.node.batch.orders import SETTINGS, objects, order
from tests.node.send.test_scu import StandInArchive

SOMEWHERE = Destination(ae_title="PACS", host="127.0.0.1", port=104)


def sent(folder: Path, archive: StandInArchive) -> list[Entry]:
    """Send the results of a folder."""
    peer = archive.peer
    there = Destination(ae_title=peer.ae_title, host=peer.host, port=peer.port)
    sending = SendSettings(timeout_s=2.0, backoff_s=0.01)
    settings = SETTINGS.model_copy(update={"send": sending})
    entries = read(
        replace(order(folder), settings=settings, destinations=(there,))
    ).entries
    return list(entries)


def test_what_an_earlier_run_read_is_sent(
    unsent: Path, archive: StandInArchive
) -> None:
    """What is not taken waits for the next time; what is sent is not sent again."""
    archive.status = 0xA700
    refused = sent(unsent, archive)
    archive.status = 0x0000
    archive.received.clear()
    time.sleep(0.05)  # the back-off

    taken = sent(unsent, archive)
    again = sent(unsent, archive)

    assert all(entry.was_kept for entry in [*refused, *taken, *again])
    assert {entry.job.state for entry in refused if entry.job} == {"reported"}
    assert {entry.job.state for entry in [*taken, *again] if entry.job} == {"sent"}
    assert sorted(archive.received) == sorted(
        each.sop_instance_uid for entry in taken for each in entry.objects
    )


def test_another_destination_gets_them_as_well(
    unsent: Path, archive: StandInArchive
) -> None:
    """It was never addressed to before."""
    entries = sent(unsent, archive)

    assert len(archive.received) == 6
    assert {entry.job.state for entry in entries if entry.job} == {"sent"}


def test_results_that_were_removed_are_made_again(
    unsent: Path, archive: StandInArchive
) -> None:
    """The same bytes in the same place; nothing is a new version."""
    before = objects(unsent)
    folders = sorted(unsent.glob("out/*/hippocampus"))
    (folders[0] / "v1" / "SR.dcm").unlink()
    shutil.rmtree(folders[1])

    entries = sent(unsent, archive)

    assert objects(unsent) == before
    assert {(e.job.version, e.job.state) for e in entries if e.job} == {(1, "sent")}


def test_a_removed_result_that_comes_out_otherwise_is_another_version(
    unsent: Path, archive: StandInArchive, tmp_path: Path
) -> None:
    """Nobody passes other bytes off as the ones that were there."""
    shutil.copytree(unsent, tmp_path / "ward")
    folder = tmp_path / "ward"
    (lost, _) = sorted(folder.glob("out/*/hippocampus/v1/SR.dcm"))
    lost.unlink()
    with opened(order(folder)) as ledger, ledger.database.write() as connection:
        connection.execute("UPDATE objects SET sha256 = 'x' WHERE kind = 'SEG'")

    versions = [e.job.version for e in read(order(folder)).entries if e.job]

    assert versions == [2, 2]


def test_nobody_there_costs_no_result(unsent: Path, archive: StandInArchive) -> None:
    """The studies are reported; the deliveries say what is the matter."""
    archive.peer = replace(archive.peer, port=1, ae_title="NOBODY")

    entries = sent(unsent, archive)

    assert all(entry.is_reported for entry in entries)
    assert {d.state for d in entries[0].deliveries} == {"pending"}


def test_a_destination_that_was_down_gets_them_when_it_is_named_again(
    unsent: Path, archive: StandInArchive
) -> None:
    """Also when another one was named in between, and took them."""
    right, down = archive.peer, replace(archive.peer, port=1, ae_title="DOWN")
    archive.peer = down
    sent(unsent, archive)
    archive.peer = right
    assert {d.state for e in sent(unsent, archive) for d in e.deliveries} == {"sent"}
    archive.peer = down
    assert {d.state for e in sent(unsent, archive) for d in e.deliveries} == {"pending"}


@pytest.mark.parametrize(
    ("status", "where", "told"),
    [
        ("demonstration", (SOMEWHERE,), True),
        ("demonstration", (), False),
        ("research", (SOMEWHERE,), False),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_who_sends_what_a_demonstration_made_is_told_so(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    status: str,
    where: tuple[Destination, ...],
    told: bool,
    language: str,
) -> None:
    """An explicit order counts, and one line says what goes out."""
    bundles = {"shown": replace(results.bundle(), status=status)}
    asked = replace(order(tmp_path), destinations=where)

    tell_demonstrations(asked, bundles, Words.of(language))

    said = capsys.readouterr().err
    assert ("DEMONSTRATION" in said) is told
    assert said.count("\n") == int(told)

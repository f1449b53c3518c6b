"""What `pacs-node jobs` shows of a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node.jobs.job import Failed
from node.jobs.ledger import Ledger
from node.listing import lines, plain
from tests.node.jobs.ledger_stories import T0, queue, result

ARCHIVE, VIEW = "ARCHIVE@127.0.0.1:4242", "VIEW@127.0.0.1:104"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with one claimed job."""
    ledger = Ledger(tmp_path)
    queue(ledger)
    ledger.jobs.claim(T0)
    yield ledger
    ledger.close()


def shown(ledger: Ledger) -> list[tuple[str, str]]:
    """Return the lines of the only job."""
    return list(lines(ledger.jobs.get(1), ledger.deliveries.of_job(1)))


def test_objects_of_one_fate_share_a_line(ledger: Ledger) -> None:
    """What was refused says why, apart from what was sent and what still waits."""
    ledger.jobs.report(1, result(), [ARCHIVE, VIEW], T0)
    seg, sr, sc = ledger.deliveries.due(ARCHIVE, T0)
    ledger.deliveries.failed(seg, 0x0122, "SOP class not supported (0x0122)", T0)
    ledger.deliveries.sent(sr, 0, T0)
    ledger.deliveries.sent(sc, 0, T0)

    assert shown(ledger)[-3:] == [
        ("not sent", f"SEG to {ARCHIVE}: SOP class not supported (0x0122)"),
        ("on its way", f"SEG, SR, SC to {VIEW}"),
        ("sent", f"SR, SC to {ARCHIVE}"),
    ]
    assert shown(ledger)[0] == ("Hippocampus volume", "3370 mm3")


def test_what_waits_says_what_it_waits_for(ledger: Ledger) -> None:
    """The last answer of the archive stands beside it."""
    ledger.jobs.report(1, result(), [ARCHIVE], T0)
    due = ledger.deliveries.due(ARCHIVE, T0)
    ledger.deliveries.postpone(due, None, "no answer", T0 + timedelta(hours=1))

    assert shown(ledger)[-1] == ("on its way", f"SEG, SR, SC to {ARCHIVE}: no answer")


def test_a_failed_job_says_why_on_as_many_lines_as_it_needs(ledger: Ledger) -> None:
    """The reason code stands before the first of them."""
    ledger.jobs.fail(1, Failed("no_series", "first\nsecond", permanent=True), T0)

    assert shown(ledger) == [("no_series", "first"), ("", "second")]


def test_a_machine_reads_the_same(ledger: Ledger) -> None:
    """Each delivery with its status, as text in hexadecimal, or null."""
    ledger.jobs.report(1, result(), [ARCHIVE], T0)
    first, *_ = ledger.deliveries.due(ARCHIVE, T0)
    ledger.deliveries.failed(first, 0xA900, "class and data differ", T0)

    job = plain(ledger.jobs.get(1), ledger.deliveries.of_job(1))

    read = json.loads(json.dumps(job))
    assert (read["job"], read["state"]) == (1, "reported")
    assert [(d["kind"], d["state"], d["status"]) for d in read["deliveries"]] == [
        ("SEG", "failed", "0xA900"),
        ("SR", "pending", None),
        ("SC", "pending", None),
    ]

"""What `pacs-node jobs` shows of a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node.jobs.job import Failed
from node.jobs.ledger import Ledger
from node.listing import TITLES, folded, lines, plain, row_line, study_line
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
    """What was refused says why, apart from what waits; what was sent is silent."""
    ledger.jobs.report(1, result(), [ARCHIVE, VIEW], T0)
    seg, sr, sc = ledger.deliveries.due(ARCHIVE, T0)
    ledger.deliveries.failed(seg, 0x0122, "SOP class not supported (0x0122)", T0)
    ledger.deliveries.sent(sr, 0, T0)
    ledger.deliveries.sent(sc, 0, T0)

    assert shown(ledger) == [
        ("not sent", f"SEG to {ARCHIVE}: SOP class not supported (0x0122)"),
        ("on its way", f"SEG, SR, SC to {VIEW}"),
    ]


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


def test_a_lost_attempt_is_told_while_the_job_waits(ledger: Ledger) -> None:
    """A queue that does not move says what holds it up."""
    lost = Failed("worker_died", "signal 9", permanent=False)
    ledger.jobs.try_again(1, lost, T0 + timedelta(hours=1), T0)

    assert shown(ledger) == [("worker_died", "signal 9")]


def test_a_job_fits_under_its_titles_in_eighty_columns(ledger: Ledger) -> None:
    """Times, attempts and grade stand where the titles say; so does the study."""
    ledger.jobs.report(1, result(), [], T0 + timedelta(days=1))
    job = ledger.jobs.get(1)

    line, below = row_line(job), study_line(job, "0123456789ab")

    assert len(TITLES) == 80
    assert line[TITLES.index("state") :].startswith("reported")
    assert line[TITLES.index("model") :].startswith("hippocampus")
    assert line[TITLES.index("grade") :] == "A"
    assert below == "  0123456789ab  1.1"
    assert len(below) - len("1.1") + 64 == 80


def test_reasons_are_folded_between_words(ledger: Ledger) -> None:
    """A long one goes on under itself."""
    ledger.jobs.fail(1, Failed("no_series", "word " * 40, permanent=True), T0)

    text = list(folded(ledger.jobs.get(1), (), 80))

    assert len(text) > 1
    assert max(map(len, text)) <= 80
    assert text[0].startswith("      no_series: word")


def test_a_machine_reads_the_same(ledger: Ledger) -> None:
    """Each delivery with its status, as text in hexadecimal, or null."""
    ledger.jobs.report(1, result(), [ARCHIVE], T0)
    first, *_ = ledger.deliveries.due(ARCHIVE, T0)
    ledger.deliveries.failed(first, 0xA900, "class and data differ", T0)

    job = plain(ledger.jobs.get(1), ledger.deliveries.of_job(1), "hash")

    read = json.loads(json.dumps(job))
    assert (read["job"], read["state"], read["study_hash"]) == (1, "reported", "hash")
    assert [(d["kind"], d["state"], d["status"]) for d in read["deliveries"]] == [
        ("SEG", "failed", "0xA900"),
        ("SR", "pending", None),
        ("SC", "pending", None),
    ]

"""Every decision about a study, once, in the order in which it was made."""

from __future__ import annotations

from node.history.story import story_of
from node.history.timeline import timeline
from node.jobs.job import Failed, NotApplicable, ObjectFile
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import NoticePolicy
from node.moments import clock
from tests.node.history.stories import ARCHIVE, MINUTE, VIEW, everything
from tests.node.jobs.ledger_stories import T0, instance, queue


def told(ledger: Ledger) -> list[str]:
    """Return the lines about the study: time, subject, words."""
    study = ledger.studies.get("1.1")
    assert study is not None
    events = timeline(story_of(study, ledger))
    return [f"{clock(event.at)} {event.subject}: {event.text}" for event in events]


def test_a_long_story_is_told_in_order(ledger: Ledger) -> None:
    """Receipt, attempts, results, deliveries with their answers, the retraction."""
    everything(ledger)

    assert told(ledger) == [
        "08:00:00 study: first image received",
        "08:00:00 hippocampus: attempt 1, 1 min 0 s: worker_died: signal 9",
        "08:02:00 hippocampus: attempt 2, 1 min 0 s: reported",
        "08:03:00 hippocampus: result 1, grade A, 3 objects, bf16",
        (
            f"08:04:00 hippocampus: SEG, SR, SC to {ARCHIVE}: "
            "sent, 1 attempt, answer 0x0000"
        ),
        (
            f"08:05:00 hippocampus: SEG, SR, SC to {VIEW}: "
            "not sent, 1 attempt, answer 0x0122: no such class"
        ),
        "08:06:00 study: last image received: 2 images in 1 series from SCANNER",
        "08:07:00 study: complete, confirmed: the archive counts the same",
        "08:07:00 hippocampus: queued again",
        "08:08:00 hippocampus: attempt 3, 1 min 0 s: reported",
        "08:09:00 hippocampus: result 2, grade A, 3 objects, bf16",
        (
            f"08:09:00 hippocampus: SEG, SR, SC to {ARCHIVE}: on its way, 1 attempt: "
            "no answer; next 2026-01-05 08:20:00"
        ),
        "08:10:00 hippocampus: result 1 taken back (DCM 113037): sides exchanged",
    ]


def test_a_study_that_still_comes_says_so(ledger: Ledger) -> None:
    """Nobody has called it complete."""
    ledger.studies.record([instance(), instance(number=2)], T0)

    assert told(ledger) == [
        "08:00:00 study: received 2 images in 1 series from SCANNER",
        "08:00:00 study: not complete: images may come",
    ]


def test_a_refusal_gives_its_code_and_leaves_the_series_to_the_table(
    ledger: Ledger,
) -> None:
    """The lines of the series stand below; a running attempt has no end."""
    queue(ledger, models=["hippocampus", "chest"])
    ledger.jobs.claim(T0)
    ledger.jobs.refuse(1, NotApplicable("no_series", "series 1: matrix"), T0)
    ledger.jobs.claim(T0 + MINUTE)

    lines = told(ledger)

    assert "08:00:00 hippocampus: attempt 1, 0.0 s: no_series" in lines
    assert "08:01:00 chest: attempt 1: running" in lines


def test_a_notice_is_told_of_the_study(ledger: Ledger) -> None:
    """With where it went, for it is what the archive was told."""
    queue(ledger)
    ledger.jobs.claim(T0)
    ledger.jobs.fail(1, Failed("damaged_file", "1 damaged file"), T0 + MINUTE)
    (due,) = ledger.notices.due(NoticePolicy((), 3), T0 + MINUTE)
    notice = ObjectFile("NOTICE", "1.2", "9.9", "9", "1.2", ledger.database.path, "0")
    ledger.notices.made(due, notice, [ARCHIVE], T0 + 2 * MINUTE)

    assert told(ledger)[-3:] == [
        "08:00:00 hippocampus: attempt 1, 1 min 0 s: damaged_file: 1 damaged file",
        "08:02:00 study: notice made: the study was not read",
        f"08:02:00 study: NOTICE to {ARCHIVE}: on its way",
    ]

"""Whether earlier results are found in time, as the results of the last days say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from node.config import Settings
from node.doctor.finding import Finding, advice, ok
from node.errors import LedgerError
from node.jobs.known_priors import (
    NOT_SOUGHT,
    REJECTIONS_UNKNOWN,
    REPORTS_NOT_FETCHED,
    UNAVAILABLE,
)
from node.jobs.ledger import LEDGER_FILE, Ledger

SUBJECT = "earlier results"
DAYS = 7


AGAIN = f"pacs-node retry --missed --since {DAYS}d"
"""Has them sought again; a result that stays as it was makes no new version."""

ANSWERS = f"{AGAIN}  # once the archive answers this node's C-FIND and C-GET, or REST"
LONGER = f"timeout_s = {{longer:g}}  # where the log says {{event}}; then {AGAIN}"

LACKING = {
    UNAVAILABLE: ("know of no earlier ones: the archive gave no answer", ""),
    REJECTIONS_UNKNOWN: (
        "tell of earlier ones that the archive may reject: it gave no answer",
        "",
    ),
    NOT_SOUGHT: (
        "know of no earlier ones: they were not sought, or not in time",
        "priors_too_late",
    ),
    REPORTS_NOT_FETCHED: (
        "lack earlier ones: reports did not come, or not in time",
        "reports_not_fetched",
    ),
}
"""Reason code → what is said of results that carry it; the event in the log of those
for which there was too little time, "" where there was no answer."""


def examine_priors(settings: Settings) -> Iterator[Finding]:
    """Count the results that were made before anybody knew what came before them."""
    folder = settings.node.data_dir
    if not settings.priors.enabled or not (folder / LEDGER_FILE).is_file():
        return
    try:
        with closing(Ledger(folder, read_only=True)) as ledger:
            since = datetime.now(UTC) - timedelta(days=DAYS)
            results, withheld = ledger.priors.withheld(since)
    except LedgerError:  # of which its own finding tells
        return
    counted = f"of {results} results of the last {DAYS} days"
    longer = 3 * settings.priors.timeout_s
    for reason, (what, event) in LACKING.items():
        if number := withheld[reason]:
            remedy = LONGER.format(longer=longer, event=event) if event else ANSWERS
            where = "[priors] timeout_s" if event else "archive"
            yield advice(SUBJECT, f"{number} {counted} {what}", where, remedy)
    if withheld.keys().isdisjoint(LACKING):
        yield ok(SUBJECT, f"sought in time for each {counted}")

"""Whether earlier results are found in time, as the results of the last days say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from node.config import Settings
from node.doctor.finding import Finding, advice, ok
from node.errors import LedgerError
from node.jobs.known_priors import NOT_SOUGHT, UNAVAILABLE
from node.jobs.ledger import LEDGER_FILE, Ledger

SUBJECT = "earlier results"
DAYS = 7


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
    silent, late = withheld[UNAVAILABLE], withheld[NOT_SOUGHT]
    found = f"of {results} results of the last {DAYS} days"
    if silent > late:
        found = f"{silent} {found} know of none: the archive gave no answer"
        remedy = "archive = false  # or let it answer this node's C-FIND and C-GET"
        yield advice(SUBJECT, found, "[priors] archive", remedy)
    elif late:
        found = f"{late} {found} know of none: they were not sought, or not in time"
        longer = f"timeout_s = {3 * settings.priors.timeout_s:g}"
        remedy = f"{longer}  # where the log says priors_too_late"
        yield advice(SUBJECT, found, "[priors] timeout_s", remedy)
    else:
        yield ok(SUBJECT, f"sought in time for each {found}")

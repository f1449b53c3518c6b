"""A study that has been through everything: two versions, a refusal, a retraction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from node.history.story import Story, story_of
from node.jobs.job import Failed, Measured, Reported, Verdict
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import Retraction
from tests.node.earlier import prior
from tests.node.jobs.ledger_stories import T0, instance, queue, result, spooled

ARCHIVE, VIEW = "ARCHIVE@127.0.0.1:4242", "VIEW@127.0.0.1:104"
MINUTE = timedelta(minutes=1)
VERDICTS = (
    Verdict("1.1.2", 2, "T1\x1b[31m", 22, chosen=False, reason="matrix", detail="512"),
    Verdict("1.1.1", None, "crop", 36, chosen=True, reason="", detail="MR, 36 slices"),
)


def measured(value: float, printed: str) -> Measured:
    """Return a volume."""
    return Measured("Hippocampus", "Volume", value, printed, "mm3")


def reported(name: str, **changes: object) -> Reported:
    """Return a result with numbers, verdicts and provenance."""
    full = replace(
        result(name),
        measurements=(measured(3370.0, "3370"),),
        verdicts=VERDICTS,
        precision="bf16",
        made_with={
            "package_version": "0.1.0",
            "bundle_digest": "b" * 64,
            "input_digest": "c" * 64,
            "device": "cpu",
            "completeness": "confirmed",
        },
        priors=(prior(),) if name == "2" else (),
        priors_withheld=("identity_conflict",) if name == "2" else (),
    )
    return replace(full, **changes)  # type: ignore[arg-type] # by the names of fields


def everything(ledger: Ledger) -> Story:
    """Tell the ledger a long story, and return it.

    Received; one attempt lost; a result refused by one archive and taken by another;
    more images; a second result that waits; the first taken back.
    """
    (job,) = queue(ledger)
    ledger.jobs.claim(T0)
    lost = Failed("worker_died", "signal 9", permanent=False)
    ledger.jobs.try_again(job.job_id, lost, T0 + 2 * MINUTE, T0 + MINUTE)
    ledger.jobs.claim(T0 + 2 * MINUTE)
    names = [ARCHIVE, VIEW]
    ledger.jobs.report(job.job_id, reported("1"), names, T0 + 3 * MINUTE)
    for delivery in ledger.deliveries.due(ARCHIVE, T0 + 4 * MINUTE):
        ledger.deliveries.sent(delivery, 0, T0 + 4 * MINUTE)
    for delivery in ledger.deliveries.due(VIEW, T0 + 4 * MINUTE):
        ledger.deliveries.failed(delivery, 0x0122, "no such class", T0 + 5 * MINUTE)
    ledger.studies.record([spooled(ledger, instance(number=2))], T0 + 6 * MINUTE)
    queue(ledger, now=T0 + 7 * MINUTE)
    ledger.jobs.claim(T0 + 8 * MINUTE)
    ledger.jobs.report(job.job_id, reported("2"), [ARCHIVE], T0 + 9 * MINUTE)
    due = ledger.deliveries.due(ARCHIVE, T0 + 9 * MINUTE)
    ledger.deliveries.postpone(due, None, "no answer", T0 + 20 * MINUTE)
    retraction = Retraction("113037", "sides exchanged", T0 + 10 * MINUTE)
    ledger.retractions.take_back([(1, retraction)], T0 + 10 * MINUTE)
    study = ledger.studies.get("1.1")
    assert study is not None
    return story_of(study, ledger)

"""What looking for priors adds before a study is read, by where they are found.

Runs a real Orthanc with the reports of earlier visits and prints the median over
rounds, on loopback, of the whole search: headers, ledger, archive, reports read::

    python -m benchmarks.priors [--rounds 20] [--visits 3]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import pytest

from benchmarks.machine import processor
from node.inbound.archive import SearchableArchive
from node.inbound.archive_dicom import DicomArchive
from node.inbound.archive_orthanc import OrthancArchive
from node.inbound.isolated_parser import IsolatedParser
from node.inbound.prior_search import PriorSearch
from node.inbound.priors import QUESTIONS
from tests.flow.readings import OneNode
from tests.flow.visits import RULES, read, study_of, use_named_stand_in, visit
from tests.pacs.archive import free_settings, running_archive


def milliseconds(
    node: OneNode, study: str, archive: SearchableArchive | None, rounds: int, many: int
) -> float:
    """Return the median duration of a search that finds ``many`` priors."""
    (job,) = node.ledger.jobs.listing(study)
    parser = IsolatedParser(QUESTIONS)
    search = PriorSearch(
        node.ledger, archive, ask=parser.ask, rules=RULES, timeout_s=10.0
    )
    parser.start()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        known = search.search(job, search.look(study), node.now)
        taken.append(time.perf_counter() - began)
        assert known is not None
        assert len(known.priors) == many, known.withheld
    parser.stop()
    return statistics.median(taken) * 1000


def measure(folder: Path, rounds: int, visits: int) -> None:
    """Read some visits, store their reports, and search from two nodes."""
    before, after = OneNode(folder / "before"), OneNode(folder / "after")
    settings = free_settings(folder / "archive")
    last = visit(folder, "20250301")
    alone = visit(folder / "alone", "20250301", PatientID="ALONE")
    with running_archive(settings, routes=False) as archive:
        for year in range(visits):
            job, _ = read(before, visit(folder, f"{2024 - year}0301"))
            made = before.ledger.jobs.objects(job.job_id)
            archive.store(next(each.path for each in made if each.kind == "SR"))
        for node in (before, after):
            node.receive(last)
            node.receive(alone)
        rest = OrthancArchive(settings.archive)
        dimse = DicomArchive(settings.archive, settings.node.ae_title)
        for name, node, asked, files, many in (
            ("own results", before, None, last, visits),
            ("archive, REST", after, rest, last, visits),
            ("archive, C-FIND and C-GET", after, dimse, last, visits),
            ("nobody's, REST", after, rest, alone, 0),
            ("nobody's, C-FIND", after, dimse, alone, 0),
        ):
            took = milliseconds(node, study_of(files), asked, rounds, many)
            print(f"{name:<26} {many} found  {took:8.1f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--visits", type=int, default=3)
    chosen = parser.parse_args()
    print(processor())
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        use_named_stand_in(patch)
        measure(Path(folder), chosen.rounds, chosen.visits)


if __name__ == "__main__":
    main()

"""What the results of the last days say about the search for earlier ones."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import Settings
from node.doctor.finding import State
from node.doctor.priors import examine_priors
from node.jobs.job import Unchanged
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import queue, result

NOW = datetime.now(UTC)


def settings_of(folder: Path, *, enabled: bool = True) -> Settings:
    """Return settings of a node whose studies wait four seconds."""
    return Settings.model_validate(
        {
            "node": {"data_dir": folder},
            "priors": {"enabled": enabled, "timeout_s": 4},
        }
    )


def reported(folder: Path, *reasons: str, when: datetime = NOW) -> None:
    """Have a result for each reason in the ledger that knows of no earlier one."""
    with closing(Ledger(folder)) as ledger:
        for number, reason in enumerate(reasons):
            (job,) = queue(ledger, f"1.{number}", now=when)
            known = KnownPriors(withheld=(reason,))
            assert ledger.priors.keep(job.job_id, known, when)
            ledger.jobs.claim(when)
            ledger.jobs.report(job.job_id, result(str(number)), [], when)


AGAIN = "pacs-node retry --missed --since 7d"


@pytest.mark.parametrize(
    ("reason", "found", "remedy"),
    [
        ("priors_not_sought", "not in time", "timeout_s = 12  #"),
        ("archive_unavailable", "no answer", f"{AGAIN}  # once the archive answers"),
        ("prior_rejections_unknown", "may reject", f"{AGAIN}  # once the archive"),
        ("prior_reports_not_fetched", "did not come", "timeout_s = 12  #"),
    ],
)
def test_results_that_lack_earlier_ones_are_counted(
    tmp_path: Path, reason: str, found: str, remedy: str
) -> None:
    """It works; somebody should know, and has a line to write, and one to type."""
    reported(tmp_path, reason, "identity_unproven")

    (finding,) = examine_priors(settings_of(tmp_path))

    assert finding.state is State.ADVICE
    assert finding.found.startswith("1 of 2 results of the last 7 days")
    assert found in finding.found
    assert finding.remedy.startswith(remedy)
    assert AGAIN in finding.remedy


def test_who_did_as_advised_is_advised_no_more(tmp_path: Path) -> None:
    """Also where the search finds nothing, and the result stays as it was."""
    reported(tmp_path, "archive_unavailable")
    with closing(Ledger(tmp_path)) as ledger:
        (job,) = ledger.jobs.listing()
        ledger.repeats.queue_again([job.job_id], NOW)
        assert ledger.priors.keep(job.job_id, KnownPriors(), NOW)
        ledger.jobs.claim(NOW)
        ledger.jobs.unchanged(job.job_id, Unchanged("identity 0"), NOW)

    (finding,) = examine_priors(settings_of(tmp_path))

    assert finding.state is State.OK


def test_one_reason_hides_no_other(tmp_path: Path) -> None:
    """Each has a remedy of its own."""
    reported(tmp_path, "priors_not_sought", "archive_unavailable")

    assert len(list(examine_priors(settings_of(tmp_path)))) == 2


def test_what_was_withheld_for_another_reason_is_none_of_it(tmp_path: Path) -> None:
    """Nor is what lies long back."""
    reported(tmp_path, "identity_unproven")
    (tmp_path / "old").mkdir()
    reported(tmp_path / "old", "priors_not_sought", when=NOW - timedelta(days=8))

    findings = [
        *examine_priors(settings_of(tmp_path)),
        *examine_priors(settings_of(tmp_path / "old")),
    ]

    assert [finding.state for finding in findings] == [State.OK, State.OK]


def test_who_does_not_look_for_them_is_told_nothing(tmp_path: Path) -> None:
    """Nor who has read nothing yet."""
    reported(tmp_path, "priors_not_sought")

    assert list(examine_priors(settings_of(tmp_path, enabled=False))) == []
    assert list(examine_priors(settings_of(tmp_path / "new"))) == []

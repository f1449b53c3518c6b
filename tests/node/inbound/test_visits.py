"""Which earlier reports count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from models.terms import Grade
from node.inbound.visits import Visit, chosen
from node.person import Person
from node.prior_report import PriorReport
from tests.node.earlier import PRIOR

JANE = Person("A-1", "", date(1950, 1, 2), "F", frozenset({"doe", "jane"}))
VISIT = Visit("1.9", JANE, date(2026, 1, 1))
REPORT = PriorReport(
    replace(PRIOR, cautions=()),
    JANE,
    "hippocampus",
    replaces=frozenset(),
    made_at=("20240301", "120000"),
    sources=frozenset({"1.2.3.1", "1.2.3.2"}),
    grade=Grade.A,
)


def told(*reports: PriorReport, rejected: tuple[str, ...] = ()) -> object:
    """Return the cautions of every prior that counts, and what is withheld."""
    objections = dict.fromkeys(rejected, "prior_retracted")
    known = chosen(VISIT, "hippocampus", reports, objections)
    return [prior.cautions for prior in known.priors], known.withheld


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (REPORT, ([()], ())),
        (replace(REPORT, grade=Grade.C), ([], ("prior_unreliable",))),
        (
            replace(REPORT, grade=Grade.B, reservations=("cut_off",)),
            ([("cut_off",)], ()),
        ),
        (
            replace(REPORT, grade=None, reservations=("prior_grade_unknown",)),
            ([("prior_grade_unknown",)], ()),
        ),
        (
            replace(REPORT, person=replace(JANE, names=frozenset({"roe", "jane"}))),
            ([("name_differs",)], ()),
        ),
        (
            replace(REPORT, person=replace(JANE, names=frozenset({"roe"}))),
            ([], ("identity_conflict",)),
        ),
    ],
)
def test_a_report_counts_as_far_as_it_may_be_believed(
    report: PriorReport, expected: object
) -> None:
    """Grade C never, grade B with its reservations; a name is looked at."""
    assert told(report) == expected


@pytest.mark.parametrize(
    ("rejected", "reason"),
    [
        (PRIOR.sr_instance_uid, "prior_retracted"),
        ("1.2.3.2", "prior_images_rejected"),
    ],
)
def test_a_report_falls_with_its_images(rejected: str, reason: str) -> None:
    """A wrong worklist entry: they are of somebody else."""
    assert told(REPORT, rejected=(rejected,)) == ([], (reason,))
    assert told(REPORT, rejected=("1.2.8",)) == ([()], ())


def test_of_a_report_that_counts_no_more_no_older_version_counts() -> None:
    """The last one replaced it, and has grade C."""
    second = replace(
        REPORT,
        prior=replace(REPORT.prior, sr_instance_uid="2.25.8"),
        replaces=frozenset({PRIOR.sr_instance_uid}),
        made_at=("20240302", "120000"),
        grade=Grade.C,
    )

    assert told(second, REPORT) == ([], ("prior_unreliable",))

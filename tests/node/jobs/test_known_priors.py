"""What is known of a person, kept as text beside a job."""

from __future__ import annotations

import pickle
from pathlib import Path

from node.jobs.job import EarlierImages
from node.jobs.known_priors import KnownPriors
from tests.node.earlier import PRIOR, prior

IMAGES = EarlierImages("1.2.3", Path("priors/1/0"), ("identity_unproven",))
KNOWN = KnownPriors((prior(), PRIOR), ("identity_conflict",), (IMAGES,))


def test_what_is_kept_comes_back_whole() -> None:
    """To the digit, the interval, the side and the caution; twice the same text."""
    again = KnownPriors.of_text(KNOWN.text())

    assert again == KNOWN
    assert again.text() == KNOWN.text()


def test_an_older_ledger_knows_of_nobody() -> None:
    """Its column is empty."""
    assert KnownPriors.of_text(None) == KnownPriors()


def test_priors_travel_to_a_worker() -> None:
    """A request is pickled: a read-only mapping would not be."""
    assert pickle.loads(pickle.dumps(KNOWN)) == KNOWN  # noqa: S301 - our own bytes


def test_what_was_taken_back_since_is_left_out_and_said() -> None:
    """Once, however many; what stands is the same object."""
    told = KNOWN.without({PRIOR.sr_instance_uid})

    withheld = ("identity_conflict", "prior_retracted")
    assert told == KnownPriors((), withheld, (IMAGES,))
    assert KNOWN.without({"2.25.9"}) is KNOWN

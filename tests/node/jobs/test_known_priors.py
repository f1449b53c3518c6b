"""What is known of a person, kept as text beside a job."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from node.jobs.job import EarlierImages
from node.jobs.known_priors import KnownPriors, person_hash
from node.person import Person
from tests.node.earlier import PRIOR, prior

IMAGES = EarlierImages("1.2.3", Path("priors/1/0"), ("identity_unproven",))
KNOWN = KnownPriors((prior(), PRIOR), ("identity_conflict",), (IMAGES,), "0a1b")
ANNA = Person("A-1", "H", date(1951, 11, 23), "F", frozenset({"anna", "smith"}))


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
    assert told == KnownPriors((), withheld, (IMAGES,), "0a1b")
    assert KNOWN.without({"2.25.9"}) is KNOWN


def test_a_person_is_who_all_headers_together_name() -> None:
    """One of them may lack what another says, in whatever order they come."""
    bare = Person("A-1")

    assert person_hash([ANNA], "salt") == person_hash([bare, ANNA, bare], "salt")
    assert person_hash([ANNA], "salt") != person_hash([ANNA], "other")


@pytest.mark.parametrize(
    "change",
    [
        {"patient_id": "A-2"},
        {"issuer": "K"},
        {"birth_date": date(1951, 11, 24)},
        {"sex": "M"},
        {"sex": ""},
        {"names": frozenset({"berta", "jones"})},
    ],
)
def test_whoever_differs_in_one_word_is_another(change: dict[str, Any]) -> None:
    """Whatever was corrected."""
    assert person_hash([replace(ANNA, **change)], "s") != person_hash([ANNA], "s")

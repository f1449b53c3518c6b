"""What is known of a person, kept as text beside a job."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from node.jobs.job import EarlierImages
from node.jobs.known_priors import KnownPriors, is_named, person_hash
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


def test_what_counts_no_more_is_left_out_and_said() -> None:
    """Once, however many; what stands is the same object."""
    told = KNOWN.without({PRIOR.sr_instance_uid: "prior_not_renewed"})

    withheld = ("identity_conflict", "prior_not_renewed")
    assert told == KnownPriors((), withheld, (IMAGES,), "0a1b")
    assert KNOWN.without({"2.25.9": "prior_retracted"}) is KNOWN


@pytest.mark.parametrize(
    "people",
    [
        [Person("A-1"), ANNA, Person("A-1")],
        [replace(ANNA, names=frozenset({"anna", "smith", "jane"})), ANNA],
        [replace(ANNA, names=frozenset({each})) for each in ("anna", "smith")],
        [ANNA, replace(ANNA, names=frozenset({"jones"}), is_anonymous=True)],
    ],
)
def test_a_person_is_who_all_headers_together_name(people: list[Person]) -> None:
    """One may lack what another says, and write the name in another way."""
    assert is_named(person_hash(ANNA, "salt"), people, "salt")
    assert not is_named(person_hash(ANNA, "other"), people, "salt")


@pytest.mark.parametrize("seen", [replace(ANNA, issuer=""), replace(ANNA, sex="")])
def test_what_nobody_looked_at_was_compared_with_nobody(seen: Person) -> None:
    """The search saw no issuer, no sex: what it found may be another's."""
    assert not is_named(person_hash(seen, "salt"), [seen, ANNA], "salt")


@pytest.mark.parametrize(
    "change",
    [
        {"patient_id": "A-2"},
        {"issuer": "K"},
        {"birth_date": date(1951, 11, 24)},
        {"sex": "M"},
        {"sex": ""},
        {"names": frozenset({"anna", "jones"})},
        {"is_anonymous": True},
    ],
)
def test_whoever_differs_is_another(change: dict[str, Any]) -> None:
    """Whatever was corrected, in one image or in each."""
    other = replace(ANNA, **change)

    assert not is_named(person_hash(ANNA, "s"), [other], "s")
    if {"patient_id", "birth_date"} & set(change):
        assert not is_named(person_hash(ANNA, "s"), [ANNA, other], "s")


def test_a_name_that_is_written_in_too_many_ways_names_nobody() -> None:
    """Nobody would try all that may have been looked at."""
    words = [frozenset({str(number)}) for number in range(50)]

    people = [replace(ANNA, names=each) for each in words]

    assert not is_named(person_hash(people[0], "s"), people, "s")


def test_what_an_older_node_knew_is_of_nobody_and_sought_again() -> None:
    """Its hash was another one: no worker could compare it."""
    text = KNOWN.text().replace('"named"', '"person"')

    known = KnownPriors.of_text(text)

    assert known.priors == KNOWN.priors
    assert known.is_missed
    assert not is_named(known.person, [ANNA], "salt")


TOLD = KnownPriors((PRIOR,), ("identity_conflict", "archive_unavailable"), (), "0a1b")


@pytest.mark.parametrize("person", ["0a1b", ""])
def test_an_answer_that_did_not_come_takes_nothing_back(person: str) -> None:
    """What was told before is told again, beside the reason of today."""
    another = prior(study_instance_uid="1.2.4", study_date=date(2023, 3, 1))
    today = KnownPriors((another,), ("priors_not_sought",), (), person)

    assert today.after(TOLD) == KnownPriors(
        (another, PRIOR),
        ("identity_conflict", "priors_not_sought"),
        (),
        "0a1b",
    )


@pytest.mark.parametrize(
    ("withheld", "person"),
    [
        ((), "0a1b"),
        (("priors_not_sought", "prior_retracted"), "0a1b"),
        (("priors_not_sought",), "9f9f"),
        (("archive_unavailable", "prior_unreliable"), "0a1b"),
    ],
)
def test_an_answer_of_today_counts(withheld: tuple[str, ...], person: str) -> None:
    """A whole one, one that objects, and one about another person."""
    today = KnownPriors((), withheld, (), person)

    assert today.after(TOLD) is today


def test_an_exam_that_was_objected_to_before_takes_nothing_back_either() -> None:
    """It is known what the objection of today is about: not to what was told."""
    today = KnownPriors(withheld=("identity_conflict", "priors_not_sought"))

    assert today.after(TOLD).priors == TOLD.priors


def test_what_was_told_of_nobody_known_is_not_told_again() -> None:
    """A result of an older node does not say of whom it was told."""
    today = KnownPriors(withheld=("priors_not_sought",))

    assert today.after(replace(TOLD, person="")) is today


@pytest.mark.parametrize(
    ("known", "is_missed"),
    [
        (KnownPriors(), False),
        (KnownPriors(withheld=("identity_conflict",)), False),
        (KnownPriors(withheld=("archive_unavailable",)), True),
        (KnownPriors((PRIOR,), ("prior_rejections_unknown",)), True),
        (KnownPriors(withheld=("prior_not_renewed",)), True),
    ],
)
def test_what_another_day_may_find_is_missed(
    known: KnownPriors, is_missed: bool
) -> None:
    """Not where every question was answered."""
    assert known.is_missed is is_missed

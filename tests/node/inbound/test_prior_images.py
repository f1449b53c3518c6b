"""Which earlier series is fetched, and what becomes of its folder."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.volume.rule import Acceptance
from node.inbound.archive import FoundSeries
from node.inbound.prior_images import MOST_SERIES, PriorImages, suitable, sweep
from node.inbound.visits import Visit
from node.jobs.job import JobState
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.person import Person
from tests.flow.visits import at_once, refused
from tests.node.inbound.filing import Filing
from tests.node.inbound.objects import build_instance

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Acceptance("MR", "^crop", min_slices=2, max_slices=40)
RULES = {"hippocampus": RULE}
SERIES = FoundSeries("1.2", "1.2.1", "20200101", "MR", "Crop left", 1, 20)
FOUND = st.lists(
    st.builds(
        FoundSeries,
        st.sampled_from(["1.1", "1.2", "1.3", "1.4", "1.5"]),
        st.from_regex(r"1\.9\.[0-9]{1,3}", fullmatch=True),
        st.sampled_from(["20190101", "20200101", ""]),
        st.sampled_from(["MR", "CT"]),
        st.sampled_from(["crop", "T2", ""]),
        st.none() | st.integers(0, 9),
        st.none() | st.integers(0, 60),
    ),
    max_size=12,
)


@given(FOUND)
@settings(max_examples=60)
def test_what_is_chosen_fits_the_rule_and_does_not_depend_on_order(
    found: list[FoundSeries],
) -> None:
    """One series of each study, the earliest study first, never too many."""
    distinct = list({each.series_instance_uid: each for each in found}.values())

    chosen = suitable(distinct, RULE, {"1.5"})

    studies = [series.study_instance_uid for series in chosen]
    assert chosen == suitable(distinct[::-1], RULE, {"1.5"})
    assert len(studies) == len(set(studies)) <= MOST_SERIES
    assert "1.5" not in studies
    assert all(s.modality == "MR" and s.description == "crop" for s in chosen)
    assert all(s.instances is None or 2 <= s.instances <= 40 for s in chosen)
    assert chosen == sorted(chosen, key=lambda s: (s.study_date, s.study_instance_uid))


@pytest.mark.parametrize(
    "other",
    [
        replace(SERIES, series_instance_uid="1.2.0", instances=19),
        replace(SERIES, series_instance_uid="1.2.0", number=2),
        replace(SERIES, series_instance_uid="1.2.0", number=None),
        replace(SERIES, series_instance_uid="1.2.2"),
        replace(SERIES, series_instance_uid="1.2.0", instances=41),
    ],
)
def test_of_one_study_the_series_is_fetched_that_the_model_would_choose(
    other: FoundSeries,
) -> None:
    """Most slices, then the lowest number, then the lowest UID."""
    assert suitable([other, SERIES], RULE, ()) == [SERIES]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    opened = Ledger(tmp_path)
    yield opened
    opened.close()


def test_what_no_job_waits_for_is_swept(ledger: Ledger, tmp_path: Path) -> None:
    """Left by a process that was killed; a folder that never was is none."""
    left = tmp_path / "priors" / "7" / "0"
    left.mkdir(parents=True)
    (left / "0.dcm").write_bytes(b"")

    assert sweep(tmp_path / "priors", ledger) == 1
    assert not left.parent.exists()
    assert sweep(tmp_path / "nothing", ledger) == 0


def test_a_ledger_without_images_reads_as_before() -> None:
    """No word of them stands in what is kept, and so no earlier hash changes."""
    assert "images" not in KnownPriors(withheld=("a",)).text()


HERS = {
    "Modality": "MR",
    "StudyDate": "20200101",
    "SeriesDescription": "crop",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
}


def fetched(
    images: PriorImages, rejected: Collection[str] = frozenset()
) -> KnownPriors:
    """Return what is fetched for a job of hers."""
    person = Person("SECRET-1", "", date(1950, 1, 2), "F")
    visit = Visit("1.9", person, date(2026, 1, 1))
    job = JobRow(
        7,
        "1.9",
        "hippocampus",
        JobState.QUEUED,
        0,
        NOW,
        None,
        "",
        "",
        0,
        None,
        {},
        {},
        "",
    )
    return images.fetch(job, visit, (), rejected, lambda: False)


def test_a_series_of_which_an_image_is_rejected_is_not_fetched(tmp_path: Path) -> None:
    """Another of the same study is, and the reader is told of the first."""
    archive = Filing()
    for series, number in (("1.2.1", 9), ("1.2.2", 3)):
        archive.takes([build_instance("1.2", series, **HERS) for _ in range(number)])
    images = PriorImages(archive, tmp_path / "priors", at_once, RULES)

    known = fetched(images, {"1.2.1"})

    (hers,) = known.images
    assert archive.wanted == [["1.2.2"]]
    assert len(list(hers.folder.iterdir())) == 3
    assert known.withheld == ("prior_images_rejected",)


@pytest.fixture
def archive() -> Filing:
    """Return an archive with one series of hers."""
    filing = Filing()
    filing.takes([build_instance("1.2", "1.2.1", **HERS) for _ in range(3)])
    return filing


@pytest.mark.parametrize(("part", "count"), [(0.25, 1), (0.75, 0)])
def test_twice_the_room_is_left_below_which_nothing_is_received(
    archive: Filing, tmp_path: Path, part: float, count: int
) -> None:
    """No earlier exam costs the node an image that is sent to it."""
    reserve = int(shutil.disk_usage(tmp_path).free * part)
    images = PriorImages(archive, tmp_path / "priors", at_once, RULES, reserve)

    known = fetched(images)

    assert len(known.images) == count
    assert known.withheld == (() if count else ("prior_images_not_fetched",))


def test_images_that_are_not_opened_are_not_kept(
    archive: Filing, tmp_path: Path
) -> None:
    """Nobody knows whose they are."""
    images = PriorImages(archive, tmp_path / "priors", refused, RULES)

    known = fetched(images)

    assert (known.images, known.withheld) == ((), ("prior_images_not_fetched",))
    assert list(tmp_path.rglob("*.dcm")) == []

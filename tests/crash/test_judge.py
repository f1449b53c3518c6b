"""The judge itself: each fault that it is there for is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom import Dataset

from tests.crash.judge import KINDS, Expected, Held, complaints

UIDS = {kind: uid for uid, kind in KINDS.items()}
IMAGES = {"1.1": "md5 a", "1.2": "md5 b"}
EXPECTED = Expected(IMAGES, (frozenset(IMAGES),))


def made(
    kind: str, number: int = 1, inputs: tuple[str, ...] = tuple(IMAGES)
) -> Dataset:
    """Return an object as far as the judge looks at it."""
    ds = Dataset()
    ds.SOPClassUID = UIDS[kind]
    ds.SOPInstanceUID = f"2.25.{list(KINDS.values()).index(kind)}.{number}"
    series = Dataset()
    series.ReferencedInstanceSequence = []
    for uid in inputs:
        reference = Dataset()
        reference.ReferencedSOPInstanceUID = uid
        series.ReferencedInstanceSequence.append(reference)
    ds.ReferencedSeriesSequence = [series]
    return ds


GOOD = Held(IMAGES, (made("SEG"), made("SR"), made("SC")))


def test_a_whole_result_is_right() -> None:
    """One of each kind from both images, the images as they were."""
    assert complaints(EXPECTED, GOOD, GOOD.objects) == []


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (Held(IMAGES), "{} objects"),
        (replace(GOOD, objects=GOOD.objects[:2]), "'SR': 1} objects"),
        (replace(GOOD, objects=(*GOOD.objects, made("SC", 2))), "'SC': 2"),
        (replace(GOOD, objects=(*GOOD.objects, made("NOTICE"))), "'NOTICE': 1"),
        (replace(GOOD, images={"1.1": "md5 a"}), "the images are not"),
        (replace(GOOD, images={**IMAGES, "1.2": "md5 c"}), "the images are not"),
        (
            replace(GOOD, objects=(made("SEG", 1, ("1.1",)), *GOOD.objects[1:])),
            "made from [1] images, not from [2]",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_doubled_or_changed_is_named(found: Held, word: str) -> None:
    """Nothing at all, too little, too much, other images, other inputs."""
    assert word in " ".join(complaints(EXPECTED, found))


def test_a_second_version_that_names_no_predecessor_is_named() -> None:
    """Two whole results that do not know of each other are one too many."""
    twice = (*GOOD.objects, made("SEG", 2), made("SR", 2), made("SC", 2))
    expected = replace(EXPECTED, versions=EXPECTED.versions * 2)

    (words,) = complaints(expected, replace(GOOD, objects=twice))

    assert words == "2 reports name 0 predecessors"


def test_other_bytes_under_a_sent_uid_are_named() -> None:
    """The archive keeps the first; the node's disk shows that there was a second."""
    other = made("SR")
    other.PatientComments = "made again"

    (words,) = complaints(EXPECTED, GOOD, [other])

    assert words == "a SR has other bytes under its UID"

"""Small files that claim to be large cost neither the node nor its other studies."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from node.jobs.job import JobState
from tests.hostile.encodings import (
    Encode,
    compressed,
    crop,
    encapsulated_as,
    encoded_crop,
    native,
)
from tests.hostile.hosted import HostedNode, hosted_node
from tests.node.inbound.objects import as_file

LARGEST_MIB = 200
MEMORY_LIMIT_MIB = 800

CANNOT_UNDERSTAND = 0xC000


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    """Return a synthetic crop."""
    return crop(tmp_path_factory.mktemp("crop"))


@pytest.fixture(scope="module")
def node(
    tmp_path_factory: pytest.TempPathFactory, images: list[Dataset]
) -> Iterator[HostedNode]:
    """Run a node; after all the bombs it still reads a good study."""
    with hosted_node(
        tmp_path_factory.mktemp("node"),
        memory_limit_mib=MEMORY_LIMIT_MIB,
        max_object_mib=LARGEST_MIB,
    ) as node:
        yield node
        assert ending(node, images) == (JobState.REPORTED, "")
        assert node.tripped() == ""


def ending(node: HostedNode, images: list[Dataset]) -> tuple[JobState, str]:
    """Drop a study and return how it ended."""
    contents = [as_file(ds) for ds in images]  # then they come without a pause
    for ds, content in zip(images, contents, strict=True):
        node.drop(content, f"{ds.SOPInstanceUID}.dcm")
    uid = str(images[0].StudyInstanceUID)
    job = node.outcomes({uid})[uid]
    return job.state, job.reason or ""


def inflating(images: list[Dataset], mib: int) -> list[Dataset]:
    """Return images of which the first two deflate to a thousandth."""
    made = encoded_crop(images, f"{mib}", native(DeflatedExplicitVRLittleEndian))
    for ds in made[:2]:
        ds.PixelData = bytes(mib << 20)
    return made


def test_what_inflates_beyond_the_largest_object_is_not_kept(
    node: HostedNode, images: list[Dataset]
) -> None:
    """It is inflated in parts that are thrown away."""
    [bomb] = inflating(images[:1], LARGEST_MIB + 1)
    content = as_file(bomb)
    before = node.memory_mib()["node"]

    status = node.store(content, bomb.SOPClassUID, bomb.SOPInstanceUID)

    assert len(content) < 2 << 20
    assert status == CANNOT_UNDERSTAND
    assert "expands" in node.events("not_stored")[-1]["reason"]
    assert node.memory_mib()["node"] < before + 30


def test_what_inflates_to_less_ends_at_the_memory_limit_of_its_worker(
    node: HostedNode, images: list[Dataset]
) -> None:
    """The node itself never holds it."""
    outcome = ending(node, inflating(images[:16], LARGEST_MIB - 1))

    assert outcome == (JobState.FAILED, "out_of_memory")
    assert node.memory_mib()["node"] < 200


def rows_and_columns(ds: Dataset) -> None:
    """Claim the largest matrix there is."""
    compressed(RLELossless)(ds)
    ds.Rows = ds.Columns = 65535


def number_of_frames(ds: Dataset) -> None:
    """Claim more frames than a film."""
    compressed(RLELossless)(ds)
    ds.NumberOfFrames = 2**31 - 1


@pytest.mark.parametrize(
    ("claim", "reason"),
    [(rows_and_columns, "matrix"), (number_of_frames, "multi_frame_unsupported")],
)
def test_a_huge_claim_in_the_headers_is_refused_by_the_headers(
    node: HostedNode, images: list[Dataset], claim: Encode, reason: str
) -> None:
    """No model reads such a series: no pixel is touched."""
    bombs = encoded_crop(images, str(claim), claim)

    assert ending(node, bombs) == (JobState.NOT_APPLICABLE, reason)


def test_a_huge_claim_in_the_codestream_is_refused_before_it_is_decoded(
    node: HostedNode, images: list[Dataset]
) -> None:
    """A decoder would take 14 GB for it."""

    def lie(ds: Dataset) -> None:
        compressed(JPEG2000Lossless)(ds)
        made = bytearray(next(generate_frames(ds.PixelData, number_of_frames=1)))
        size = made.index(b"\xff\x51")
        for field in (6, 10, 22, 26):  # image and tile
            struct.pack_into(">I", made, size + field, 60_000)
        encapsulated_as(ds, bytes(made), JPEG2000Lossless)

    outcome = ending(node, encoded_crop(images, "codestream", lie))

    assert outcome == (JobState.FAILED, "pixels_damaged")

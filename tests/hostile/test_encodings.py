"""Every encoding is read, by a worker, as the same images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from models.volume.series import load_volume, read_study
from node.jobs.job import JobState
from node.jobs.ledger_jobs import JobRow
from tests.hostile.encodings import (
    DCMCJPEG,
    HTJ2K_FIXTURE,
    LOSSLESS,
    LOSSY,
    Encode,
    crop,
    encoded_crop,
    film,
    htj2k,
    jpeg_lossless,
)
from tests.hostile.hosted import HostedNode, hosted_node
from tests.node.inbound.objects import as_file

BY_DCMTK: dict[str, Encode] = {"JPEG lossless": jpeg_lossless}
OTHERS: dict[str, Encode] = {"HTJ2K": htj2k, "film": film}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    """Return a synthetic crop, uncompressed."""
    return crop(tmp_path_factory.mktemp("crop"))


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, images: list[Dataset]
) -> Iterator[dict[str, JobRow]]:
    """Return what a node made of the crop in each encoding, by its name.

    The node answers at the end, and its receiving process has decoded nothing.
    """
    encodings = LOSSLESS | LOSSY | OTHERS
    if DCMCJPEG.exists():
        encodings |= BY_DCMTK
    with hosted_node(tmp_path_factory.mktemp("node")) as node:
        uids = {
            name: send_and_drop(node, encoded_crop(images, name, encode))
            for name, encode in encodings.items()
        }
        jobs = node.outcomes(set(uids.values()))
        assert node.echo()
        assert node.tripped() == ""
        yield {name: jobs[uid] for name, uid in uids.items()}


def send_and_drop(node: HostedNode, images: list[Dataset]) -> str:
    """Send some images of a study, drop the others, and return its UID."""
    for number, ds in enumerate(images):
        content = as_file(ds)
        if number % 6:
            node.drop(content, f"{ds.SOPInstanceUID}.dcm")
        else:
            assert node.store(content, ds.SOPClassUID, ds.SOPInstanceUID) == 0x0000
    return str(images[0].StudyInstanceUID)


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_encoding_gives_the_same_numbers(
    outcomes: dict[str, JobRow], name: str
) -> None:
    """To the printed digit."""
    assert outcomes[name].state is JobState.REPORTED
    assert outcomes[name].summary == outcomes["explicit"].summary


@pytest.mark.pacs
@pytest.mark.parametrize("name", BY_DCMTK)
def test_an_encoding_by_dcmtk_gives_the_same_numbers(
    outcomes: dict[str, JobRow], name: str
) -> None:
    """No Python package makes it, one reads it."""
    assert outcomes[name].summary == outcomes["explicit"].summary


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_encoding_gives_nearly_the_same_numbers(
    outcomes: dict[str, JobRow], name: str
) -> None:
    """Within two per cent of the volume."""
    volume, expected = volume_mm3(outcomes[name]), volume_mm3(outcomes["explicit"])

    assert outcomes[name].state is JobState.REPORTED
    assert volume == pytest.approx(expected, rel=0.02)


def volume_mm3(job: JobRow) -> float:
    """Return the volume in the summary of a job."""
    return float(job.summary["Hippocampus volume"].split()[0])


def test_high_throughput_jpeg_2000_is_read(
    outcomes: dict[str, JobRow], images: list[Dataset], tmp_path: Path
) -> None:
    """By the decoder that JPEG 2000 needs anyway; the pixels are those encoded."""
    made = encoded_crop(images, "HTJ2K", htj2k)
    paths = [tmp_path / f"{number}.dcm" for number in range(len(made))]
    for path, ds in zip(paths, made, strict=True):
        path.write_bytes(as_file(ds))
    (series,) = read_study(paths).series

    volume = load_volume(series)

    with np.load(HTJ2K_FIXTURE) as fixture:
        assert (volume.array == fixture["pixels"]).all()
    assert outcomes["HTJ2K"].state is JobState.REPORTED


def test_an_encoding_without_a_decoder_ends_by_name(
    outcomes: dict[str, JobRow],
) -> None:
    """It is kept, and its study fails for good."""
    job = outcomes["film"]

    assert (job.state, job.reason) == (JobState.FAILED, "pixels_damaged")

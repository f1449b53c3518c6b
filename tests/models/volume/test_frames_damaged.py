"""Damaged enhanced images: each has a reason, and nothing raises."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import JPEGLSLossless, RLELossless

from models.volume.frames import frame_headers
from models.volume.series import SeriesError, load_volume, read_study
from tests.enhanced_series import write_enhanced
from tests.models.volume.oblique import ARRAY, only, single_images, volume_of


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(132, 9000), st.integers(0, 255)), max_size=6))
def test_whatever_is_damaged_has_a_reason_and_nothing_raises(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    """In the groups of the frames, and anywhere else in the header."""
    image = tmp_path / "enhanced.dcm"
    if not image.exists():
        write_enhanced(single_images(tmp_path / "single"), image)
    content = bytearray(image.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(content)

    for series in read_study([damaged]).series:
        with suppress(SeriesError):
            load_volume(series)


@pytest.mark.parametrize(
    ("keyword", "vr", "value"),
    [
        ("PerFrameFunctionalGroupsSequence", "FD", [1.0, 2.0, 3.0, 4.0, 5.0]),
        ("PerFrameFunctionalGroupsSequence", "LO", "words"),
        ("SharedFunctionalGroupsSequence", "FD", [1.0, 2.0]),
    ],
)
def test_groups_that_are_no_sequence_say_nothing(
    tmp_path: Path, keyword: str, vr: str, value: Any
) -> None:
    """A header may put anything where a sequence belongs."""
    image = write_enhanced(single_images(tmp_path / "single"), tmp_path / "e.dcm")
    dataset = dcmread(image)
    del dataset[keyword]
    dataset.add_new(keyword, vr, value)

    assert all(isinstance(header, Dataset) for header in frame_headers(dataset))


@pytest.mark.parametrize("transfer_syntax", ["1.2.840.10008.1.2.1", JPEGLSLossless])
def test_a_file_that_ends_inside_its_frames_is_damaged(
    tmp_path: Path, transfer_syntax: str
) -> None:
    """Whether the frames are compressed or not; the first ones do not suffice."""
    paths = single_images(tmp_path / "single")
    image = write_enhanced(
        paths, tmp_path / "enhanced.dcm", transfer_syntax=transfer_syntax
    )
    series = only(read_study([image]))
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) - ARRAY[0].nbytes // 4])

    with pytest.raises(SeriesError) as caught:
        load_volume(series)

    assert caught.value.reason == "pixels_damaged"


def test_pixels_of_fewer_frames_than_are_told_of_are_damaged(tmp_path: Path) -> None:
    """The element's own length counts, not what happens to follow it."""
    paths = single_images(tmp_path / "single")
    short = ARRAY[1:].tobytes()
    image = write_enhanced(paths, tmp_path / "enhanced.dcm", PixelData=short)
    image.write_bytes(image.read_bytes() + bytes(ARRAY.nbytes))

    with pytest.raises(SeriesError) as caught:
        volume_of(image)

    assert caught.value.reason == "pixels_damaged"


def test_a_compressed_file_that_went_away_is_missing(tmp_path: Path) -> None:
    """Retention may delete while a job waits."""
    image = write_enhanced(
        single_images(tmp_path / "single"),
        tmp_path / "enhanced.dcm",
        transfer_syntax=RLELossless,
    )
    series = only(read_study([image]))
    image.unlink()

    with pytest.raises(SeriesError) as caught:
        load_volume(series)

    assert caught.value.reason == "file_missing"

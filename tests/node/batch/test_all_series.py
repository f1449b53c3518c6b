"""With ``--all-series`` a row stands for each series that the model can read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from node.batch.entry import Entry
from node.batch.order import Order
from node.batch.run import Done, read
from tests.dicom_series import uid
from tests.node.batch.orders import name, objects, order, outcome


def another_crop(files: list[Path]) -> str:
    """Copy the crop of a study into a further series of it; return its UID."""
    crops = [file for file in files if file.parent.name == "hippocrop"]
    series: str = uid("another", str(dcmread(crops[0]).SeriesInstanceUID))
    for file in crops:
        ds = dcmread(file)
        ds.SeriesInstanceUID, ds.SeriesNumber = series, "77"
        ds.SOPInstanceUID = uid("another", str(ds.SOPInstanceUID))
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        target = file.parent.with_name("again") / file.name
        target.parent.mkdir(exist_ok=True)
        ds.save_as(target)
    return series


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """Write a study of a head and two crops, one without any crop, and a folder."""
    folder = tmp_path_factory.mktemp("series")
    another_crop(write_study(folder / "in" / "two", 31))
    for file in write_study(folder / "in" / "none", 35):
        if file.parent.name == "hippocrop":
            file.unlink()
    (folder / "in" / "empty").mkdir()
    return replace(order(folder), all_series=True)


@pytest.fixture(scope="module")
def first(ordered: Order) -> Done:
    """Read all of it."""
    return read(ordered)


def of(done: Done, study: str) -> list[Entry]:
    """Return the entries of one study."""
    return [entry for entry in done.entries if name(entry) == study]


def test_each_series_that_is_read_has_an_entry_and_a_folder(
    ordered: Order, first: Done
) -> None:
    """The head is read by nobody, and has none; the objects lie by series."""
    entries = of(first, "two")

    assert [outcome(entry) for entry in entries] == [("reported", "")] * 2
    read_from = {entry.job.series_instance_uid for entry in entries if entry.job}
    assert read_from == {entry.only_series for entry in entries}
    assert len(read_from) == 2
    for entry in entries:
        (folder,) = {made.path.parent for made in entry.objects}
        reading = f"hippocampus@{entry.only_series}"
        assert folder == (ordered.results / entry.study_instance_uid / reading / "v1")


def test_a_study_or_an_input_without_such_a_series_has_one_entry_all_the_same(
    first: Done,
) -> None:
    """Nothing that a person named is left out of the table."""
    assert [outcome(each) for each in of(first, "none")] == [
        ("not_applicable", "series_not_accepted")
    ]
    assert [outcome(each) for each in of(first, "empty")] == [("", "no_study")]


def test_what_is_finished_is_not_read_again(ordered: Order, first: Done) -> None:
    """A second run finds every series done, and no byte of a result changes."""
    before = objects(ordered.results.parent)

    second = read(ordered)

    assert all(entry.was_kept for entry in of(second, "two"))
    assert objects(ordered.results.parent) == before
    assert [outcome(e) for e in second.entries] == [outcome(e) for e in first.entries]

"""The demo reads its numbers from the archive's report, and its script can wait."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydicom import Dataset

from models.hippocampus.phantom import write_study
from orthanc import demo, wait
from tests.orthanc.web import Played, upstream


def code(value: str) -> Dataset:
    """Return an item of a code sequence."""
    item = Dataset()
    item.CodeValue = value
    return item


def content(value_type: str, name: str) -> Dataset:
    """Return a content item with a concept name."""
    item = Dataset()
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [code(name)]
    return item


def number(name: str, value: str, unit: str) -> Dataset:
    """Return a NUM item."""
    item = content("NUM", name)
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [code(unit)]
    item.MeasuredValueSequence = [measured]
    return item


def test_volumes_are_read_as_they_are_written() -> None:
    """Every volume of a group, at any depth, under its tracking identifier."""
    tracking = content("TEXT", demo.TRACKING_IDENTIFIER)
    tracking.TextValue = "Anterior"
    group = content("CONTAINER", "125007")
    group.ContentSequence = [
        tracking,
        number(demo.VOLUME, "1397", "mm3"),
        number(demo.VOLUME, "1.4", "mL"),
        number("42798000", "163", "mm2"),
    ]
    report = content("CONTAINER", "126000")
    report.ContentSequence = [content("TEXT", "121106"), group]

    assert demo.volumes(report) == {"Anterior": "1397 mm3, 1.4 mL"}


def test_the_study_of_a_folder_is_found_among_other_files(tmp_path: Path) -> None:
    """Whatever else lies there, and in whatever folder."""
    (tmp_path / "a.txt").write_text("not DICOM")
    write_study(tmp_path / "deep" / "er", 3, (4, 16, 16))

    assert demo.study_instance_uid(tmp_path).startswith("1.2.826.0.1.3680043.8.498.")


def test_a_folder_without_dicom_is_an_error(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(demo.DemoError, match="no DICOM file"):
        demo.study_instance_uid(tmp_path)


def test_waiting_ends_with_any_answer() -> None:
    """A server that asks for a password is a server that runs."""
    with upstream(Played(status=401)) as port:
        assert wait.wait(f"http://127.0.0.1:{port}/system", 5)


def test_waiting_ends_with_the_process() -> None:
    """Nobody waits the whole time for what has died."""
    with upstream(Played()) as port:
        pass
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    started = time.monotonic()

    assert not wait.wait(f"http://127.0.0.1:{port}/", 30, dead.pid)
    assert time.monotonic() - started < 5

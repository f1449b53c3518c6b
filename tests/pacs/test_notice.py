"""A study that cannot be read: the viewer says so beside its images."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from node.app import Node
from node.config import Settings
from tests.pacs.archive import Archive, until
from tests.pacs.viewer import Screen

pytestmark = [pytest.mark.pacs, pytest.mark.viewer, pytest.mark.slow]

CROP = (36, 51, 35)
SEED = 30


@contextmanager
def running_node(settings: Settings) -> Iterator[None]:
    """Run a whole node in a thread of its own."""
    stopped = threading.Event()
    thread = threading.Thread(target=Node(settings).run, args=(stopped.wait,))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def damaged_study(folder: Path) -> str:
    """Write a synthetic study of which one image has half of its pixels."""
    files = write_study(folder, SEED, CROP)
    victim = next(file for file in files if file.parent.name == "hippocrop")
    ds = dcmread(victim)
    ds.PixelData = ds.PixelData[: len(ds.PixelData) // 2]
    ds.save_as(victim)
    return str(ds.StudyInstanceUID)


def notices(archive: Archive, study: str) -> list[str]:
    """Return Orthanc's identifiers of the notices in a study."""
    query = {
        "Level": "Series",
        "Query": {"StudyInstanceUID": study, "SeriesDescription": "AI NOTICE*"},
    }
    answer = requests.post(f"{archive.url}/tools/find", json=query, timeout=10)
    return list(answer.json())


def test_a_study_that_cannot_be_read_says_so_in_the_viewer(
    archive: Archive, screen: Screen, tmp_path: Path
) -> None:
    """Who opens the study finds the notice, and in it why and what to do."""
    study = damaged_study(tmp_path / "study")
    with running_node(archive.settings):
        archive.store(tmp_path / "study")
        until(lambda: notices(archive, study), "the notice", 60)
    assert len(notices(archive, study)) == 1

    screen.open_study(study)
    screen.open_series(modality="SR")
    text = until(screen.document_text, "the text of the notice", 40)

    assert "this study was not read" in text
    assert "The pixels of an image are damaged" in text
    assert "Send the study again" in text

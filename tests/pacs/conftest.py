"""One archive and one viewer for a file of tests, and studies that were read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pydicom import Dataset, dcmread

from models.hippocampus.phantom import write_study
from node.batch.order import order_of
from node.batch.run import read
from tests.pacs.archive import Archive, free_settings, running_archive
from tests.pacs.viewer import PATIENCE_MS, Screen, running_browser, running_viewer


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Run an Orthanc for the tests of one file."""
    folder = tmp_path_factory.mktemp("archive")
    with running_archive(free_settings(folder, report={"pdf": True})) as running:
        yield running


@pytest.fixture(scope="module")
def viewer(archive: Archive) -> Iterator[str]:
    """Serve OHIF in front of that archive; its address."""
    with running_viewer(archive) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium. Not longer than one file: it brings an event loop."""
    with running_browser() as running:
        yield running


@pytest.fixture
def screen(viewer: str, browser: Browser) -> Iterator[Screen]:
    """Open a page with a profile of its own."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield Screen(context.new_page(), viewer)
    context.close()


def read_study(archive: Archive, folder: Path) -> dict[str, Dataset]:
    """Store a study and the node's results on it; return the results by kind."""
    archive.store(folder)
    results = folder.parent / f"{folder.name}-results"
    settings = archive.settings
    order = order_of(settings, folder, results, every_input=False)
    entry, *others = read(order).entries
    assert all(other.is_not_applicable for other in others)
    assert entry.is_reported, (entry.reason_code, entry.job and entry.job.detail)
    files = list(results.rglob("*.dcm"))  # beside them lies the ledger
    for file in files:
        archive.store(file, calling=settings.node.ae_title)
    return {file.stem: dcmread(file) for file in files}


def read_phantom(
    archive: Archive, folder: Path, seed: int, crop: tuple[int, int, int]
) -> dict[str, Dataset]:
    """Write a synthetic study and let it be stored and read."""
    write_study(folder / "study", seed, crop)
    return read_study(archive, folder / "study")

"""What every test may rely on: where the shared data lie, and when a skip is a failure.

``@pytest.mark.data`` needs the shared data, ``@pytest.mark.pacs`` a real archive,
``@pytest.mark.viewer`` a real viewer in a browser. On a developer's machine a test
whose need is not met is skipped; with ``PACS_AI_REQUIRE_DATA=1`` (``make test-data``)
or ``CI`` set it fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

os.environ.setdefault("OMP_NUM_THREADS", "1")  # spinning threads slow small machines

for _name in [name for name in os.environ if name.startswith("PACS_NODE_")]:
    del os.environ[_name]  # a test's settings are its own, not those of a shell

# Machines are shared and noisy: an example that takes long is no failure.
hypothesis.settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("shared")

ROOT = Path(__file__).resolve().parents[1]

# The people in the studies that tests make, by name and by number.
PATIENTS = (
    *("Secret^Patient", "SECRET-1", "Corrected^Patient", "Doe^John"),
    *("Phantom^Test", "TEST-1", "Phantom^Seed", "PHANTOM-0"),
)

# Program, and the Debian package that brings it.
PROGRAMS = {
    "pacs": {"Orthanc": "orthanc", "/usr/bin/dcmsend": "dcmtk"},
    "viewer": {"/usr/bin/chromium": "chromium", "npm": "npm"},
}


def data_folder() -> Path:
    """Return the folder of the shared data: ``PACS_AI_DATA``, else beside the tree."""
    return Path(os.environ.get("PACS_AI_DATA", ROOT.parent / "shared" / "data"))


def missing_packages(item: pytest.Item) -> list[str]:
    """Return the Debian packages that a test needs and this machine lacks."""
    return [
        package
        for marker, programs in PROGRAMS.items()
        if item.get_closest_marker(marker)
        for program, package in programs.items()
        if shutil.which(program) is None
    ]


@pytest.fixture(autouse=True)
def _fresh_log() -> Iterator[None]:
    """Undo what a test configured: the log belongs to the process."""
    yield
    structlog.reset_defaults()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Fail a test whose output names a patient: nothing that is logged may."""
    report = yield
    written = report.capstdout + report.capstderr + report.caplog
    named = [patient for patient in PATIENTS if patient in written]
    if named and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{named} stand in what was logged or printed"
    return report


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is not met, or fail it where that need is promised."""
    if item.get_closest_marker("data") and not data_folder().is_dir():
        _unmet(
            "data not present (PACS_AI_DATA names their folder)",
            promised=os.environ.get("PACS_AI_REQUIRE_DATA") == "1",
        )
    if packages := missing_packages(item):
        _unmet(
            f"Debian packages missing: {' '.join(packages)}",
            promised=bool(os.environ.get("CI")),
        )


def _unmet(need: str, *, promised: bool) -> None:
    if promised:
        pytest.fail(need, pytrace=False)
    pytest.skip(need)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of the shared data, read only."""
    folder = data_folder()
    if not folder.is_dir():
        _unmet(
            "data not present (PACS_AI_DATA names their folder)",
            promised=os.environ.get("PACS_AI_REQUIRE_DATA") == "1",
        )
    return folder

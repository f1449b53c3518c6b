"""The IOD check of dicom3tools, run over a data set."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import Dataset

PROGRAM = shutil.which("dciodvfy", path="/usr/bin")


def errors(dataset: Dataset, folder: Path) -> list[str]:
    """Return the error lines of ``dciodvfy -new``.

    Skips the test where dicom3tools is not installed, and fails it in CI.
    """
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("dicom3tools is missing", pytrace=False)
        pytest.skip("dciodvfy not present (Debian package dicom3tools)")
    path = folder / "object.dcm"
    dataset.save_as(path, enforce_file_format=True)
    done = subprocess.run(
        [PROGRAM, "-new", path], capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if line.startswith("Error")]

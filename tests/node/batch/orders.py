"""Orders over small wards, and what is asked of what came out."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread

from node.batch.entry import Entry
from node.batch.order import Order
from node.config import JobsSettings, Settings

SETTINGS = Settings(
    jobs=JobsSettings(device="cpu", precision="fp32", threads=1, workers=1)
)


def order(folder: Path) -> Order:
    """Return the order to read ``in`` into ``out``."""
    return Order(folder / "in", folder / "out", ("hippocampus",), SETTINGS)


def objects(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every object below ``out``, by its path."""
    out = folder / "out"
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*.dcm"))
    }


def name(entry: Entry) -> str:
    """Return the folder in ``in`` that an entry is about."""
    parts = Path(entry.path).parts
    return parts[parts.index("in") + 1]


def corrected(source: Path, target: Path) -> None:
    """Write an image with another Patient ID."""
    dataset = dcmread(source)
    dataset.PatientID = "CORRECTED"
    dataset.save_as(target)


def outcome(entry: Entry) -> tuple[str, str]:
    """Return state and reason of an entry."""
    return (entry.job.state if entry.job else "", entry.reason_code)

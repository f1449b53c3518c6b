"""The report as a file: one HTML page with its pictures inside, or Markdown."""

from __future__ import annotations

from pathlib import Path

from models.eda.pages import Format, write_page
from models.hippocampus.eda.story import Story


def write_report(story: Story, folder: Path, form: Format = "html") -> Path:
    """Write ``report.html`` or ``report.md`` with ``pictures/``; return its path."""
    return write_page(story, Path(__file__).parent, folder, form)

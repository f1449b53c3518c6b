"""One way from what a report says to its file, for every analysis."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from models.eda.pages import write_page


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Return a folder with the two templates of a report of one word."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "report.html.jinja").write_text(
        '{% extends "base.html.jinja" %}'
        "{% block page %}<p>{{ story.word }}{% endblock %}"
    )
    (folder / "report.md.jinja").write_text("**{{ story.word }}**\n")
    return folder


def test_only_html_is_escaped(templates: Path, tmp_path: Path) -> None:
    """A name with an angle is text on the page, and itself in Markdown."""
    story = {"word": "<b>"}

    page = write_page(story, templates, tmp_path / "out")
    text = write_page(story, templates, tmp_path / "out", "md")

    assert "<p>&lt;b&gt;" in page.read_text(encoding="utf-8")
    assert text.read_text(encoding="utf-8") == "**<b>**\n"
    assert {path.name for path in page.parent.iterdir()} == {"report.html", "report.md"}


def test_a_page_that_says_nothing_is_not_written(
    templates: Path, tmp_path: Path
) -> None:
    """A name that the story does not have is an error, no empty place."""
    with pytest.raises(UndefinedError):
        write_page({}, templates, tmp_path / "out")
    assert not (tmp_path / "out" / "report.html").exists()

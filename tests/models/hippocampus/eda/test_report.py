"""The report says what was found, shows it, and stands alone."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.eda.pages import png, svg
from models.hippocampus.eda import plots
from models.hippocampus.eda.analysis import Analysis, analyse
from models.hippocampus.eda.gallery import gallery
from models.hippocampus.eda.kinds import KINDS
from models.hippocampus.eda.record import write_record
from models.hippocampus.eda.report import write_report
from models.hippocampus.eda.story import LICENCE, Story, sides_caption, tell
from tests.models.hippocampus.eda import planting

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Balanced(HTMLParser):
    """Counts pictures and fails on a tag that is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what is open and where pictures come from."""
        if tag not in VOID:
            self.open.append(tag)
        self.sources += [value or "" for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def found(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Return an analysis with two broken cases and a finding."""
    folder = Path(shutil.copytree(pairs, tmp_path_factory.mktemp("x") / "data"))
    planting.separate_pieces(folder)
    planting.path(folder, "images", "hippocampus_002").unlink()
    odd = "hippocampus_3<b>"
    for part in ("images", "labels"):
        planting.path(folder, part, "hippocampus_003").rename(
            planting.path(folder, part, odd)
        )
    return analyse(folder, workers=1)


@pytest.fixture(scope="module")
def story(found: Analysis) -> Story:
    """Return what the report says of it; drawing takes longest."""
    return tell(found)


@pytest.fixture(scope="module")
def page(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the HTML page."""
    return write_report(story, tmp_path_factory.mktemp("page"))


def test_the_page_says_what_was_found_at_its_top(found: Analysis, page: Path) -> None:
    """Then each broken case with its reason and what to do, then the rest."""
    body = page.read_text(encoding="utf-8").partition("<body>")[2]
    first = body[: body.index("<table")]
    assert "14 of 16 cases can be used, of 8 subjects." in first
    assert "2 cases are broken and left out: 002, 3&lt;b&gt;" in first
    assert "1 more is worth a look" in first
    for name, faults in found.broken.items():
        for fault in faults:
            assert fault.detail in body
            assert KINDS[fault.kind].advice in body, name
    assert "posterior: 1 voxel apart" in body
    assert found.digest in body
    assert LICENCE in body
    assert "CC BY-SA 4.0" in LICENCE
    assert "10.1038/s41467-022-30695-9" in LICENCE


def test_the_page_stands_alone(page: Path) -> None:
    """One file, every picture inside it, nothing fetched, all tags closed."""
    text = page.read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(text)

    assert parser.open == []
    assert len(parser.sources) == 5 + 4  # plots; usual, least, greatest, the finding
    assert all(source.startswith("data:image/") for source in parser.sources)
    assert "<b>" not in text
    assert [path.name for path in page.parent.iterdir()] == ["report.html"]
    photographs = re.findall(r'data:image/png;base64,([^"]+)', text)
    width, height = Image.open(io.BytesIO(base64.b64decode(photographs[0]))).size
    assert width > 2 * height > 400


def test_markdown_has_its_pictures_beside_it(story: Story, tmp_path: Path) -> None:
    """With the same words."""
    text = write_report(story, tmp_path, "md").read_text(encoding="utf-8")

    links = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert len(links) == 9
    assert all((tmp_path / link).stat().st_size > 1000 for link in links)
    assert "| hippocampus_002 | no image |" in text
    assert "| 009 | posterior: 1 voxel apart |" in text
    assert not re.search(r"\n{4,}", text)
    assert LICENCE in text


def test_equal_data_give_equal_plots(found: Analysis) -> None:
    """Byte for byte, so that two reports can be compared."""
    assert svg(plots.shapes(found)) == svg(plots.shapes(found))


def test_where_everything_is_broken_there_is_still_a_report(
    data: Path, tmp_path: Path
) -> None:
    """Without plots."""
    for path in (data / "labels").iterdir():
        path.unlink()

    story = tell(analyse(data, workers=1))

    assert story.headline == "0 of 16 cases can be used, of 0 subjects."
    assert not story.plots
    assert not story.gallery
    page = write_report(story, tmp_path / "eda").read_text(encoding="utf-8")
    assert page.count("no label map") == 16


def test_doubtful_numbering_is_said(sound: Analysis) -> None:
    """The phantoms are sorted by volume, so strangers are as alike as subjects."""
    assert "Is the numbering right?".lower() in sides_caption(sound).lower()


def test_a_picture_shows_contours_and_a_ring(found: Analysis) -> None:
    """Amber for anterior, blue for posterior, red around what is meant."""
    usual, *_, finding = gallery(found)

    def has(colour: tuple[int, int, int], content: bytes) -> bool:
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), int)
        return bool((np.abs(pixels - colour).max(axis=-1) < 40).sum() > 20)

    assert finding.case == planting.CASE
    for colour in ((255, 179, 0), (0, 158, 255)):
        assert has(colour, png(usual.figure))
    assert has((255, 77, 77), png(finding.figure))
    assert not has((255, 77, 77), png(usual.figure))


def test_the_record_holds_all_of_it_for_programs(
    found: Analysis, tmp_path: Path
) -> None:
    """Strict JSON without a path of this machine; limits say what was judged by."""
    path = write_record(found, tmp_path / "eda.json")
    content = json.loads(path.read_text(encoding="utf-8"))

    assert content["counts"] == {
        "names": 16,
        "passed": 14,
        "subjects": 8,
        "broken": 2,
        "worth_a_look": 1,
    }
    assert content["broken"]["hippocampus_002"][0]["kind"] == "missing_image"
    (finding,) = content["findings"][planting.CASE]
    assert (finding["kind"], finding["where"]) == ("separate_pieces", [2, 2, 2])
    assert content["volumes_mm3"]["whole"]["n"] == 14
    assert content["limits"]["robust_z"] == 3.5
    assert content["cases"][planting.CASE]["drawing"]["pieces"]["posterior"] == [1]
    assert str(found.folder) not in path.read_text(encoding="utf-8")

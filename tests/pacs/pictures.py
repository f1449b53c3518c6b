"""Take the screenshots of README and docs, of a synthetic study alone.

Run ``python -m tests.pacs.pictures docs/pictures`` (``make pictures``).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.pacs.archive import free_settings, running_archive, until
from tests.pacs.conftest import read_phantom
from tests.pacs.test_notice import damaged_study, notices, running_node
from tests.pacs.viewer import (
    PATIENCE_MS,
    Screen,
    running_browser,
    running_viewer,
)

CROP = (36, 51, 35)
SEED = 5


def take(screen: Screen, study: str, folder: Path) -> None:
    """Save what a reader sees: list, segmentation, report on the images, page."""
    screen.open_list()
    _save(screen, folder / "list.png")
    for modality, name in (("SEG", "viewer"), ("SR", "report"), ("OT", "page")):
        screen.open_study(study)
        screen.open_series(modality=modality)
        if modality == "SEG":
            masks = screen.labelmap()
            sizes = {int((mask > 0).sum()): uid for uid, mask in masks.items()}
            screen.go_to(screen.slices().index(sizes[max(sizes)]))
        if modality == "SR":
            until(lambda: "Volume" in screen.drawn_text(), "the volumes", 40)
        screen.page.wait_for_timeout(1500)
        _save(screen, folder / f"{name}.png")


def take_notice(screen: Screen, study: str, folder: Path) -> None:
    """Save what a reader sees of a study that could not be read."""
    screen.open_study(study)
    screen.open_series(modality="SR")
    until(screen.document_text, "the text of the notice", 40)
    _save(screen, folder / "notice.png")


def _save(screen: Screen, path: Path) -> None:
    """Save the page with few colours: a picture of the docs, not a measurement."""
    screen.page.screenshot(path=path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(128).save(path, optimize=True)


def main() -> None:
    """Take all pictures into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        settings = free_settings(Path(scratch) / "var")
        with running_archive(settings) as archive, running_viewer(archive) as url:
            results = read_phantom(archive, Path(scratch), SEED, CROP)
            study = str(results["SEG"].StudyInstanceUID)
            with running_browser() as browser:
                page = browser.new_context(
                    viewport={"width": 1400, "height": 900}
                ).new_page()
                page.set_default_timeout(PATIENCE_MS)
                take(Screen(page, url), study, folder)
                unread = damaged_study(Path(scratch) / "damaged")
                with running_node(settings):
                    archive.store(Path(scratch) / "damaged")
                    until(lambda: notices(archive, unread), "the notice", 60)
                take_notice(Screen(page, url), unread, folder)


if __name__ == "__main__":
    main()

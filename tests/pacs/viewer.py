"""A real OHIF in a real Chromium, as a radiologist's hand and eye."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from orthanc import ohif
from orthanc.render import run_folder, write_viewer
from orthanc.viewer import ViewerServer, site_of
from tests.pacs.archive import Archive, until

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",  # WebGL 2 without a GPU
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
FRAME = 0.12
"""Share of a pane's edge that holds its border, text and icons."""

DERIVED = ("SEG", "SR")
WITHOUT_IMAGE = (*DERIVED, "DOC")
PATIENCE_MS = 90_000
"""For the browser itself, on a machine that does other work."""

SETTLED_MS = 500

Pixels = npt.NDArray[np.uint8]


@contextmanager
def running_viewer(archive: Archive) -> Iterator[str]:
    """Serve OHIF in front of an archive and yield its address."""
    settings = archive.settings
    write_viewer(settings, run_folder(settings))
    site = site_of(settings, ohif.dist(), loopback_only=True)
    server = ViewerServer(("127.0.0.1", settings.viewer.port), site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{settings.viewer.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run Chromium with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Screen:
    """A page of the viewer.

    Attributes
    ----------
    page
        The browser's page.
    url
        Address of the viewer.
    """

    page: Page
    url: str

    def open_list(self) -> str:
        """Open the study list and return its text once it has a row."""
        self.page.goto(f"{self.url}/")
        self.page.get_by_text("1-", exact=False).first.wait_for(timeout=30_000)
        return self.page.inner_text("body")

    def open_study(self, study_instance_uid: str) -> None:
        """Open a study in the default layout and wait for its first image."""
        self.page.goto(f"{self.url}/viewer?StudyInstanceUIDs={study_instance_uid}")
        self.pane.wait_for(timeout=90_000)
        until(lambda: contrast(self.pixels()) > 0, "the first image", 90)

    @property
    def pane(self) -> Locator:
        """The viewport."""
        return self.page.locator("[data-cy=viewport-pane]").first

    def display_sets(self) -> list[dict[str, str]]:
        """Return what the study browser lists: series, modality and description."""
        listed: list[dict[str, str]] = self.page.evaluate(
            """() => window.services.displaySetService.getActiveDisplaySets().map(
              one => ({uid: one.displaySetInstanceUID, modality: one.Modality,
                       series: one.SeriesInstanceUID,
                       description: one.SeriesDescription}))"""
        )
        return listed

    def open_series(self, **wanted: str) -> None:
        """Double-click the entry of the study browser with these facts.

        Returns when the pane shows that series, or for derived objects the series
        that they lie on. What it showed before is gone then, but a moment later than
        the viewer says so.
        """
        (found,) = (one for one in self.display_sets() if wanted.items() <= one.items())
        entry = self.page.locator(f"[id='thumbnail-{found['uid']}']")
        entry.scroll_into_view_if_needed()
        deadline = time.monotonic() + 90
        while not self._comes_by_double_click(entry, found["series"]):
            # One that falls into the first seconds of a study is lost: once more.
            assert time.monotonic() < deadline, "the series does not come into the pane"
        if found["modality"] not in WITHOUT_IMAGE:
            until(lambda: found["series"] in self.drawn(), "the image", 90)
            self.page.wait_for_timeout(SETTLED_MS)

    def _comes_by_double_click(self, entry: Locator, series: str) -> bool:
        """Double-click an entry; say whether the series comes soon."""
        entry.dblclick()
        try:
            return until(lambda: series in self.shown(), "the series in the pane", 30)
        except TimeoutError:
            return False

    def shown(self) -> list[str]:
        """Return the Series Instance UIDs in the viewport."""
        series: list[str] = self.page.evaluate(
            """() => {
              const {displaySetService, viewportGridService} = window.services;
              const shown = [...viewportGridService.getState().viewports.values()];
              return shown.flatMap(one => one.displaySetInstanceUIDs).map(
                uid => displaySetService.getDisplaySetByUID(uid).SeriesInstanceUID);
            }"""
        )
        return series

    def drawn(self) -> str:
        """Return the address of the image that is drawn, loaded from the archive."""
        address: str = self.page.evaluate(DRAWN)
        return address

    def windows(self) -> tuple[list[float], list[float]]:
        """Return centre and width as they are applied, and as the image says."""
        applied, stated = self.page.evaluate(WINDOWS)
        return applied, stated

    def pixels(self) -> Pixels:
        """Return the middle of the pane as ``(rows, columns, RGB)``."""
        picture = Image.open(io.BytesIO(self.pane.screenshot())).convert("RGB")
        image = np.asarray(picture)
        rows, columns = (int(size * FRAME) for size in image.shape[:2])
        return image[rows:-rows, columns:-columns]

    def go_to(self, index: int) -> None:
        """Go to a slice of the stack and wait until it is drawn."""
        until(lambda: self.page.evaluate(GO_TO, index) == index, f"slice {index}")
        self.page.wait_for_timeout(150)  # the overlay is drawn a frame later

    def slices(self) -> list[str]:
        """Return the SOP Instance UIDs of the stack, in the viewer's order."""
        uids: list[str] = self.page.evaluate(SLICES)
        return uids

    def labelmap(self) -> dict[str, npt.NDArray[np.uint8]]:
        """Return what the viewer took from the segmentation, by SOP Instance UID.

        Each value is ``(rows, columns)``, 0 or the number of the segment.
        """
        until(lambda: self.page.evaluate(LABELMAP), "the viewer's labelmap", 90)
        return {
            uid: np.array(values, dtype=np.uint8).reshape(rows, columns)
            for uid, rows, columns, values in self.page.evaluate(LABELMAP)
        }

    def colours_at(self, index: int, voxels: npt.NDArray[np.intp]) -> Pixels:
        """Return the colours on the screen at the centres of voxels of a slice.

        Parameters
        ----------
        voxels
            ``(n, 2)``: row and column.
        """
        self.go_to(index)
        points, frame = self.page.evaluate(ON_CANVAS, [index, voxels.tolist()])
        png = self.page.screenshot(clip=frame)
        image = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        columns, rows = np.array(points).round().astype(int).T
        colours: Pixels = image[rows, columns]
        return colours

    def encapsulated(self) -> bytes:
        """Return the bytes of the PDF that the pane was given, b"" before it came.

        A headless browser has no reader for it; what it would read is here.
        """
        return bytes(self.page.evaluate(ENCAPSULATED))

    def document_text(self) -> str:
        """Return the text of a document that is shown in place of images."""
        text = self.pane.inner_text()
        return text if "AI NOTICE" in text else ""

    def drawn_text(self) -> str:
        """Return the text that is drawn beside contours.

        OHIF 3.13 tells its tool of a report after the image is drawn, and draws it
        with the next frame alone: on a busy machine nobody asks for that one.
        """
        self.page.evaluate(DRAW_AGAIN)
        return " ".join(self.pane.locator("svg.svg-layer text").all_text_contents())

    def step_to(self, wanted: set[str]) -> None:
        """Step from outline to outline, by the arrow, until all these were drawn."""
        seen: set[str] = set()

        def another() -> set[str]:
            text = self.drawn_text()
            found = {words for words in wanted - seen if words in text}
            if not found:
                self.page.locator("[data-cy=viewport-action-arrows-right]").click()
                self.page.wait_for_timeout(SETTLED_MS)
            return found

        while seen < wanted:
            seen.update(until(another, f"one of {wanted - seen} at its outline", 90))


VIEWPORT = """const viewport = window.services.cornerstoneViewportService
  .getCornerstoneViewport('default');"""

DRAWN = f"""() => {{
  {VIEWPORT}
  return viewport?.getCornerstoneImage?.()?.imageId ?? '';
}}"""

WINDOWS = f"""() => {{
  {VIEWPORT}
  const {{lower, upper}} = viewport.getProperties().voiRange;
  const image = viewport.getCornerstoneImage();
  return [[(lower + upper) / 2, upper - lower],
          [image.windowCenter, image.windowWidth].flat()];
}}"""

GO_TO = f"""async index => {{
  {VIEWPORT}
  await viewport.setImageIdIndex(index);
  viewport.render();
  return viewport.getCurrentImageIdIndex();
}}"""

SLICES = f"""() => {{
  {VIEWPORT}
  return viewport.getImageIds().map(id => /instances\\/([^/]+)/.exec(id)[1]);
}}"""

LABELMAP = """() => {
  const {cache} = window.cornerstone;
  const [segmentation] =
    window.cornerstoneTools.segmentation.state.getSegmentations();
  if (!segmentation) return null;
  return segmentation.representationData.Labelmap.imageIds.map(id => {
    const image = cache.getImage(id);
    const uid = /instances\\/([^/]+)/.exec(image.referencedImageId)[1];
    const values = Array.from(image.voxelManager.getScalarData());
    return [uid, image.rows, image.columns, values];
  });
}"""

DRAW_AGAIN = f"""() => {{
  {VIEWPORT}
  viewport?.render();
}}"""

ENCAPSULATED = """async () => {
  const shown = document.querySelector('object[type="application/pdf"][data]');
  if (!shown) return [];
  const answer = await fetch(shown.data);
  return Array.from(new Uint8Array(await answer.arrayBuffer()));
}"""

ON_CANVAS = f"""([index, voxels]) => {{
  {VIEWPORT}
  const image = viewport.getImageIds()[index];
  const {{utilities}} = window.cornerstone;
  const points = voxels.map(([row, column]) => viewport.worldToCanvas(
    utilities.imageToWorldCoords(image, [column + 0.5, row + 0.5])));
  const {{x, y, width, height}} = viewport.canvas.getBoundingClientRect();
  return [points, {{x, y, width, height}}];
}}"""


def contrast(pixels: Pixels) -> float:
    """Return the standard deviation of the grey of a picture, 0 to 128."""
    return float(pixels.mean(axis=2).std())


def coloured(pixels: Pixels) -> int:
    """Return the number of pixels that are clearly not grey."""
    spread = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    return int((spread > 40).sum())

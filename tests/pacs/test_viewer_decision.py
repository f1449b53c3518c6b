"""What a radiologist sees of a study of which a model decided something, in OHIF."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.report.classified import classified_case
from tests.pacs.archive import Archive, until
from tests.pacs.viewer import SETTLED_MS, Screen, coloured, contrast

pytestmark = [pytest.mark.pacs, pytest.mark.viewer, pytest.mark.slow]


def test_each_place_is_drawn_with_its_score(
    screen: Screen, archive: Archive, tmp_path: Path
) -> None:
    """The outline of a mask, the box where there is none, and the answer beside."""
    case = classified_case(tmp_path / "study")
    for kind, made in case.compose().items():
        made.dataset.save_as(tmp_path / "study" / kind, enforce_file_format=True)
    archive.store(tmp_path / "study")
    screen.open_study(case.volume.series.study_instance_uid)
    screen.open_series(modality="SR")
    wanted = {f"Certainty of Finding: {score}" for score in ("0.93", "0.41")}
    wanted.add("Probability: 0.87")
    seen: set[str] = set()

    def another() -> set[str]:
        screen.page.locator("[data-cy=viewport-action-arrows-right]").click()
        screen.page.wait_for_timeout(SETTLED_MS)
        text = screen.drawn_text()
        return {words for words in wanted - seen if words in text}

    while seen < wanted:
        seen.update(until(another, f"another of {wanted - seen} at its contour", 90))

    assert contrast(screen.pixels()) > 5
    assert coloured(screen.pixels()) > 50

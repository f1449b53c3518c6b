"""What a radiologist sees of a study of which a model decided something, in OHIF."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.report.classified import classified_case
from tests.pacs.archive import Archive
from tests.pacs.viewer import Screen, coloured, contrast

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
    screen.step_to(wanted)

    assert contrast(screen.pixels()) > 5
    assert coloured(screen.pixels()) > 50

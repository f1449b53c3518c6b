"""From a training of one epoch to a segmentation in the archive, by one setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.hippocampus.phantom import write_study
from models.volume.bundle import load_bundle
from node.app import Node
from tests.flow.test_loop import results, sent_job, study_of
from tests.models.hippocampus.learning.trainings import trained_bundle
from tests.pacs.archive import free_settings, running_archive

pytestmark = [pytest.mark.pacs, pytest.mark.slow]


def test_what_was_trained_reads_what_arrives(tmp_path: Path) -> None:
    """The SEG in Orthanc was made with the weights of the training."""
    bundle = load_bundle(trained_bundle(tmp_path / "training"))
    settings = free_settings(
        tmp_path / "node",
        models={"hippocampus": {"bundle": bundle.folder}},
        inbound={"quiet_s": 3.0, "min_free_mib": 0},
        jobs={"workers": 1},
    )
    write_study(tmp_path / "study", 11)

    with running_archive(settings) as archive:
        node = Node(archive.settings)
        node.start()
        try:
            archive.store(tmp_path / "study")
            uid = study_of(tmp_path / "study")
            sent_job(node, uid)
            (seg,) = [ds for ds in results(archive, uid) if ds.Modality == "SEG"]
        finally:
            node.stop()

    assert seg.pixel_array.any()
    assert bundle.weights_digest[:12] in seg.to_json()

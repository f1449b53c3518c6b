"""A whole node and a real archive: the first visit lies there in images alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from models.hippocampus.phantom import write_study
from models.volume.device import device_uid
from node.config import Settings
from tests.flow.visits import came_again, study_of
from tests.pacs.archive import SENDER, free_settings, running_archive, until
from tests.pacs.test_reconciliation import running_node

pytestmark = pytest.mark.pacs


@pytest.mark.slow
def test_a_node_reads_the_images_of_the_first_visit_with_the_second(
    tmp_path: Path,
) -> None:
    """The first was never routed; it is read; only the second is answered."""
    settings = free_settings(
        tmp_path / "node",
        inbound={"min_free_mib": 0, "quiet_s": 2},
        jobs={"workers": 1},
        archive={"rest": False},
        priors={"images": True},
    )
    write_study(tmp_path / "first", 61)
    write_study(tmp_path / "second", 61)
    came_again(tmp_path / "second", "20270105", "second")
    first, second = (
        study_of(sorted((tmp_path / name).rglob("*.dcm")))
        for name in ("first", "second")
    )
    with (
        running_archive(settings, routes=False) as archive,
        running_node(settings) as node,
    ):
        archive.store(tmp_path / "first")
        send(settings, tmp_path / "second")
        until(lambda: node.ledger.jobs.listing(second), "the job", 60)
        (job,) = node.ledger.jobs.listing(second)
        until(lambda: node.ledger.history.results(job.job_id), "the result", 240)
        (result,) = node.ledger.history.results(job.job_id)
        folder = tmp_path / "node" / "priors"
        until(lambda: not list(folder.iterdir()), "the removal of the images", 90)
        studies = [study for study in (first, second) if node.ledger.studies.get(study)]

    (prior,) = result.known.priors
    assert (prior.study_instance_uid, prior.source) == (first, "images in the archive")
    assert prior.device_uid == device_uid(result.weights_digest)
    assert studies == [second]


def send(settings: Settings, folder: Path) -> None:
    """Send a study to the node itself, past the archive."""
    command = [SENDER, "-aec", settings.node.ae_title, "+sd", "+r", "127.0.0.1"]
    command += [str(settings.node.port), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)

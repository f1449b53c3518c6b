"""A whole synthetic study and the real model, from files to objects, in a real pool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from models.volume.bundle import sha256_file
from models.volume.series import read_study
from node.config import JobsSettings
from node.jobs.job import JobRequest, JobState, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.pool import Pool
from node.jobs.worker import perform
from tests.node.jobs.ledger_stories import T0, complete, instance, request
from tests.node.jobs.pools import wait_until
from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[3]
SETTINGS = JobsSettings(workers=1, threads=1, device="cpu", precision="fp32")


def record_study(ledger: Ledger, files: list[Path]) -> None:
    """Receive the files in the ledger and complete their study."""
    study = read_study(files)
    ledger.studies.record(
        [
            replace(
                instance(),
                study_instance_uid=series.study_instance_uid,
                series_instance_uid=series.series_instance_uid,
                sop_instance_uid=image.sop_instance_uid,
                digest=sha256_file(image.path),
                path=image.path,
            )
            for series in study.series
            for image in series.instances
        ],
        T0,
    )
    complete(ledger, study.study_instance_uid)


def test_a_phantom_study_is_reported_alike_in_every_process(tmp_path: Path) -> None:
    """By a pool with the real model; then here: SEG, SR and SC of the same bytes."""
    ledger = Ledger(tmp_path)
    record_study(ledger, write_study(tmp_path / "study", seed=3))
    asked: list[JobRequest] = []

    def make_request(job: JobRow) -> JobRequest:
        made = request(job, ledger, tmp_path / "results")
        asked.append(replace(made, precision="fp32"))
        return asked[-1]

    models = {"hippocampus": None}
    pool = Pool(SETTINGS, ledger, make_request=make_request, models=models)
    pool.start()
    wait_until(lambda: ledger.jobs.listing()[0].state is JobState.REPORTED, 60)
    pool.stop()
    [job] = ledger.jobs.listing()
    ledger.close()
    first = {path.name: sha256_file(path) for path in asked[0].output_dir.iterdir()}

    again = perform(replace(asked[0], output_dir=tmp_path / "again", threads=1))

    assert isinstance(again, Reported)
    assert {f"{m.kind}.dcm": m.sha256 for m in again.objects} == first
    assert again.summary == job.summary
    assert 1500 < float(job.summary["Hippocampus volume"].split()[0]) < 6000
    modalities = {dcmread(made.path).Modality for made in again.objects}
    assert modalities == {"SEG", "SR", "OT"}


def test_workers_end_when_the_node_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the node leaves no process behind, not even one that hangs."""
    code = """
        import sys, time
        from pathlib import Path
        from tests.node.jobs.ledger_stories import queue, request
        from tests.node.jobs.performers import act
        from node.config import JobsSettings
        from node.jobs.ledger import Ledger
        from node.jobs.pool import Pool
        folder = Path(sys.argv[1])
        ledger = Ledger(folder)
        queue(ledger, models=["hang"])
        pool = Pool(
            JobsSettings(workers=1, device="cpu"),
            ledger,
            make_request=lambda job: request(job, ledger, folder),
            perform=act,
        )
        pool.start()
        while not (pool.slots and pool.slots[0].task and pool.slots[0].pid):
            time.sleep(0.01)
        print(pool.slots[0].pid, flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with ended_with_the_test(process) as node:
        assert node.stdout is not None
        worker = Path("/proc") / next(
            line.strip().decode() for line in node.stdout if line.strip().isdigit()
        )
        assert worker.exists()
        os.kill(node.pid, signal.SIGKILL)

    wait_until(lambda: not worker.exists())

    ledger = Ledger(tmp_path)
    [job] = ledger.jobs.interrupted()
    assert job.model == "hang"
    ledger.close()


@pytest.mark.data
def test_a_real_study_is_read_within_the_range_of_training(
    shared_data: Path, tmp_path: Path
) -> None:
    """The crop is chosen among five series; age and sex come from its siblings."""
    files = [p for p in (shared_data / "mr_studies/Study1").rglob("*") if p.is_file()]
    ledger = Ledger(tmp_path)
    record_study(ledger, files)
    job = ledger.jobs.claim(datetime.now(UTC))
    assert job is not None

    outcome = perform(request(job, ledger, tmp_path / "results"))

    ledger.close()
    assert isinstance(outcome, Reported)
    assert 2427 < float(outcome.summary["Hippocampus volume"].split()[0]) < 4358
    assert dcmread(outcome.objects[0].path).PatientSex == "M"

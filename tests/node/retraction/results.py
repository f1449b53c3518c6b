"""Results with real objects on disk, in a ledger, and an archive that may have them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from node.config import Settings
from node.jobs.job import Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.objects import write_objects
from node.report.sop import ReportObject
from node.send.outbox import Outbox, destination_name
from tests.node.jobs.ledger_stories import queue
from tests.node.report.inputs import build_case
from tests.node.send.test_scu import StandInArchive
from tests.ports import free_port


def settings_for(data_dir: Path, archive: StandInArchive | None = None) -> Settings:
    """Return the settings of a node beside an archive; without one nobody answers."""
    port = archive.peer.port if archive else free_port()
    return Settings.model_validate(
        {
            "node": {"data_dir": data_dir, "port": free_port()},
            "archive": {
                "ae_title": "ARCHIVE",
                "dicom_port": port,
                "http_port": free_port(),
            },
            "send": {"timeout_s": 2},
        }
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as a process gets them."""
    return {
        "PACS_NODE_NODE__DATA_DIR": str(settings.node.data_dir),
        "PACS_NODE_ARCHIVE__AE_TITLE": settings.archive.ae_title,
        "PACS_NODE_ARCHIVE__DICOM_PORT": str(settings.archive.dicom_port),
        "PACS_NODE_ARCHIVE__HTTP_PORT": str(settings.archive.http_port),
        "PACS_NODE_SEND__TIMEOUT_S": "2",
    }


def destinations(settings: Settings) -> list[str]:
    """Return the names of the configured destinations."""
    return [destination_name(each) for each in settings.destinations]


@cache
def composed(number: int) -> tuple[ReportObject, ...]:
    """Return SEG, SR and SC of a small study; made once, for they take a second."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "study"
        case = build_case(place, (3, 16, 16), PatientID=f"P{number}")
        return tuple(case.compose().values())


def report(ledger: Ledger, settings: Settings, number: int = 1) -> JobRow:
    """Have a study read: SEG, SR and SC lie on disk and are to be delivered."""
    folder = ledger.database.path.parent
    objects, now = composed(number), datetime.now(UTC)
    study = str(objects[0].dataset.StudyInstanceUID)
    (job,) = queue(ledger, study, now=now)
    ledger.jobs.claim(now, study)
    place = folder / "results" / study / job.model / "v1"
    made = write_objects(objects, place)
    outcome = Reported(
        identity=f"identity {number}",
        series_instance_uid="1.2",
        completed_at=now,
        objects=made,
        model_version="1.0.0",
        weights_digest="ab" * 32,
    )
    ledger.jobs.report(job.job_id, outcome, destinations(settings), now)
    return ledger.jobs.get(job.job_id)


def deliver(ledger: Ledger, settings: Settings) -> None:
    """Let every destination get what is due."""
    for destination in settings.destinations:
        outbox = Outbox(settings.send, destination, ledger, settings.node.ae_title)
        while outbox.tick(datetime.now(UTC)):
            pass


def object_uids(ledger: Ledger, jobs: Sequence[JobRow]) -> list[str]:
    """Return the SOP Instance UIDs of the objects of jobs, in the order of sending."""
    return [
        delivery.sop_instance_uid
        for job in jobs
        for delivery in ledger.deliveries.of_job(job.job_id)
    ]

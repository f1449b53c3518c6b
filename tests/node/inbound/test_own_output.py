"""The node never works on what a node of its kind has made (docs/promises.md 4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from node.config import InboundSettings
from node.inbound.watcher import Watcher
from node.report.notice import UnreadModel, build_notice
from node.report.sop import ReportObject
from tests.node.inbound.conftest import Receiver, StartReceiver
from tests.node.inbound.objects import encoded, files, send
from tests.node.report.inputs import WHEN, build_case

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ReportObject]:
    """Return one of each object that a node makes, by kind.

    No ledger knows them: they are another installation's.
    """
    case = build_case(tmp_path_factory.mktemp("own") / "study")
    source = next(iter(case.study.datasets.values()))
    unread = UnreadModel("hippocampus", "single_slice", case.bundle)
    notice = build_notice(
        source, source.StudyInstanceUID, [unread], WHEN, "0" * 32, case.settings
    )
    return {**case.compose(), "NOTICE": ReportObject.of("NOTICE", notice)}


@pytest.fixture
def receiver(start_receiver: StartReceiver) -> Receiver:
    """Return a running SCP with a watcher that completes studies after a second."""
    receiver = start_receiver()
    settings = InboundSettings(quiet_s=1.0, min_free_mib=0)
    receiver.told = Watcher(
        settings, receiver.ledger, receiver.spool, None, models=["hippocampus"]
    )
    return receiver


def copy_of(made: ReportObject, syntax: str) -> Dataset:
    """Return the object, to be encoded in another transfer syntax."""
    ds = Dataset()
    ds.update(made.dataset)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    return ds


def status_of(receiver: Receiver, ds: Dataset) -> int | None:
    """Send an object and return the status."""
    syntax = str(ds.file_meta.TransferSyntaxUID)
    association = receiver.associate((str(ds.SOPClassUID),), (syntax,))
    status = send(association, encoded(ds), uid=str(ds.SOPInstanceUID))
    association.release()
    return status


def let_pass(receiver: Receiver, seconds: float) -> None:
    """Tick the watcher now and ``seconds`` later."""
    assert receiver.told is not None
    now = datetime.now(UTC)
    receiver.told.tick(now)
    receiver.told.tick(now + timedelta(seconds=seconds))


@pytest.mark.parametrize("kind", ["SEG", "SR", "SC", "NOTICE"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_an_object_of_our_kind_is_acknowledged_and_not_kept(
    receiver: Receiver, made: dict[str, ReportObject], kind: str, syntax: str
) -> None:
    """Success for the sender; no file, no study, no job, whoever sent it."""
    ds = copy_of(made[kind], syntax)

    status = status_of(receiver, ds)
    let_pass(receiver, 60)

    assert status == 0x0000
    assert files(receiver.spool) == []
    assert receiver.ledger.studies.get(str(ds.StudyInstanceUID)) is None
    assert receiver.ledger.jobs.listing() == []


@pytest.mark.parametrize("kind", ["SEG", "SR", "SC", "NOTICE"])
def test_a_dropped_object_of_our_kind_is_put_aside(
    receiver: Receiver, made: dict[str, ReportObject], kind: str
) -> None:
    """With its reason, and without a study."""
    path = receiver.spool.drop / "result.dcm"
    made[kind].dataset.save_as(path, enforce_file_format=True)

    kept = receiver.spool.ingest(path)
    let_pass(receiver, 60)

    assert kept is None
    assert len(list(receiver.spool.refused.folder.iterdir())) == 1
    assert receiver.ledger.jobs.listing() == []


@pytest.mark.parametrize("kind", ["SEG", "SR", "SC", "NOTICE"])
def test_the_same_object_without_our_equipment_is_an_input(
    receiver: Receiver, made: dict[str, ReportObject], kind: str
) -> None:
    """It is the equipment that is recognised, neither class nor UID root."""
    ds = copy_of(made[kind], ExplicitVRLittleEndian)
    del ds.ContributingEquipmentSequence

    status = status_of(receiver, ds)
    let_pass(receiver, 60)

    assert status == 0x0000
    assert len(receiver.ledger.jobs.listing(str(ds.StudyInstanceUID))) == 1


@pytest.mark.data
@pytest.mark.parametrize("name", ["Study1", "Study3"])
def test_real_crops_under_a_root_that_everybody_shares_are_inputs(
    receiver: Receiver, shared_data: Path, name: str
) -> None:
    """Both carry pydicom's UID root, as the work of many others does."""
    folder = shared_data / "mr_studies" / name
    crops = [
        ds
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for ds in [dcmread(path, force=True)]
        if "SeriesDescription" in ds and "Crop" in ds.SeriesDescription
    ]

    statuses = {status_of(receiver, ds) for ds in crops[:3]}
    let_pass(receiver, 60)

    assert statuses == {0x0000}
    assert crops[0].SOPInstanceUID.startswith("1.2.826.0.1.3680043.8.498.")
    assert len(receiver.ledger.jobs.listing()) == 1

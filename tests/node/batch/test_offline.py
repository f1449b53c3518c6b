"""Reading a folder offline: the same worker, a ledger of its own, no archive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from node.batch import offline as batch
from node.config import Destination, JobsSettings, SendSettings, Settings
from node.errors import ConfigError, NodeError
from node.jobs.job import JobState
from node.jobs.ledger_jobs import JobRow
from tests.node.send.test_scu import StandInArchive

SETTINGS = Settings(jobs=JobsSettings(device="cpu", precision="fp32", threads=1))


def infer(path: Path, output: Path) -> list[JobRow]:
    """Read a folder with the hippocampus model."""
    return list(batch.infer(path, output, SETTINGS, ["hippocampus"]))


def objects(output: Path) -> dict[str, bytes]:
    """Return the bytes of every object below the output, by its path."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*.dcm"))
    }


def test_a_study_folder_becomes_three_objects(tmp_path: Path) -> None:
    """SEG, SR, SC under study, model and version; completeness is not claimed."""
    write_study(tmp_path / "study", 31)

    (job,) = infer(tmp_path / "study", tmp_path / "out")

    assert job.state is JobState.REPORTED
    assert sorted(Path(name).name for name in objects(tmp_path / "out")) == [
        "SC.dcm",
        "SEG.dcm",
        "SR.dcm",
    ]
    assert "completeness_unconfirmed" in job.summary["flags"]
    assert job.summary["grade"] == "B"


def test_reading_again_leaves_the_objects_as_they_are(tmp_path: Path) -> None:
    """Same input, same bytes, no second version."""
    write_study(tmp_path / "study", 32)
    infer(tmp_path / "study", tmp_path / "out")
    before = objects(tmp_path / "out")

    (job,) = infer(tmp_path / "study", tmp_path / "out")

    assert (job.version, job.reason) == (1, "unchanged")
    assert objects(tmp_path / "out") == before


def test_two_studies_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    """Folders mean nothing: studies are grouped by Study Instance UID."""
    for seed in (33, 34):
        for number, file in enumerate(write_study(tmp_path / "in" / str(seed), seed)):
            file.rename(tmp_path / "in" / f"{seed}-{number}")

    jobs = infer(tmp_path / "in", tmp_path / "out")

    assert len({job.study_instance_uid for job in jobs}) == 2
    assert {job.state for job in jobs} == {JobState.REPORTED}


def test_a_study_without_a_crop_is_not_applicable(tmp_path: Path) -> None:
    """The reason names the rule that refused each series."""
    for file in write_study(tmp_path / "study", 35):
        if file.parent.name == "hippocrop":
            file.unlink()

    (job,) = infer(tmp_path / "study", tmp_path / "out")

    assert job.state is JobState.NOT_APPLICABLE
    assert "description" in job.reason + job.detail


@pytest.mark.parametrize("content", [None, b"", b"not DICOM" * 100])
def test_what_is_not_dicom_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    """An empty folder, an empty file and a text say so, in one line."""
    (tmp_path / "in").mkdir()
    if content is not None:
        (tmp_path / "in" / "file").write_bytes(content)

    with pytest.raises(NodeError) as caught:
        infer(tmp_path / "in", tmp_path / "out")

    assert "\n" not in str(caught.value)


def test_a_damaged_slice_fails_the_study_by_name(tmp_path: Path) -> None:
    """A volume without its last slice would be read, and would be too small."""
    *_, last = write_study(tmp_path / "study", 38)
    last.write_bytes(last.read_bytes()[:200])

    (job,) = infer(tmp_path / "study", tmp_path / "out")

    assert (job.state, job.reason) == (JobState.FAILED, "damaged_file")


def test_a_slice_that_lies_there_twice_with_other_headers_fails_by_name(
    tmp_path: Path,
) -> None:
    """A folder has no order: nobody can say which of the two came last."""
    *_, last = write_study(tmp_path / "study", 39)
    corrected = dcmread(last)
    corrected.PatientID = "CORRECTED"
    corrected.save_as(last.with_name("corrected.dcm"))

    (job,) = infer(tmp_path / "study", tmp_path / "out")

    assert (job.state, job.reason) == (JobState.FAILED, "conflicting_instances")


def test_a_folder_that_was_corrected_makes_a_new_version(tmp_path: Path) -> None:
    """What lies there now is the study; what lay there before is no rival of it."""
    files = write_study(tmp_path / "study", 40)
    infer(tmp_path / "study", tmp_path / "out")
    for file in files:
        corrected = dcmread(file)
        corrected.PatientID = "CORRECTED"
        corrected.save_as(file)

    (job,) = infer(tmp_path / "study", tmp_path / "out")

    assert (job.state, job.version) == (JobState.REPORTED, 2)


def test_an_interrupted_study_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job was left running; that costs it nothing, and no other study either."""
    write_study(tmp_path / "first", 43)
    write_study(tmp_path / "second", 44)
    with monkeypatch.context() as patched:
        patched.setattr(batch, "perform", interrupt)
        with pytest.raises(KeyboardInterrupt):
            infer(tmp_path / "first", tmp_path / "out")

    (other,) = infer(tmp_path / "second", tmp_path / "out")
    (again,) = infer(tmp_path / "first", tmp_path / "out")

    assert other.study_instance_uid != again.study_instance_uid
    assert (other.state, again.state) == (JobState.REPORTED,) * 2
    assert (again.attempts, again.version) == (1, 1)


def interrupt(_: object) -> None:
    """Do what Ctrl-C does while a study is read."""
    raise KeyboardInterrupt


def test_one_process_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    """The second is told so, and the first goes on."""
    write_study(tmp_path / "study", 45)
    first = batch.infer(tmp_path / "study", tmp_path / "out", SETTINGS, ["hippocampus"])
    job = next(first)

    with pytest.raises(ConfigError, match="in use by another pacs-node"):
        infer(tmp_path / "study", tmp_path / "out")

    assert job.state is JobState.REPORTED
    first.close()
    (again,) = infer(tmp_path / "study", tmp_path / "out")
    assert again.reason == "unchanged"


class TestSend:
    """Delivering what was read, one attempt each."""

    def test_what_is_sent_is_called_sent(
        self, archive: StandInArchive, tmp_path: Path
    ) -> None:
        """All three objects, in their order."""
        write_study(tmp_path / "study", 46)

        (job,) = infer_and_send(tmp_path, archive)

        assert job.state is JobState.SENT
        assert archive.received == [
            d.sop_instance_uid for d in batch.deliveries(tmp_path / "out")[job.job_id]
        ]

    def test_what_was_not_taken_is_sent_the_next_time(
        self, archive: StandInArchive, tmp_path: Path
    ) -> None:
        """Each time everything that waits is tried once, nothing is read twice."""
        for seed in (47, 48):
            write_study(tmp_path / "study" / str(seed), seed)
        archive.status = 0xA700
        assert {job.state for job in infer_and_send(tmp_path, archive)} == {
            JobState.REPORTED
        }
        archive.status = 0x0000
        time.sleep(0.02)  # the back-off

        jobs = infer_and_send(tmp_path, archive)

        assert {(job.state, job.version) for job in jobs} == {(JobState.SENT, 1)}

    def test_an_archive_that_moved_gets_what_waited(
        self, archive: StandInArchive, tmp_path: Path
    ) -> None:
        """The first port was wrong."""
        write_study(tmp_path / "study", 49)
        right, archive.peer = archive.peer, replace(archive.peer, port=1)
        infer_and_send(tmp_path, archive)
        archive.peer = right

        (job,) = infer_and_send(tmp_path, archive)

        assert job.state is JobState.SENT


@pytest.fixture
def archive() -> Iterator[StandInArchive]:
    """Start a stand-in archive on a free port."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()


def infer_and_send(tmp_path: Path, archive: StandInArchive) -> list[JobRow]:
    """Read ``study`` into ``out`` and send the results."""
    peer = archive.peer
    there = Destination(ae_title=peer.ae_title, host=peer.host, port=peer.port)
    sending = SendSettings(destinations=(there,), timeout_s=2.0, backoff_s=0.01)
    settings = SETTINGS.model_copy(update={"send": sending})
    return list(
        batch.infer(
            tmp_path / "study", tmp_path / "out", settings, ["hippocampus"], send=True
        )
    )


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link out of the folder is not read."""
    files = write_study(tmp_path / "elsewhere", 36)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.dcm").symlink_to(files[0])

    with pytest.raises(NodeError, match="no file"):
        infer(tmp_path / "in", tmp_path / "out")


def test_the_name_of_the_patient_is_in_no_path(tmp_path: Path) -> None:
    """Output paths are made of UIDs, model and kind."""
    files = write_study(tmp_path / "study", 37)
    name = str(dcmread(files[0], stop_before_pixels=True).PatientName)

    infer(tmp_path / "study", tmp_path / "out")

    family = name.split("^")[0]
    assert family
    assert not any(family in str(path) for path in (tmp_path / "out").rglob("*"))

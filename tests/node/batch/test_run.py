"""A run over a folder: the pool of the wire, a ledger of its own, nothing twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydicom import DataElement, dcmread

from models.hippocampus.phantom import write_study
from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.batch.order import Order
from node.batch.records import opened
from node.batch.run import Done, read
from node.config import Destination, JobsSettings, SendSettings, Settings
from node.errors import ConfigError, NodeError
from node.jobs.job import JobState
from node.jobs.ledger_studies import StudyRecords
from tests.node.send.test_scu import StandInArchive

SETTINGS = Settings(
    jobs=JobsSettings(device="cpu", precision="fp32", threads=1, workers=1)
)


def order(folder: Path) -> Order:
    """Return the order to read ``in`` into ``out``."""
    return Order(folder / "in", folder / "out", ("hippocampus",), SETTINGS)


def objects(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every object below ``out``, by its path."""
    out = folder / "out"
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*.dcm"))
    }


@dataclass(frozen=True)
class Ward:
    """A folder that was read, changed, and read again."""

    folder: Path
    first: dict[str, Entry]
    before: dict[str, bytes]
    second: dict[str, Entry]
    heard: list[str]


class Ear:
    """Hears a run."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def found(self, entries: int) -> None:
        """Note the number."""
        self.heard.append(f"found {entries}")

    def working(self, running: object) -> None:
        """Note that there was a look."""
        self.heard.append("working" if running else "idle")

    def ended(self, entry: Entry) -> None:
        """Note which one ended."""
        self.heard.append(name(entry))


def by_name(done: Done) -> dict[str, Entry]:
    """Return the entries by the names of their folders in ``in``."""
    return {name(entry): entry for entry in done.entries}


def name(entry: Entry) -> str:
    """Return the folder in ``in`` that an entry is about."""
    parts = Path(entry.path).parts
    return parts[parts.index("in") + 1]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    """Read six inputs, each with a story of its own; correct one, and read again."""
    folder = tmp_path_factory.mktemp("ward")
    inputs = folder / "in"
    write_study(inputs / "sound", 31)
    for file in write_study(inputs / "no crop", 35):
        if file.parent.name == "hippocrop":
            file.unlink()
    *_, last = write_study(inputs / "damaged", 38)
    last.write_bytes(last.read_bytes()[:200])
    *_, last = write_study(inputs / "twice", 39)
    corrected(last, last.with_name("corrected.dcm"))
    files = write_study(inputs / "later corrected", 40)
    (inputs / "notes").mkdir()
    (inputs / "notes" / "a.txt").write_text("nothing")
    ear = Ear()
    first = by_name(read(order(folder), [ear]))
    before = objects(folder)
    for file in files:
        corrected(file, file)
    return Ward(folder, first, before, by_name(read(order(folder))), ear.heard)


def corrected(source: Path, target: Path) -> None:
    """Write an image with another Patient ID."""
    dataset = dcmread(source)
    dataset.PatientID = "CORRECTED"
    dataset.save_as(target)


def outcome(entry: Entry) -> tuple[str, str]:
    """Return state and reason of an entry."""
    return (entry.job.state if entry.job else "", entry.reason_code)


def test_each_input_has_its_own_outcome(ward: Ward) -> None:
    """One row each, and one bad study spoils only itself."""
    assert {key: outcome(entry) for key, entry in ward.first.items()} == {
        "damaged": ("failed", "damaged_file"),
        "later corrected": ("reported", ""),
        "no crop": ("not_applicable", "no_series_accepted"),
        "notes": ("", NO_STUDY),
        "sound": ("reported", ""),
        "twice": ("failed", "conflicting_instances"),
    }


def test_a_study_becomes_three_objects(ward: Ward) -> None:
    """SEG, SR, SC under study, model and version; completeness is not claimed."""
    entry = ward.first["sound"]

    assert entry.job is not None
    folder = f"{entry.study_instance_uid}/hippocampus/v1"
    assert {n for n in ward.before if n.startswith(folder)} == {
        f"{folder}/{kind}.dcm" for kind in ("SC", "SEG", "SR")
    }
    assert [each.kind for each in entry.objects] == ["SEG", "SR", "SC"]
    assert "completeness_unconfirmed" in entry.job.summary["flags"]
    assert entry.job.summary["grade"] == "B"
    assert {m.structure for m in entry.job.measurements} >= {"Hippocampus"}


def test_a_second_run_reads_only_what_changed_or_failed(ward: Ward) -> None:
    """What is finished stands, byte for byte; a corrected study is a new version."""
    kept = {key for key, entry in ward.second.items() if entry.was_kept}
    versions = {
        key: entry.job.version
        for key, entry in ward.second.items()
        if entry.job and entry.is_reported
    }
    attempts = {n: e.job.attempts for n, e in ward.second.items() if e.job}

    assert kept == {"sound", "no crop"}
    assert versions == {"sound": 1, "later corrected": 2}
    assert attempts["damaged"] == 1
    assert ward.second["damaged"].objects == ()
    assert outcome(ward.second["damaged"]) == outcome(ward.first["damaged"])
    assert ward.before.items() <= objects(ward.folder).items()


def test_a_run_is_heard(ward: Ward) -> None:
    """How many there are comes first; every entry is told once."""
    first, *rest = ward.heard

    assert first == "found 6"
    assert "working" in rest
    assert sorted(word for word in rest if word not in {"working", "idle"}) == sorted(
        ward.first
    )


def test_no_name_of_a_patient_or_a_folder_is_in_a_path_or_a_log(ward: Ward) -> None:
    """Output paths are made of UIDs, model and kind; the log holds hashes."""
    (file, *_) = sorted((ward.folder / "in" / "sound").rglob("*.dcm"))
    family = str(dcmread(file, stop_before_pixels=True).PatientName).split("^")[0]
    log = (ward.folder / "out" / ".pacs-node" / "log.txt").read_text()

    assert family
    assert "job_reported" in log
    for secret in (family, "later corrected", "CORRECTED"):
        assert secret not in log
        names = (str(p.relative_to(ward.folder)) for p in ward.folder.glob("out/**/*"))
        assert not any(secret in name for name in names)


def test_everything_a_run_writes_is_for_its_user_alone(ward: Ward) -> None:
    """The folder of the ledger cannot be entered by others."""
    assert not (ward.folder / "out" / ".pacs-node").stat().st_mode & 0o077


def test_what_an_interrupted_run_left_is_not_read_with_other_studies(
    ward: Ward,
) -> None:
    """A queued job of another folder waits until that folder is read again."""
    left, right = ward.first["sound"], ward.first["no crop"]
    assert left.job
    assert right.job
    with opened(order(ward.folder)) as ledger, ledger.database.write() as connection:
        connection.execute("UPDATE jobs SET state = 'queued'")
    root = ward.folder / "in" / "no crop"
    alone = replace(order(ward.folder), root=root, every_input=False)

    (entry,) = read(alone).entries

    assert entry.is_not_applicable
    with opened(order(ward.folder)) as ledger:
        assert ledger.jobs.get(left.job.job_id).state is JobState.QUEUED
        assert ledger.jobs.get(right.job.job_id).state is JobState.NOT_APPLICABLE


def test_one_process_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    """The second is told so."""
    write_study(tmp_path / "in", 45)

    with opened(order(tmp_path)), pytest.raises(ConfigError, match="in use by another"):
        read(order(tmp_path))


def test_an_interrupt_leaves_an_entry_for_everything(tmp_path: Path) -> None:
    """What was not come to says so, and the next run goes on there."""
    for seed in (43, 44):
        write_study(tmp_path / "in" / str(seed), seed)

    class Impatient(Ear):
        def found(self, entries: int) -> None:
            raise KeyboardInterrupt

    done = read(order(tmp_path), [Impatient()])

    assert done.was_interrupted
    assert [entry.reason_code for entry in done.entries] == [INTERRUPTED] * 2


def test_a_full_disk_ends_the_run_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every study has its entry, and nothing waits for room that nobody makes."""
    write_study(tmp_path / "in", 49)
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr("node.batch.run.LEAST_ROOM_BYTES", 2 * free)

    done = read(order(tmp_path))

    assert "make room" in done.trouble
    assert [entry.reason_code for entry in done.entries] == [INTERRUPTED]


def test_results_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    write_study(tmp_path / "in", 46)
    (tmp_path / "out").write_text("a file")

    with pytest.raises(NodeError, match="name another folder"):
        read(order(tmp_path))


@pytest.fixture(scope="module")
def unsent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read two studies without sending them; return the folder of both."""
    folder = tmp_path_factory.mktemp("send")
    for seed in (47, 48):
        write_study(folder / "in" / str(seed), seed)
    read(order(folder))
    return folder


def test_a_uid_never_leads_out_of_the_results(tmp_path: Path) -> None:
    """It would name a folder."""
    for file in write_study(tmp_path / "in", 50):
        dataset = dcmread(file)
        odd = DataElement(0x0020000D, "UI", "..", validation_mode=0)
        dataset["StudyInstanceUID"] = odd
        dataset.save_as(file)

    entries = read(order(tmp_path)).entries

    assert {entry.reason_code for entry in entries} == {NO_STUDY}
    assert not list(tmp_path.rglob("SEG.dcm"))


def test_a_damaged_file_that_came_later_is_seen(unsent: Path, tmp_path: Path) -> None:
    """It may be an image of the study, which is then read again and fails."""
    shutil.copytree(unsent, tmp_path / "ward")
    folder = tmp_path / "ward"
    (crop,) = (folder / "in" / "47").glob("hippocrop")
    (crop / "late.dcm").write_bytes(b"\0" * 128 + b"DICM")

    outcomes = {name(e): outcome(e) for e in read(order(folder)).entries}

    assert outcomes["47"] == ("failed", "damaged_file")
    assert outcomes["48"] == ("reported", "")


def test_results_may_be_moved(unsent: Path, tmp_path: Path) -> None:
    """They are found in their new place, and nothing is written in the old one."""
    shutil.copytree(unsent / "out", tmp_path / "moved")
    moved = replace(order(unsent), results=tmp_path / "moved")

    entries = read(moved).entries

    assert all(entry.was_kept for entry in entries)
    for entry in entries:
        for made in entry.objects:
            assert made.path.is_relative_to(tmp_path / "moved")
            assert made.path.is_file()


def test_a_run_that_was_killed_between_two_records_calls_nothing_finished(
    unsent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New images were noted, and nobody came to queue the job: it is read again."""
    shutil.copytree(unsent, tmp_path / "ward")
    folder = tmp_path / "ward"
    for file in (folder / "in" / "47").rglob("*.dcm"):
        corrected(file, file)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StudyRecords, "complete", killed)
        assert read(order(folder)).was_interrupted

    kept = {name(e): e.was_kept for e in read(order(folder)).entries}

    assert kept == {"47": False, "48": True}


class TestSend:
    """Delivering, which is never fatal, and never reads anything again."""

    def sent(self, folder: Path, archive: StandInArchive) -> list[Entry]:
        """Send the results of a folder."""
        peer = archive.peer
        there = Destination(ae_title=peer.ae_title, host=peer.host, port=peer.port)
        sending = SendSettings(timeout_s=2.0, backoff_s=0.01)
        settings = SETTINGS.model_copy(update={"send": sending})
        entries = read(
            replace(order(folder), settings=settings, destinations=(there,))
        ).entries
        return list(entries)

    def test_what_an_earlier_run_read_is_sent(
        self, unsent: Path, archive: StandInArchive
    ) -> None:
        """What is not taken waits for the next time; what is sent is not sent again."""
        archive.status = 0xA700
        refused = self.sent(unsent, archive)
        archive.status = 0x0000
        archive.received.clear()
        time.sleep(0.05)  # the back-off

        taken = self.sent(unsent, archive)
        again = self.sent(unsent, archive)

        assert all(entry.was_kept for entry in [*refused, *taken, *again])
        assert {entry.job.state for entry in refused if entry.job} == {"reported"}
        assert {entry.job.state for entry in [*taken, *again] if entry.job} == {"sent"}
        assert sorted(archive.received) == sorted(
            each.sop_instance_uid for entry in taken for each in entry.objects
        )

    def test_another_destination_gets_them_as_well(
        self, unsent: Path, archive: StandInArchive
    ) -> None:
        """It was never addressed to before."""
        entries = self.sent(unsent, archive)

        assert len(archive.received) == 6
        assert {entry.job.state for entry in entries if entry.job} == {"sent"}

    def test_results_that_were_removed_are_made_again(
        self, unsent: Path, archive: StandInArchive
    ) -> None:
        """The same bytes in the same place; nothing is a new version."""
        before = objects(unsent)
        folders = sorted(unsent.glob("out/*/hippocampus"))
        (folders[0] / "v1" / "SR.dcm").unlink()
        shutil.rmtree(folders[1])

        entries = self.sent(unsent, archive)

        assert objects(unsent) == before
        assert {(e.job.version, e.job.state) for e in entries if e.job} == {(1, "sent")}

    def test_a_removed_result_that_comes_out_otherwise_is_another_version(
        self, unsent: Path, archive: StandInArchive, tmp_path: Path
    ) -> None:
        """Nobody passes other bytes off as the ones that were there."""
        shutil.copytree(unsent, tmp_path / "ward")
        folder = tmp_path / "ward"
        (lost, _) = sorted(folder.glob("out/*/hippocampus/v1/SR.dcm"))
        lost.unlink()
        with opened(order(folder)) as ledger, ledger.database.write() as connection:
            connection.execute("UPDATE objects SET sha256 = 'x' WHERE kind = 'SEG'")

        versions = [e.job.version for e in read(order(folder)).entries if e.job]

        assert versions == [2, 2]

    def test_nobody_there_costs_no_result(
        self, unsent: Path, archive: StandInArchive
    ) -> None:
        """The studies are reported; the deliveries say what is the matter."""
        archive.peer = replace(archive.peer, port=1, ae_title="NOBODY")

        entries = self.sent(unsent, archive)

        assert all(entry.is_reported for entry in entries)
        assert {d.state for d in entries[0].deliveries} == {"sent", "pending"}


@pytest.fixture
def archive() -> Iterator[StandInArchive]:
    """Start a stand-in archive on a free port."""
    stand_in = StandInArchive()
    yield stand_in
    stand_in.server.shutdown()

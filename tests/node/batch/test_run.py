"""A run over a folder: the pool of the wire, a ledger of its own, nothing twice."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydicom import dcmread

from models.hippocampus.phantom import write_study
from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.batch.records import opened
from node.batch.run import Done, read
from node.errors import ConfigError, NodeError
from node.jobs.job import JobState
from tests.node.batch.orders import corrected, name, objects, order, outcome


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

    def found(self, waiting: Sequence[Entry]) -> None:
        """Note the number."""
        self.heard.append(f"found {len(waiting)}")

    def working(self, running: object) -> None:
        """Note that there was a look."""
        self.heard.append("working" if running else "idle")

    def ended(self, entry: Entry) -> None:
        """Note which one ended."""
        self.heard.append(name(entry))


def by_name(done: Done) -> dict[str, Entry]:
    """Return the entries by the names of their folders in ``in``."""
    return {name(entry): entry for entry in done.entries}


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
        def found(self, waiting: Sequence[Entry]) -> None:
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

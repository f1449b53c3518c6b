"""Whatever happens to a study, nothing outside its objects says whose it is.

One node, in processes of its own, lives through every door and every failure that the
journey has, with one patient whose identifiers are marked. Then everything that it
wrote is searched (docs/promises.md 9).
"""

from __future__ import annotations

import sqlite3
import stat
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEGLosslessSV1,
    MRImageStorage,
)

from node.inbound.dataset import open_file
from node.jobs.job import JobState
from tests.node.inbound.objects import eventually
from tests.privacy.marked import (
    IDENTIFIERS,
    NAMED_FOLDER,
    PERSON,
    change,
    found,
    study_uid,
    write_study,
)
from tests.privacy.ward import Ward, running_ward

pytestmark = pytest.mark.slow

OUTCOMES = {
    1: ("reported", ""),
    2: ("failed", "internal_error"),
    3: ("failed", "constant_image"),
    4: ("not_applicable", "no_series_accepted"),
    5: ("failed", "identity_conflict"),
    6: ("failed", "conflicting_instances"),
    7: ("failed", "pixels_damaged"),
    8: ("reported", ""),
    9: ("reported", ""),
}
"""Number of the study → state and reason that its story ends in."""

EVENTS = (
    *("not_stored", "file_refused", "study_complete", "notice_made"),
    *("job_postponed", "job_failed", "job_not_applicable", "job_reported"),
    *("object_postponed", "object_not_sent"),
)

OVER = {JobState.REPORTED, JobState.SENT, JobState.NOT_APPLICABLE, JobState.FAILED}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    """Let everything happen; return what is left when the node has stopped."""
    folder = tmp_path_factory.mktemp("ward")
    source = folder / "scanner" / NAMED_FOLDER
    with running_ward(folder) as ward:
        send_what_is_kept(ward, source)
        send_what_is_refused(ward, source)
        drop_files(ward, source)
        eventually(lambda: _all_over(ward), within_s=60)
        eventually(lambda: "object_not_sent" in ward.log, within_s=20)
        eventually(lambda: "object_postponed" in ward.log, within_s=20)
    return ward


def _all_over(ward: Ward) -> bool:
    jobs = ward.jobs()
    wanted = {study_uid(number) for number in OUTCOMES}
    return wanted <= set(jobs) and all(job.state in OVER for job in jobs.values())


def send_what_is_kept(ward: Ward, source: Path) -> None:
    """Send studies that end in every kind of outcome."""
    stories = {
        1: "crop of Zyxwvut^Qwertzina",
        2: "crop error",
        3: "crop unfit",
        4: "localiser of Zyxwvut^Qwertzina",
        5: "crop of two patients",
        6: "crop sent twice",
        7: "crop damaged",
    }
    files = {n: write_study(source / str(n), n, text) for n, text in stories.items()}
    change(files[5][2], PatientName="Asdfghj^Qwertzina", PatientID="OTHER-6660417")
    for path in files[7]:
        _damage(path)
    for paths in files.values():
        assert ward.send(*paths) == {0x0000}
    ds = dcmread(files[6][0])
    change(files[6][0], PixelData=bytes(len(ds.PixelData)))
    assert ward.send(files[6][0]) == {0x0000}
    _send_invalid_values(ward, source / "8")


def _damage(path: Path) -> None:
    """Replace the pixels by something that no decoder takes."""
    ds = dcmread(path)
    ds.PixelData = encapsulate([b"\xff\xd8" + PERSON["PatientName"].encode() + b"\0"])
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    ds.save_as(path)


def _send_invalid_values(ward: Ward, folder: Path) -> None:
    """Send a study in which the name stands where its VR does not allow it."""
    name = b"Zyxwvut^Qwertzin"
    tags = {"ProtocolName": "PROTOCOL", "SliceLocation": "-12345678.123456"}
    for path in write_study(folder, 8, "crop with odd values", **tags):
        content = path.read_bytes()
        content = content.replace(b"-12345678.123456", name)
        content = content.replace(b"19310713", b"Zyxwvut ")
        path.write_bytes(content.replace(b"20200103", b"Qwertzin"))
        assert ward.send(path) == {0x0000}


def send_what_is_refused(ward: Ward, source: Path) -> None:
    """Let the door refuse what is broken, misnamed or hostile."""
    path = write_study(source / "refused", 90, "crop")[0]
    file = open_file(path.read_bytes())
    stream, syntax = file.dataset, file.transfer_syntax_uid
    uid = str(dcmread(path).SOPInstanceUID)
    name = PERSON["PatientName"]

    assert ward.send_bytes(stream[:-7], MRImageStorage, uid, syntax) == 0xC000
    assert ward.send_bytes(stream, CTImageStorage, uid, syntax) == 0xA900
    assert ward.send_bytes(stream, MRImageStorage, uid + "1", syntax) == 0xA900
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of this sender's own UID
        assert ward.send_bytes(stream, MRImageStorage, name, syntax) == 0x0117
    in_study = stream.replace(study_uid(90).encode() + b"1", b"Zyxwvut^Qwertzin")
    ward.send_bytes(in_study, MRImageStorage, uid, syntax)
    association = ward.associate(MRImageStorage, ExplicitVRLittleEndian)
    association.abort()
    raw = ward.associate(MRImageStorage, ExplicitVRLittleEndian)
    raw.dul.socket.send(b"\x04\x00" + name.encode() * 10)


def drop_files(ward: Ward, source: Path) -> None:
    """Lay files into the drop folder, named as people name them."""
    folder = ward.data_dir / "drop" / NAMED_FOLDER
    folder.mkdir()
    written = write_study(source / "dropped", 9, "crop laid down")
    for path in written:
        path.rename(folder / f"{PERSON['PatientName']}-{path.name}")
    words = f"The report of {PERSON['PatientName']}, born 13.07.1931"
    (folder / "report of Zyxwvut.txt").write_text(words, encoding="utf-8")
    cut = write_study(source / "cut", 91, "crop")[0]
    (folder / "Zyxwvut cut.dcm").write_bytes(cut.read_bytes()[:-9])
    (folder / "Zyxwvut link.dcm").symlink_to(cut)


@pytest.mark.parametrize("number", OUTCOMES)
def test_each_story_ended_as_it_was_meant_to(ward: Ward, number: int) -> None:
    """Else the search would look where nothing happened."""
    job = ward.jobs()[study_uid(number)]

    assert (job.state, job.reason) == OUTCOMES[number], job.detail


@pytest.mark.parametrize("event", EVENTS)
def test_the_log_has_lines_of_every_kind(ward: Ward, event: str) -> None:
    """Else it would be clean for want of words."""
    assert event in ward.log


def test_no_line_of_the_log_says_whose_study_it_is(ward: Ward) -> None:
    """UIDs stand there only as hashes."""
    lines = [line for line in ward.log.splitlines() if found(line)]

    assert lines == []


def test_no_message_in_the_ledger_says_whose_study_it_is(ward: Ward) -> None:
    """Reasons and details are shown, sent in notices and logged."""
    columns = {
        "studies": ["completeness_reason"],
        "jobs": ["reason", "detail"],
        "attempts": ["outcome", "detail"],
        "deliveries": ["detail"],
        "results": ["summary", "timings"],
    }
    with closing(sqlite3.connect(ward.data_dir / "ledger.sqlite")) as ledger:
        texts = [
            str(value)
            for table, names in columns.items()
            for row in ledger.execute(f"SELECT {', '.join(names)} FROM {table}")  # noqa: S608 - constants of this test
            for value in row
        ]

    assert len(texts) > 50
    assert [text for text in texts if found(text)] == []


def test_the_ledger_holds_no_person_at_all(ward: Ward) -> None:
    """In no column of any table; UIDs may stand there."""
    with closing(sqlite3.connect(ward.data_dir / "ledger.sqlite")) as ledger:
        dump = list(ledger.iterdump())

    assert [line for line in dump if found(line, uids=False)] == []


def test_no_file_is_named_after_a_person(ward: Ward) -> None:
    """Neither what is kept nor what is refused; the drop folder belongs to others."""
    drop = ward.data_dir / "drop"
    names = [
        str(path.relative_to(ward.data_dir))
        for path in ward.data_dir.rglob("*")
        if not path.is_relative_to(drop)
    ]

    assert len(names) > 50
    assert [name for name in names if found(name, uids=False)] == []


def test_only_this_user_can_read_anything(ward: Ward) -> None:
    """Folders 0700 and files 0600, although the node was started with umask 0."""
    drop = ward.data_dir / "drop"
    open_to_others = {
        str(path.relative_to(ward.folder)): stat.filemode(path.lstat().st_mode)
        for path in [ward.data_dir, drop, *ward.data_dir.rglob("*")]
        if (path == drop or not path.is_relative_to(drop))
        and not path.is_symlink()
        and stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600)
    }

    assert len(list((ward.data_dir / "refused").iterdir())) >= 2
    assert open_to_others == {}


@pytest.mark.parametrize(
    "arguments",
    [("jobs",), ("jobs", "--json"), ("check",)],
    ids=" ".join,
)
def test_no_command_says_whose_studies_they_are(
    ward: Ward, arguments: tuple[str, ...]
) -> None:
    """They name studies by UID alone, and only where that is what was asked for."""
    output, errors = ward.command(*arguments)

    assert output
    assert found(output, uids=False) == set()
    assert found(errors) == set()


@pytest.mark.parametrize("story", ["2", "7", "8"])
def test_reading_a_folder_says_nothing_of_whom_it_reads(ward: Ward, story: str) -> None:
    """Whether it succeeds or not; only the path that was typed is shown again."""
    source = ward.folder / "scanner" / NAMED_FOLDER / story

    output, errors = ward.command("infer", str(source), "--output", f"read {story}")
    (log,) = ward.folder.rglob(f"read {story}/.pacs-node/log.txt")

    assert output
    assert found(output.replace(str(source), ""), uids=False) == set()
    assert found(errors.replace(str(source), "")) == set()
    assert "job_" in log.read_text("utf-8")
    assert found(log.read_text("utf-8")) == set()


def test_what_is_sent_does_name_the_patient(ward: Ward) -> None:
    """The objects themselves must: the marks are real."""
    (study,) = (ward.data_dir / "results").glob(study_uid(1))
    made = dcmread(next(study.rglob("SR.dcm")))

    assert made.PatientName == PERSON["PatientName"]
    assert found(str(made), uids=False) >= {"zyxwvut", "5550417", "7770417"}
    assert all(mark == mark.lower() for mark in IDENTIFIERS)

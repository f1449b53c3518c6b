"""What a folder holds: studies by their UIDs, whatever files and folders are called."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from models.hippocampus.phantom import write_study
from node.batch.found import NoStudy, StudyFiles
from node.batch.sources import source_of
from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.errors import NodeError
from node.jobs.ledger import LEDGER_FILE, LEDGER_FOLDER
from tests.node.batch.zipped import images, write_zip

THREADS = 2


def found(root: Path, without: Path | None = None) -> list[StudyFiles | NoStudy]:
    """Look into a folder."""
    return list(source_of(root, without).found(THREADS))


def studies(root: Path) -> list[StudyFiles]:
    """Return the studies of a folder that holds nothing else."""
    each = found(root)
    assert all(isinstance(one, StudyFiles) for one in each)
    return [one for one in each if isinstance(one, StudyFiles)]


def test_names_mean_nothing(tmp_path: Path) -> None:
    """Two studies whose files lie mixed, without extension, are told apart."""
    written = [
        file
        for seed in (1, 2)
        for file in write_study(tmp_path / "in" / str(seed), seed)
    ]
    (tmp_path / "mixed").mkdir()
    for number, file in enumerate(sorted(written, key=lambda path: path.name)):
        file.rename(tmp_path / "mixed" / f"{number}")

    first, second = studies(tmp_path / "mixed")

    assert len(first.files) + len(second.files) == len(written)
    for study in (first, second):
        uids = {dcmread(path).StudyInstanceUID for path, _ in study.files}
        assert uids == {study.study_instance_uid}


def test_a_study_lies_where_all_its_files_do(tmp_path: Path) -> None:
    """The deepest folder that holds them; of one file, the file itself."""
    write_study(tmp_path / "in" / "Ward 3" / "Пётр", 3)
    (single, *_) = write_study(tmp_path / "elsewhere", 4)
    single = single.rename(tmp_path / "in" / "1")

    at = {study.path for study in studies(tmp_path / "in")}

    assert at == {tmp_path / "in" / "Ward 3" / "Пётр", single}


def test_series_in_folders_at_the_top_are_one_study(tmp_path: Path) -> None:
    """The folder itself is the study then, and a folder of notes is no input."""
    write_study(tmp_path / "study", 5)
    (tmp_path / "study" / "notes").mkdir()
    (tmp_path / "study" / "notes" / "a.txt").write_text("nothing")

    (study,) = studies(tmp_path / "study")

    assert study.path == tmp_path / "study"


def test_a_folder_without_a_study_says_why(tmp_path: Path) -> None:
    """Each folder at the top is an input of its own."""
    write_study(tmp_path / "in" / "a", 6)
    (tmp_path / "in" / "b").mkdir()
    (tmp_path / "in" / "c").mkdir()
    (tmp_path / "in" / "c" / "text").write_text("no image" * 100)
    damaged = tmp_path / "in" / "d" / "1.dcm"
    damaged.parent.mkdir()
    damaged.write_bytes(b"\0" * 128 + b"DICM" + b"\x02\x00\x10\x00UI")
    (tmp_path / "in" / "README").write_text("a loose file is no input")

    _, *empty = found(tmp_path / "in")

    assert [
        (each.path.name, each.detail) for each in empty if isinstance(each, NoStudy)
    ] == [
        ("b", ""),
        ("c", "not_dicom"),
        ("d", "missing_uid"),
    ]


@pytest.mark.parametrize("content", [None, b"", b"not DICOM" * 100])
def test_nothing_at_all_is_one_input_without_a_study(
    tmp_path: Path, content: bytes | None
) -> None:
    """An empty folder, an empty file, a text."""
    if content is not None:
        (tmp_path / "file").write_bytes(content)

    (only,) = found(tmp_path)

    assert isinstance(only, NoStudy)
    assert only.path in {tmp_path, tmp_path / "file"}


def test_a_file_that_does_not_say_whose_it_is_goes_with_its_neighbours(
    tmp_path: Path,
) -> None:
    """It may be a damaged image; the worker judges that, as on the wire."""
    *_, last = write_study(tmp_path / "study", 7)
    last.write_bytes(last.read_bytes()[:200])

    (study,) = studies(tmp_path / "study")

    assert study.beside == (last,)


def test_hidden_names_and_results_are_left_alone(tmp_path: Path) -> None:
    """What a run wrote is not its input, wherever it lies and whose ever it is."""
    files = write_study(tmp_path / "elsewhere", 8)
    root = tmp_path / "in"
    for folder in (".hidden", "results", "other results"):
        (root / folder).mkdir(parents=True)
    (root / ".hidden" / "a.dcm").write_bytes(files[0].read_bytes())
    as_results(root / "other results")
    (root / "other results" / "a.dcm").write_bytes(made_by_a_node(files[0]))
    (root / "results" / "a.dcm").write_bytes(made_by_a_node(files[0]))

    (only,) = found(root, without=root / "results")

    assert isinstance(only, NoStudy)
    assert (only.path, only.detail) == (root, "")


def test_images_among_results_are_not_lost_without_a_word(tmp_path: Path) -> None:
    """They are not read, as results are not, and this is told; so of ZIPs of them."""
    root = tmp_path / "in"
    write_study(root / "a", 1)
    for number, name in enumerate(("this run", "another"), start=2):
        write_study(root / name / "study", number)
        as_results(root / name)
    write_zip(root / "packed" / "a.zip", images())
    as_results(root / "packed")

    study, *told = sorted(found(root, root / "this run"), key=type_first)

    assert isinstance(study, StudyFiles)
    assert [
        (each.path.name, each.detail) for each in told if isinstance(each, NoStudy)
    ] == [(name, "results_with_images") for name in ("another", "packed", "this run")]


def test_a_folder_is_no_results_for_a_name_in_it(tmp_path: Path) -> None:
    """Only the ledger of a run tells: the folder of its name may hold anything."""
    for number, name in enumerate("ab"):
        write_study(tmp_path / name, number)
    (tmp_path / "a" / ".pacs-node").mkdir()

    assert [study.path.name for study in studies(tmp_path)] == ["a", "b"]


def type_first(each: StudyFiles | NoStudy) -> tuple[bool, Path]:
    """Sort studies before inputs without one."""
    return isinstance(each, NoStudy), each.path


def as_results(folder: Path) -> None:
    """Make a folder one that a run wrote."""
    (folder / LEDGER_FOLDER).mkdir(parents=True)
    (folder / LEDGER_FOLDER / LEDGER_FILE).touch()


def made_by_a_node(image: Path) -> bytes:
    """Return an image as a node of this kind marks what it made."""
    own = dcmread(image)
    code, item = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator = PROCESSING_EQUIPMENT, "DCM"
    item.Manufacturer, item.PurposeOfReferenceCodeSequence = MANUFACTURER, [code]
    own.ContributingEquipmentSequence = [item]
    own.SOPInstanceUID = "2.25.9"
    content = BytesIO()
    own.save_as(content)
    return content.getvalue()


def test_a_study_of_links_is_a_whole_study(tmp_path: Path) -> None:
    """As git-annex keeps it; a circle of links ends, and a broken one is nothing."""
    files = write_study(tmp_path / "elsewhere", 8)
    root = tmp_path / "in"
    (root / "linked").mkdir(parents=True)
    half = len(files) // 2
    for number, file in enumerate(files):
        if number < half:
            (root / "linked" / f"{number}").symlink_to(file)
        else:
            (root / "linked" / f"{number}").write_bytes(file.read_bytes())
    (root / "linked" / "circle").symlink_to(root)
    (root / "linked" / "broken").symlink_to(tmp_path / "nowhere")

    (study,) = studies(root)

    assert len(study.files) == len(files)


def test_every_folder_of_damaged_images_is_told_of(tmp_path: Path) -> None:
    """However deep, also where a study lies in several folders at the top."""
    root = tmp_path / "in"
    for number, file in enumerate(write_study(tmp_path / "written", 12)):
        folder = root / ("one", "two")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        file.rename(folder / str(number))
    write_study(root / "three", 13)
    (root / "empty").mkdir()
    for lost in ("one/deep/lost", "four", "."):
        (root / lost).mkdir(parents=True, exist_ok=True)
        (root / lost / "x.dcm").write_bytes(b"\0" * 128 + b"DICM")

    told = {
        str(each.path.relative_to(root)): each.detail
        for each in found(root)
        if isinstance(each, NoStudy)
    }

    assert told == {
        "empty": "",
        "four": "missing_uid",
        "one/deep/lost": "missing_uid",
        "x.dcm": "missing_uid",
    }


def test_what_a_node_made_is_no_input(tmp_path: Path) -> None:
    """Results that were copied beside their study do not change it."""
    files = write_study(tmp_path / "study", 9)
    (tmp_path / "study" / "own.dcm").write_bytes(made_by_a_node(files[0]))

    (study,) = studies(tmp_path / "study")

    assert len(study.files) == len(files)


def test_the_way_a_file_is_written_does_not_matter(tmp_path: Path) -> None:
    """Deflated, big-endian, and with a private value longer than what is read first."""
    deflated, big, long, *_ = write_study(tmp_path / "study", 10)
    for path, syntax in (
        (deflated, DeflatedExplicitVRLittleEndian),
        (big, ExplicitVRBigEndian),
    ):
        dataset = dcmread(path)
        dataset.file_meta.TransferSyntaxUID = syntax
        del dataset.PixelData
        plain = Dataset()
        plain.update(dataset)
        plain.file_meta = dataset.file_meta
        dcmwrite(path, plain, enforce_file_format=True)
    dataset = dcmread(long)
    dataset.private_block(0x0011, "SCANNER", create=True).add_new(
        1, "OB", b"x" * 200_000
    )
    dataset.save_as(long)

    (study,) = studies(tmp_path / "study")

    assert {deflated, big, long} <= {path for path, _ in study.files}
    assert not study.beside


def test_a_place_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """It says what to name instead."""
    with pytest.raises(NodeError, match="name where the studies lie"):
        source_of(tmp_path / "nowhere")

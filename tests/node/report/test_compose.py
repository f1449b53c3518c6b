"""Three objects of one result: valid, consistent, and equal when made again."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from models.volume.series import NOMINAL_GEOMETRY
from node.config_reading import ReportSettings
from node.errors import JobError
from node.report.sop import ReportObject
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import CYRILLIC, Case, build_case

KINDS = ("SEG", "SR", "SC")
ROOT = Path(__file__).resolve().parents[3]

CASES: dict[str, dict[str, Any]] = {
    "51 x 35": {},
    "50 x 34": {"shape": (6, 50, 34)},
    "24 x 16": {"shape": (6, 24, 16)},
    "no demographics": dict.fromkeys(
        ("PatientBirthDate", "PatientSex", "SeriesNumber", "BodyPartExamined")
    ),
    "Cyrillic name": {"PatientName": CYRILLIC, "SpecificCharacterSet": "ISO_IR 192"},
    "second version": {"provenance": {"version": 2, "replaces": "2.25.77"}},
    "demonstration": {"status": "demonstration"},
    "time zone": {"TimezoneOffsetFromUTC": "+0300"},
    "sagittal": {"orientation": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)},
    "lossy source": {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "10",
        "LossyImageCompressionMethod": "ISO_10918_1",
    },
    "institution": {"settings": ReportSettings(institution="Klinik für Radiologie")},
}

NAMES: dict[str, tuple[str | list[str], str]] = {
    "Latin": ("ISO_IR 100", "Müller^Zoë"),
    "Cyrillic": ("ISO_IR 144", "Иванова^Анна"),
    "Greek": ("ISO_IR 126", "Διονυσιος"),
    "Arabic": ("ISO_IR 127", "قباني^لنزار"),
    "Hebrew": ("ISO_IR 138", "שרון^דבורה"),
    "Thai": ("ISO_IR 166", "สมชาย^ใจดี"),
    "Chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "Chinese, in UTF-8": ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
    "Japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "Korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
}
"""Specific Character Set of the source and a name in it (PS3.5 annexes H to K)."""

IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from tests.node.report.inputs import build_case
from tests.node.report.test_compose import digests
print(*digests(build_case(Path(sys.argv[1])).compose()))
"""


def written(made: ReportObject) -> bytes:
    """Return an object as the bytes of its file."""
    stream = BytesIO()
    made.dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def digests(objects: dict[str, ReportObject]) -> list[str]:
    """Return the SHA-256 of each file."""
    return [hashlib.sha256(written(objects[kind])).hexdigest() for kind in KINDS]


@pytest.mark.parametrize("name", CASES)
def test_every_object_is_a_valid_instance_of_its_class(
    folder: Path, tmp_path: Path, name: str
) -> None:
    """Dciodvfy finds no error in any object of any input."""
    for made in build_case(folder, **CASES[name]).compose().values():
        assert errors(made.dataset, tmp_path) == [], made.kind


def test_dciodvfy_is_seen_to_fail(case: Case, tmp_path: Path) -> None:
    """The check notices an object that lacks a mandatory element."""
    sc = case.compose()["SC"].dataset
    del sc.ConversionType

    assert errors(sc, tmp_path)


def test_equal_input_gives_equal_bytes_in_any_process(folder: Path) -> None:
    """Twice here, and in another process with another hash seed; in any script."""
    name = "قباني^لنزار=王^小東=홍^길동"
    tags: dict[str, Any] = {"PatientName": name, "SpecificCharacterSet": "ISO_IR 192"}
    here = [digests(build_case(folder, **tags).compose()) for _ in range(2)]
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert here[0] == here[1] == done.stdout.split()


def test_other_bytes_have_other_uids(case: Case) -> None:
    """No two files that differ share a SOP Instance UID."""
    later = case.provenance.completed_at + timedelta(seconds=1)
    labels = case.findings.label_map.copy()
    labels[0, 0, 0] = 7
    cases = [
        case,
        replace(case, provenance=replace(case.provenance, completed_at=later)),
        replace(case, findings=replace(case.findings, label_map=labels)),
        replace(case, settings=ReportSettings(institution="Clinic")),
        replace(case, bundle=replace(case.bundle, title="Other title")),
    ]
    made = [one.compose()[kind] for one in cases for kind in KINDS]

    assert len({o.sop_instance_uid for o in made}) == len(made)
    assert len({o.series_instance_uid for o in made}) == len(made)


def test_no_date_comes_from_the_clock(folder: Path) -> None:
    """Everything is dated by the completion of the study, in its time zone."""
    case = build_case(folder, TimezoneOffsetFromUTC="+0300")
    for made in case.compose().values():
        ds = made.dataset
        dates = {e.keyword: str(e.value) for e in ds.iterall() if e.VR == "DA"}
        times = {e.keyword: str(e.value) for e in ds.iterall() if e.VR == "TM"}
        patient = {"PatientBirthDate": "19500102", "StudyDate": "20200103"}

        assert set(dates.items()) - set(patient.items()) <= {
            (f"{name}Date", "20250605")
            for name in ("InstanceCreation", "Content", "Series")
        } | {("DateOfSecondaryCapture", "20250605")}
        assert set(times.values()) == {"101112", "123015"}
        assert ds.TimezoneOffsetFromUTC == "+0300"


def test_the_three_objects_belong_to_the_study(case: Case) -> None:
    """Same study, patient and accession; own series, numbered in order."""
    made = case.compose()

    assert tuple(made) == KINDS
    for number, item in enumerate(made.values()):
        ds = item.dataset
        assert ds.StudyInstanceUID == case.volume.series.study_instance_uid
        assert (ds.PatientID, ds.AccessionNumber) == ("TEST-1", "A1")
        assert (ds.PatientAge, ds.StudyDate) == ("070Y", "20200103")
        assert ds.SeriesNumber == 9001 + number
        assert ds.SeriesInstanceUID == item.series_instance_uid
        assert ds.SOPInstanceUID == item.sop_instance_uid
        assert ds.SOPClassUID == item.sop_class_uid
        assert ds.file_meta.MediaStorageSOPInstanceUID == item.sop_instance_uid


@pytest.mark.parametrize("script", NAMES)
def test_a_name_is_the_same_in_all_objects(
    folder: Path, tmp_path: Path, script: str
) -> None:
    """Whatever the character set of the source; each object valid, in UTF-8."""
    charset, name = NAMES[script]
    case = build_case(folder, PatientName=name, SpecificCharacterSet=charset)

    for made in case.compose().values():
        again = dcmread(BytesIO(written(made)))
        assert str(again.PatientName) == name
        assert list(again.PatientName.components) == name.split("=")
        assert again.SpecificCharacterSet == "ISO_IR 192"
        assert errors(made.dataset, tmp_path) == [], made.kind


def test_a_name_in_an_undeclared_set_is_not_garbled(folder: Path) -> None:
    """UTF-8 without Specific Character Set (0008,0005), as some archives make it."""
    build_case(folder, PatientName="Иванова^Анна", SpecificCharacterSet="ISO_IR 192")
    declared = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"
    for path in folder.iterdir():
        content = path.read_bytes()
        assert content.count(declared) == 1
        path.write_bytes(content.replace(declared, b""))

    for made in build_case(folder).compose().values():
        assert str(made.dataset.PatientName) == "Иванова^Анна"


def test_no_object_carries_what_the_node_must_keep(case: Case) -> None:
    """Neither the site's salt nor a path of this machine."""
    case = replace(case, provenance=replace(case.provenance, site_salt="S4LTS4LT"))
    for made in case.compose().values():
        content = written(made)
        assert b"S4LTS4LT" not in content
        assert str(case.volume.series.instances[0].path.parent).encode() not in content


def test_flags_of_the_geometry_count_when_a_model_forgets_them(case: Case) -> None:
    """Nominal geometry is never shown with sides."""
    nominal = replace(case, volume=replace(case.volume, flags=(NOMINAL_GEOMETRY,)))
    text = nominal.prepare().text

    assert text.nominal
    assert [f.code for f in text.notes] == ["no_head_size", "nominal_geometry"]


def test_findings_on_another_grid_are_refused(case: Case) -> None:
    """A label map that does not fit is an error, not a picture."""
    labels = np.ascontiguousarray(case.findings.label_map[:-1])
    wrong = replace(case, findings=replace(case.findings, label_map=labels))

    with pytest.raises(JobError) as caught:
        wrong.compose()

    assert caught.value.reason == "findings_off_grid"


def test_a_source_of_class_secondary_capture_can_be_referenced(
    folder: Path, tmp_path: Path
) -> None:
    """SOP class is not Modality."""
    case = build_case(folder, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")

    for made in case.compose().values():
        assert errors(made.dataset, tmp_path) == [], made.kind

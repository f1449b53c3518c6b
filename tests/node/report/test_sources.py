"""Source headers are copies: patched in memory, complete, and nothing of the files."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread, dcmwrite

from models.volume.series import load_volume, read_study
from node.errors import JobError
from node.report.provenance import frame_of_reference_uid
from node.report.sources import COPIED, COPIED_OF_ITEMS, source_headers
from tests.dicom_series import uid, write_series
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import CYRILLIC, Case, build_case, ellipsoids

MISSING: dict[str, Any] = dict.fromkeys(
    ("PatientBirthDate", "PatientSex", "SeriesNumber")
)


def test_only_listed_elements_are_copied(case: Case) -> None:
    """Nothing unforeseen passes from the source into our objects."""
    allowed = {*COPIED, "SpecificCharacterSet", "TimezoneOffsetFromUTC"}

    for header in source_headers(case.study, case.volume):
        copied = {element.keyword for element in header}
        assert {"PatientID", "StudyInstanceUID"} <= copied <= allowed


def test_headers_are_in_slice_order(case: Case) -> None:
    """Header ``i`` is that of slice ``i``."""
    headers = source_headers(case.study, case.volume)

    assert [h.SOPInstanceUID for h in headers] == [
        i.sop_instance_uid for i in case.volume.series.instances
    ]


def test_what_the_series_lacks_comes_from_a_sibling(tmp_path: Path) -> None:
    """A cut-out series without birth date and sex, beside one that has them."""
    header = _header_of_crop(tmp_path, MISSING, {"SeriesNumber": "2"})

    assert header.PatientBirthDate == "19500102"
    assert header.PatientSex == "F"
    assert header.PatientAge == "070Y"


def test_a_person_is_never_put_together_from_two(tmp_path: Path) -> None:
    """Another name beside it: no ID, no birth date and no sex is taken from there."""
    anna: dict[str, Any] = {"PatientName": "Alpha^Anna", "PatientID": ""}
    bert = {"PatientName": "Beta^Bert", "PatientID": "2", "IssuerOfPatientID": "X"}

    header = _header_of_crop(tmp_path, MISSING | anna, bert)

    assert (header.PatientName, header.PatientID) == ("Alpha^Anna", "")
    assert (header.PatientBirthDate, header.PatientSex) == ("", "")
    assert "PatientAge" not in header
    assert "IssuerOfPatientID" not in header


def test_an_issuer_without_its_id_is_not_passed_on(tmp_path: Path) -> None:
    """Beside the ID of a sibling it would name a patient who does not exist."""
    lost = {"PatientID": "", "IssuerOfPatientID": "CLINIC"}

    header = _header_of_crop(tmp_path, lost, {})

    assert header.PatientID == "TEST-1"
    assert "IssuerOfPatientID" not in header


def test_one_person_stands_in_all_headers(tmp_path: Path) -> None:
    """Also where one slice of the series itself names somebody else."""
    labels = ellipsoids((4, 20, 20)).astype("int16")
    paths = write_series(tmp_path / "s", labels, PatientID="")
    _overwrite(paths[2], PatientName="Beta^Bert")
    study = read_study(paths)

    headers = source_headers(study, load_volume(study.series[0]))

    assert {str(h.PatientName) for h in headers} == {"Phantom^Test"}


def test_what_nobody_says_stays_empty(folder: Path) -> None:
    """Present, because type 2, and empty, because unknown."""
    case = build_case(folder, **MISSING)
    header = source_headers(case.study, case.volume)[0]

    assert header.PatientBirthDate == ""
    assert header.PatientSex == ""
    assert "PatientAge" not in header


def test_the_study_itself_is_not_changed(folder: Path) -> None:
    """Patches are made on copies, and files are never written."""
    case = build_case(folder, PatientSex="X", SliceThickness="")
    before = {uid: ds.to_json() for uid, ds in case.study.datasets.items()}

    case.compose()

    assert {uid: ds.to_json() for uid, ds in case.study.datasets.items()} == before


def test_jitter_in_the_orientation_is_made_equal(tmp_path: Path) -> None:
    """Two orientations that differ in the seventh digit are one grid."""
    labels = ellipsoids((6, 24, 20)).astype("int16")
    paths = write_series(tmp_path / "s", labels)
    _overwrite(paths[2], ImageOrientationPatient=[0.9999999, 0, 0.0000002, 0, 1, 0])
    study = read_study(paths)
    volume = load_volume(study.series[0])

    headers = source_headers(study, volume)

    assert len({str(h.ImageOrientationPatient) for h in headers}) == 1


def test_a_frame_of_reference_is_made_where_none_is_named(folder: Path) -> None:
    """The same one each time, because the objects must be equal."""
    case = build_case(folder, FrameOfReferenceUID=None)

    first, second = (source_headers(case.study, case.volume)[0] for _ in range(2))

    assert first.FrameOfReferenceUID.startswith("2.25.")
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID


@pytest.mark.filterwarnings("ignore:Invalid value")  # writing nonsense on purpose
@pytest.mark.parametrize("value", ["DOE^JOHN 19500101", "1.2.", ["1.2", "1.3"]])
def test_what_is_no_uid_is_never_copied(
    folder: Path, tmp_path: Path, value: str | list[str]
) -> None:
    """A name in the place of a frame of reference passes into none of our objects."""
    case = build_case(folder, FrameOfReferenceUID=value)
    series = case.volume.series.series_instance_uid

    made = case.compose()

    assert made["SEG"].dataset.FrameOfReferenceUID == frame_of_reference_uid(series)
    for report_object in made.values():
        assert errors(report_object.dataset, tmp_path) == [], report_object.kind


def test_a_frame_of_reference_that_one_slice_has_lost_is_that_of_the_series(
    tmp_path: Path,
) -> None:
    """All headers name the same one."""
    labels = ellipsoids((4, 20, 20)).astype("int16")
    paths = write_series(tmp_path / "s", labels)
    _overwrite(paths[0], FrameOfReferenceUID="")
    study = read_study(paths)

    headers = source_headers(study, load_volume(study.series[0]))

    assert {h.FrameOfReferenceUID for h in headers} == {
        dcmread(paths[1]).FrameOfReferenceUID
    }


def test_of_a_code_only_the_code_is_copied(folder: Path) -> None:
    """No UID, and nothing else that somebody wrote into the item of a sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "24590-2", "LN"
    item.CodeMeaning = "MR Gehirn für Müller"
    item.ContextUID = "1.2.3"
    item.PatientName = "Doe^John"
    case = build_case(
        folder, ProcedureCodeSequence=[item], SpecificCharacterSet="ISO_IR 100"
    )

    (copied,) = source_headers(case.study, case.volume)[0].ProcedureCodeSequence

    assert {element.keyword for element in copied} <= set(COPIED_OF_ITEMS)
    assert (copied.CodeValue, copied.CodeMeaning) == ("24590-2", item.CodeMeaning)
    assert b"Doe" not in _bytes_of(case.compose()["SEG"].dataset)


def test_names_are_rewritten_in_utf_8(folder: Path) -> None:
    """A Cyrillic name in its old character set comes out the same."""
    case = build_case(
        folder,
        PatientName=CYRILLIC.partition("=")[2],
        SpecificCharacterSet="ISO_IR 144",
    )
    header = source_headers(case.study, case.volume)[0]

    assert header.SpecificCharacterSet == "ISO_IR 192"
    assert str(header.PatientName) == "Иванова^Анна"


@pytest.mark.parametrize("charset", ["ISO_IR 192", "GB18030"])
def test_the_groups_of_a_name_are_kept(folder: Path, charset: str) -> None:
    """Alphabetic, ideographic and phonetic, in this order (PS3.5 6.2.1)."""
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    case = build_case(folder, PatientName=name, SpecificCharacterSet=charset)
    header = source_headers(case.study, case.volume)[0]

    assert header.PatientName.ideographic == "山田^太郎"
    assert header.PatientName.phonetic == "やまだ^たろう"
    assert str(header.PatientName) == name


def test_on_a_birthday_a_person_is_a_year_older(folder: Path) -> None:
    """Born on 2 January 1950, scanned on that day of 2020: 70 years, not 69."""
    case = build_case(folder, PatientBirthDate="19500103", StudyDate="20200103")

    assert source_headers(case.study, case.volume)[0].PatientAge == "070Y"


def test_a_written_age_counts_where_no_birth_date_is(folder: Path) -> None:
    """In the units in which it was written."""
    case = build_case(folder, PatientBirthDate=None, PatientAge="006M")

    assert source_headers(case.study, case.volume)[0].PatientAge == "006M"


@pytest.mark.filterwarnings("ignore:Invalid value")  # writing nonsense on purpose
def test_a_date_that_is_none_is_passed_on_by_nobody(
    folder: Path, tmp_path: Path
) -> None:
    """It would make our own objects invalid."""
    none: dict[str, Any] = {
        "StudyDate": "20260231",
        "StudyTime": "2561",
        "PatientBirthDate": "1950",
        "PatientAge": "Y072",
        "TimezoneOffsetFromUTC": "+2500",
    }
    case = build_case(folder, **none)
    header = source_headers(case.study, case.volume)[0]

    assert [header[k].value for k in list(none)[:3]] == ["", "", ""]
    assert "PatientAge" not in header
    assert "TimezoneOffsetFromUTC" not in header
    for made in case.compose().values():
        assert errors(made.dataset, tmp_path) == [], made.kind


@pytest.mark.filterwarnings("ignore:Invalid value")  # as it was written once
def test_dates_of_old_are_rewritten(folder: Path) -> None:
    """As ACR-NEMA wrote them; Study Time with its colons is no other time."""
    case = build_case(folder, StudyDate="2020.01.03", StudyTime="10:11:12")
    header = source_headers(case.study, case.volume)[0]

    assert (header.StudyDate, header.StudyTime) == ("20200103", "101112")


def test_the_offset_of_a_sibling_counts_when_it_is_undisputed(tmp_path: Path) -> None:
    """Not that of one of two that disagree."""
    labels = ellipsoids((4, 20, 20)).astype("int16")
    paths = write_series(tmp_path / "crop", labels, description="Crop")
    offsets = {"T1": "+0300", "T2": "+0200"}
    for name, offset in offsets.items():
        paths += write_series(
            tmp_path / name, labels, description=name, TimezoneOffsetFromUTC=offset
        )

    assert _offset_of_crop(paths[:8]) == "+0300"
    assert _offset_of_crop(paths) == ""


def _offset_of_crop(paths: list[Path]) -> str:
    study = read_study(paths)
    crop = next(s for s in study.series if s.series_description == "Crop")
    header = source_headers(study, load_volume(crop))[0]
    return str(header.get("TimezoneOffsetFromUTC", ""))


def test_a_slice_that_is_not_one_instance_is_refused(case: Case) -> None:
    """It has a reason code, not a wrong reference."""
    series = replace(case.volume.series, instances=case.volume.series.instances[:1])

    with pytest.raises(JobError) as caught:
        source_headers(case.study, replace(case.volume, series=series))

    assert caught.value.reason == "findings_off_grid"


def _header_of_crop(
    folder: Path, crop: dict[str, Any], head: dict[str, Any]
) -> Dataset:
    """Return the header of a crop that lies beside a whole head in one study."""
    labels, study_uid = ellipsoids((4, 20, 20)).astype("int16"), uid("study")
    paths = []
    for name, tags in {"Crop": crop, "T1": head}.items():
        paths += write_series(
            folder / name, labels, description=name, study_uid=study_uid, **tags
        )
    study = read_study(paths)
    series = next(s for s in study.series if s.series_description == "Crop")
    return source_headers(study, load_volume(series))[0]


def _bytes_of(ds: Dataset) -> bytes:
    stream = BytesIO()
    dcmwrite(stream, ds)
    return stream.getvalue()


def _overwrite(path: Path, **tags: object) -> None:
    ds: Dataset = dcmread(path)
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    ds.save_as(path)

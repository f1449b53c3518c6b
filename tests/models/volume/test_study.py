"""What a set of files says before any pixel is read."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from models.contract import SeriesInfo
from models.volume.study import DESCRIPTIVE_TAGS, read_study
from tests.dicom_series import uid, write_series

PLANES = np.arange(12 * 5 * 7, dtype=np.int16).reshape(12, 5, 7)


def read_one(folder: Path, array: Any = PLANES, **options: Any) -> SeriesInfo:
    """Write one series and return what its headers say."""
    paths = write_series(folder, array, **options)
    (series,) = read_study(paths).series
    return series


class TestSeries:
    """One series is described in slice order."""

    def test_slices_are_sorted_by_place_and_not_by_name(self, tmp_path: Path) -> None:
        """Files are called 1, 10, 11 …; only positions order them."""
        paths = write_series(tmp_path, PLANES, shuffle_names=True)

        (series,) = read_study(sorted(paths)).series

        assert sorted(paths) != paths
        assert [instance.path for instance in series.instances] == paths
        heights = [i.position_mm[2] for i in series.instances if i.position_mm]
        assert heights == [float(index) for index in range(12)]

    def test_instance_numbers_do_not_order_slices(self, tmp_path: Path) -> None:
        """Many scanners number from head to foot."""
        paths = write_series(tmp_path, PLANES)
        for index, path in enumerate(paths):
            dataset = dcmread(path)
            dataset.InstanceNumber = str(99 - index)
            dataset.save_as(path)

        (series,) = read_study(paths).series

        assert [instance.path for instance in series.instances] == paths

    def test_the_order_of_files_changes_nothing(self, tmp_path: Path) -> None:
        """The same files in another order are the same study."""
        paths = write_series(tmp_path / "a", PLANES, SeriesNumber="2")
        paths += write_series(
            tmp_path / "b", PLANES, description="B", SeriesNumber=None
        )
        shuffled = random.Random(3).sample(paths, len(paths))  # noqa: S311

        assert read_study(shuffled).series == read_study(paths).series

    def test_headers_are_told_as_they_are(self, tmp_path: Path) -> None:
        """Identity, place and matrix of a series."""
        series = read_one(
            tmp_path,
            spacing_mm=(3.0, 0.5, 0.25),
            description="T1 sag",
            SeriesNumber="7",
        )

        assert series.modality == "MR"
        assert series.series_description == "T1 sag"
        assert series.series_number == 7
        assert (series.rows, series.columns) == (5, 7)
        assert series.spacing_mm == pytest.approx((3.0, 0.5, 0.25))
        assert series.orientation == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        assert series.geometry_problem is None
        assert series.frame_of_reference_uid
        assert [i.instance_number for i in series.instances] == list(range(1, 13))

    @pytest.mark.filterwarnings("ignore:Invalid value")  # writing nonsense on purpose
    @pytest.mark.parametrize("value", ["DOE^JOHN 19500101", ["1.2", "1.3"], None])
    def test_what_is_no_uid_names_no_frame_of_reference(
        self, tmp_path: Path, value: str | list[str] | None
    ) -> None:
        """And is no hindrance: the positions are those of one series."""
        series = read_one(tmp_path, FrameOfReferenceUID=value)

        assert series.frame_of_reference_uid is None
        assert series.geometry_problem is None

    def test_two_frames_of_reference_are_no_grid(self, tmp_path: Path) -> None:
        """Their positions start from two origins, however regular they look."""
        paths = write_series(tmp_path, PLANES)
        ds = dcmread(paths[0])
        ds.FrameOfReferenceUID = "1.2.3"
        ds.save_as(paths[0])

        (series,) = read_study(paths).series

        assert series.geometry_problem == "several_acquisitions"

    def test_tags_hold_what_rules_and_reports_ask_for(self, tmp_path: Path) -> None:
        """As text, several values joined, absent ones left out."""
        tags = read_one(tmp_path, MagneticFieldStrength="1.5").tags

        assert tags["MagneticFieldStrength"] == "1.5"
        assert tags["ImageType"] == "ORIGINAL\\PRIMARY\\OTHER"
        assert tags["BitsAllocated"] == "16"
        assert "ContrastBolusAgent" not in tags

    def test_tags_identify_nobody(self) -> None:
        """No name, number, date, place or person stands among the tags."""
        identifying = ("Name", "ID", "Date", "Time", "Accession", "Institution", "UID")
        harmless = {"SOPClassUID", "ManufacturerModelName", "ProtocolName"}
        harmless |= {"SequenceName", "RepetitionTime", "EchoTime"}

        suspects = {
            tag for tag in DESCRIPTIVE_TAGS if any(word in tag for word in identifying)
        }

        assert suspects <= harmless

    def test_a_pixel_format_that_varies_is_not_among_the_tags(
        self, tmp_path: Path
    ) -> None:
        """One rescale may not stand for all slices when each has its own."""
        first, *others = write_series(tmp_path, PLANES, modality="CT")
        dataset = dcmread(first)
        dataset.RescaleSlope = "2"
        dataset.save_as(first)

        (series,) = read_study([first, *others]).series

        assert "RescaleSlope" not in series.tags
        assert "BitsAllocated" not in series.tags

    def test_an_irregular_series_is_described_with_its_problem(
        self, tmp_path: Path
    ) -> None:
        """It is no error: acceptance refuses it by this name."""
        paths = write_series(tmp_path, PLANES)

        (series,) = read_study(paths[:4] + paths[6:]).series

        assert series.geometry_problem == "slice_gap"
        assert "1 to 3 mm" in series.geometry_detail
        assert series.spacing_mm is None
        assert len(series.instances) == 10

    @pytest.mark.parametrize(
        ("tags", "problem"),
        [
            ({"NumberOfFrames": "3"}, "multi_frame_unsupported"),
            ({"SharedFunctionalGroupsSequence": []}, "multi_frame_unsupported"),
            ({"Rows": None}, "not_an_image"),
            ({"ImagePositionPatient": None}, "missing_position"),
            ({"ImageOrientationPatient": None}, "missing_position"),
            ({"PixelSpacing": None}, "missing_spacing"),
        ],
    )
    def test_headers_that_give_no_volume(
        self, tmp_path: Path, tags: dict[str, Any], problem: str
    ) -> None:
        """Enhanced multi-frame objects, reports, and images without a place."""
        assert read_one(tmp_path, **tags).geometry_problem == problem


class TestStudy:
    """Several series, and what does not fit together."""

    def test_series_come_by_number_and_those_without_last(self, tmp_path: Path) -> None:
        """The listing of a study reads as the scanner made it."""
        paths: list[Path] = []
        for name, number in (("c", None), ("b", "12"), ("a", "3")):
            paths += write_series(
                tmp_path / name, PLANES, description=name, SeriesNumber=number
            )

        described = [series.series_description for series in read_study(paths).series]

        assert described == ["a", "b", "c"]

    def test_headers_are_kept_for_the_report(self, tmp_path: Path) -> None:
        """By SOP Instance UID, for every instance."""
        study = read_study(write_series(tmp_path, PLANES))

        assert len(study.datasets) == 12
        for instance in study.series[0].instances:
            dataset = study.datasets[instance.sop_instance_uid]
            assert dataset.SOPInstanceUID == instance.sop_instance_uid

    def test_no_file_at_all_is_an_empty_study(self) -> None:
        """It does not raise; the caller says that nothing was found."""
        study = read_study([])

        assert (study.study_instance_uid, study.series) == ("", ())
        assert not study.identity_conflict

    def test_a_copy_is_taken_once(self, tmp_path: Path) -> None:
        """The same instance under two names is one instance."""
        paths = write_series(tmp_path, PLANES)
        copy = tmp_path / "copy.dcm"
        copy.write_bytes(paths[3].read_bytes())

        study = read_study([*paths, copy])

        assert len(study.series[0].instances) == 12
        assert study.rivals == {}

    def test_other_bytes_under_one_uid_are_noted(self, tmp_path: Path) -> None:
        """A file per content, in the order given; the first one is described."""
        paths = write_series(tmp_path / "a", PLANES)
        others = write_series(tmp_path / "b", PLANES + 1)
        copy = tmp_path / "copy.dcm"
        copy.write_bytes(paths[3].read_bytes())

        study = read_study([*paths, others[3], copy])

        instance = study.series[0].instances[3]
        assert study.rivals == {instance.sop_instance_uid: (paths[3], others[3])}
        assert instance.path == paths[3]
        assert len(study.series[0].instances) == 12

    def test_two_patients_are_an_identity_conflict(self, tmp_path: Path) -> None:
        """Both are listed, so that the study fails by name."""
        study_uid = uid("one study")
        paths = write_series(tmp_path / "a", PLANES, study_uid=study_uid)
        paths += write_series(
            tmp_path / "b",
            PLANES,
            description="B",
            study_uid=study_uid,
            PatientID="OTHER",
        )

        study = read_study(paths)

        assert study.patient_ids == ("OTHER", "TEST-1")
        assert study.identity_conflict

    def test_a_missing_patient_id_is_no_second_patient(self, tmp_path: Path) -> None:
        """A cut-out series often has none."""
        study_uid = uid("one study")
        paths = write_series(tmp_path / "a", PLANES, study_uid=study_uid)
        paths += write_series(
            tmp_path / "b", PLANES, description="B", study_uid=study_uid, PatientID=""
        )

        assert not read_study(paths).identity_conflict

    @pytest.mark.parametrize(
        ("issuers", "patients"),
        [
            (("HOSPITAL", "CLINIC"), ("TEST-1^^^CLINIC", "TEST-1^^^HOSPITAL")),
            (("HOSPITAL", None), ("TEST-1^^^HOSPITAL",)),
            (("HOSPITAL", ""), ("TEST-1^^^HOSPITAL",)),
            (("HOSPITAL", " HOSPITAL "), ("TEST-1^^^HOSPITAL",)),
            ((None, None), ("TEST-1",)),
        ],
    )
    def test_one_id_of_two_issuers_is_two_patients(
        self, tmp_path: Path, issuers: tuple[str | None, ...], patients: tuple[str, ...]
    ) -> None:
        """Every hospital counts from one; an absent issuer contradicts none."""
        paths = [
            path
            for name, issuer in zip("AB", issuers, strict=True)
            for path in write_series(
                tmp_path / name, PLANES, description=name, IssuerOfPatientID=issuer
            )
        ]

        study = read_study(paths)

        assert study.patient_ids == patients
        assert study.identity_conflict is (len(patients) > 1)

    def test_two_studies_are_an_identity_conflict(self, tmp_path: Path) -> None:
        """The one with more instances gives its name, both are listed."""
        paths = write_series(tmp_path / "a", PLANES, study_uid="1.2.3")
        paths += write_series(tmp_path / "b", PLANES[:2], study_uid="1.2.2")

        study = read_study(paths)

        assert study.study_instance_uid == "1.2.3"
        assert study.study_instance_uids == ("1.2.2", "1.2.3")
        assert study.identity_conflict

    def test_a_study_does_not_print_its_patient(self, tmp_path: Path) -> None:
        """What can be logged by accident holds no identifier."""
        study = read_study([*write_series(tmp_path, PLANES), tmp_path / "TEST-1.txt"])

        assert study.patient_ids == ("TEST-1",)
        assert "TEST-1" not in repr(study).replace(str(tmp_path), "")


@pytest.mark.data
def test_hostile_files_end_in_a_series_or_by_name(shared_data: Path) -> None:
    """Nothing raises, and no file is lost."""
    files = [path for path in (shared_data / "hostile").rglob("*") if path.is_file()]

    study = read_study(files)

    shown = sum(len(series.instances) for series in study.series)
    seen_twice = len(files) - len(study.unreadable) - shown
    assert len(files) > 200
    assert shown == len(study.datasets)
    assert shown > 50
    assert 0 <= seen_twice < len(files) - shown
    reasons = {reason for _, reason in study.unreadable}
    assert reasons <= {"not_dicom", "dicomdir", "damaged", "missing_uid"}


@pytest.mark.data
@pytest.mark.parametrize(("study", "images"), [("Study1", 120), ("Study3", 128)])
def test_every_series_of_a_real_study_is_regular(
    shared_data: Path, study: str, images: int
) -> None:
    """Among them one whose orientations differ in the seventh digit."""
    files = sorted((shared_data / "mr_studies" / study).rglob("*.dcm"))

    headers = read_study(files)

    assert len(headers.datasets) == images
    assert not headers.identity_conflict
    assert not headers.unreadable
    assert [series.geometry_problem for series in headers.series] == [None] * 5

"""The person: from headers of the study and what the site declares; nothing guessed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from models.history import LEFT, Patient
from models.volume.series import read_study
from node.declared import Declared
from node.inbound.visits import visit_of
from node.jobs.job import JobRequest
from node.jobs.known_priors import person_hash
from node.predict.patient import patient_of, with_own_priors
from tests.node.earlier import PRIOR
from tests.node.jobs.worker_stories import request, series


def person(
    tmp_path: Path, *files: tuple[Path, ...], declared: Declared | None = None
) -> Patient:
    """Return whom the first series shows."""
    every = tuple(path for each in files for path in each)
    asked: JobRequest = request(tmp_path, every, declared=declared or Declared())
    study = read_study(every)
    (crop,) = (s for s in study.series if s.series_description == "crop")
    return patient_of(asked, study, crop)


def test_age_sex_and_date_are_those_of_the_headers(tmp_path: Path) -> None:
    """Age between birth date and study date; no side, no head size."""
    found = person(tmp_path, series(tmp_path))

    assert found.age_years == pytest.approx(70.0, abs=0.01)
    assert found.age_source == "birth date and study date"
    assert (found.sex, found.study_date) == ("F", date(2020, 1, 3))
    assert (found.laterality, found.laterality_source) == (None, "")
    assert (found.intracranial_mm3, found.calibration) == (None, None)


def test_what_a_crop_lacks_a_sibling_says(tmp_path: Path) -> None:
    """As in real cut-outs: no birth date, no sex, no age."""
    bare = {"PatientBirthDate": "", "PatientSex": ""}
    crop = series(tmp_path, **bare)
    sibling = series(
        tmp_path, "T1", PatientAge="072Y", PatientSex="M", PatientBirthDate=""
    )

    found = person(tmp_path, crop, sibling)

    assert (found.age_years, found.sex) == (72.0, "M")
    assert found.age_source == "Patient's Age as a series states it"


def told(tmp_path: Path, *files: Path, **sought: str) -> JobRequest:
    """Return what a study is told of priors that were sought for one of its files.

    ``sought`` is what the header said then.
    """
    then = sought_for(tmp_path / "then", **sought)
    asked = request(tmp_path, files, priors=(PRIOR,), priors_of=then)
    return with_own_priors(asked, read_study(files))


def sought_for(folder: Path, **tags: str) -> str:
    """Return the hash that a search leaves beside its priors."""
    person = visit_of(series(folder, **tags)[:1]).person
    return person_hash(person, "salt")


def test_priors_of_the_person_are_told(tmp_path: Path) -> None:
    """Whichever file of a series the search has looked at, and whatever one lacks."""
    bare = {"PatientBirthDate": "", "PatientSex": ""}
    fuller = {"PatientName": "Smith^Anna^Jane"}
    files = (*series(tmp_path, **bare), *series(tmp_path, "T1", **fuller))

    assert told(tmp_path, *files).priors == (PRIOR,)


@pytest.mark.parametrize(
    "tags",
    [
        {"PatientID": "TEST-2"},
        {"PatientBirthDate": "19770707"},
        {"PatientSex": "M"},
        {"PatientName": "Miller^Karla"},
        {"PatientIdentityRemoved": "YES"},
    ],
)
def test_priors_of_another_person_are_not(tmp_path: Path, tags: dict[str, str]) -> None:
    """The study was corrected since: the reason says so, and nothing is fetched."""
    left = told(tmp_path, *series(tmp_path), **tags)

    assert (left.priors, left.earlier) == ((), ())
    assert left.priors_withheld == ("prior_person_changed",)


def test_another_sex_is_not_one_of_a_norm(tmp_path: Path) -> None:
    """Other is no woman and no man of a published sample."""
    assert person(tmp_path, series(tmp_path, PatientSex="O")).sex is None


def test_a_side_is_that_which_the_site_declares(tmp_path: Path) -> None:
    """And it is said that it was declared; the calibration comes along."""
    declared = Declared("left", {"made": "2026-01-02"})

    found = person(tmp_path, series(tmp_path), declared=declared)

    assert (found.laterality, found.laterality_source) == (LEFT, "declared")
    assert found.calibration == {"made": "2026-01-02"}


def test_a_protocol_names_scanner_sequence_and_voxel(tmp_path: Path) -> None:
    """Voxels of one size on an unknown scanner are no protocol."""
    scanner = {"Manufacturer": "Maker", "ManufacturerModelName": "Model"}

    named = person(tmp_path, series(tmp_path, MagneticFieldStrength="3", **scanner))
    unnamed = {"Manufacturer": "", "ManufacturerModelName": ""}

    assert named.protocol == scanner | {
        "MagneticFieldStrength": "3",
        "ScanningSequence": "GR",
        "SequenceVariant": "SP",
        "RepetitionTime": "8",
        "EchoTime": "3",
        "VoxelSize": "1.00 x 1.00 x 1.00 mm",
    }
    assert (
        person(tmp_path / "other", series(tmp_path / "other", **unnamed)).protocol == {}
    )

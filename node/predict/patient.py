"""Whom a series shows, as far as headers and the site prove it."""

from __future__ import annotations

from models.contract import Code, SeriesInfo
from models.history import LEFT, RIGHT, Patient
from models.volume.demographics import demographics
from models.volume.headers import quiet, text
from models.volume.person import real_date
from models.volume.series import StudyHeaders
from node.jobs.job import JobRequest

AGE_SOURCES = {
    "birth_date": "birth date and study date",
    "patient_age": "Patient's Age as a series states it",
}

SIDES: dict[str, Code] = {"left": LEFT, "right": RIGHT}

SCANNER = ("Manufacturer", "ManufacturerModelName", "MagneticFieldStrength")


def patient_of(request: JobRequest, study: StudyHeaders, series: SeriesInfo) -> Patient:
    """Return the person that a series shows, for the model.

    Age and sex are those of the series, else of a sibling that is of the same person.
    A side is only ever declared: the geometry of a crop proves none.
    """
    person = demographics(study, series.series_instance_uid)
    side = SIDES.get(request.declared.laterality)
    return Patient(
        age_years=person.age_years,
        age_source=AGE_SOURCES.get(person.age_source, ""),
        sex=person.sex if person.sex in {"F", "M"} else None,
        study_date=real_date(person.study_date),
        protocol=_protocol(study, series),
        laterality=side,
        laterality_source="declared" if side else "",
        priors=request.priors,
        priors_withheld=request.priors_withheld,
        calibration=request.declared.calibration,
    )


@quiet()
def _protocol(study: StudyHeaders, series: SeriesInfo) -> dict[str, str]:
    """Return what has to be equal for volumes of two visits to be compared.

    Nothing, if the series does not name its scanner: that voxels are of one size
    alone makes no equal protocol.
    """
    header = study.datasets[series.instances[0].sop_instance_uid]
    scanner = {keyword: text(header, keyword).strip() for keyword in SCANNER}
    named = {keyword: value for keyword, value in scanner.items() if value}
    if not named or series.spacing_mm is None:
        return {}
    voxel = " x ".join(f"{length:.2f}" for length in series.spacing_mm)
    return named | {"VoxelSize": f"{voxel} mm"}

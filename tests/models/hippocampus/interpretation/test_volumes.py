"""Volumes of earlier results: as printed, and only those that can be."""

from __future__ import annotations

from datetime import date

import pytest

from models.hippocampus.findings import ML, MM3, VOLUME
from models.hippocampus.interpretation.volumes import believable, volumes_mm3
from models.history import Patient, Prior
from models.terms import Code, Measurement

ANTERIOR, POSTERIOR = "Anterior hippocampus", "Posterior hippocampus"


def volume(value: float, structure: str = "Hippocampus") -> Measurement:
    """Return one volume in mm³, printed without digits after the point."""
    return Measurement(structure, VOLUME, value, MM3, 0)


def patient(*measurements: Measurement) -> Patient:
    """Return a person with one earlier result."""
    prior = Prior(
        "2.25.1", "2.25.2", date(2024, 1, 2), "own results", "1", "2.25.3", measurements
    )
    return Patient(priors=(prior,), priors_withheld=("prior_retracted",))


def test_volumes_are_those_that_are_printed() -> None:
    """Rounded as on the page; in one unit, above 0."""
    z_score = Measurement("Hippocampus", Code("1", "X", "z"), 2.0, MM3, 0)
    found = volumes_mm3(
        (volume(2999.6), Measurement("Hippocampus", VOLUME, 3.0, ML, 1), z_score)
    )

    assert found == {"Hippocampus": 3000.0}
    assert volumes_mm3((volume(0.4),)) == {}


@pytest.mark.parametrize(
    "measurements",
    [
        (volume(1e9),),
        (volume(1499),),
        (volume(6001),),
        (volume(3400), volume(1700)),
        (volume(3400), volume(1500, ANTERIOR), volume(1700, ANTERIOR)),
        (volume(3400), volume(90000, ANTERIOR), volume(10, POSTERIOR)),
        (volume(3400), volume(1500, ANTERIOR), volume(1500, POSTERIOR)),
        (volume(3400), volume(3403, ANTERIOR)),
        (volume(900, ANTERIOR),),
        (),
    ],
)
def test_an_earlier_result_that_cannot_be_is_withheld(
    measurements: tuple[Measurement, ...],
) -> None:
    """No hippocampus, no whole, two volumes of one, or parts of another whole."""
    person = believable(patient(*measurements))

    assert person.priors == ()
    assert person.priors_withheld == ("prior_retracted", "prior_implausible")


@pytest.mark.parametrize(
    "measurements",
    [
        (volume(1500),),
        (volume(6000),),
        (volume(3400), volume(3400)),
        (volume(3400), volume(900, ANTERIOR)),
        (volume(3001), volume(1500, ANTERIOR), volume(1500, POSTERIOR)),
        (volume(3000), volume(3000, ANTERIOR), volume(0, POSTERIOR)),
    ],
)
def test_any_other_is_kept(measurements: tuple[Measurement, ...]) -> None:
    """Said twice is no contradiction, nor is a part alone, nor one that was rounded."""
    person = patient(*measurements)

    assert believable(person) is person

"""Persons with earlier visits, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from models.hippocampus.findings import ML, MM3, STRUCTURES, VOLUME
from models.hippocampus.interpretation.progression import (
    Noise,
    Reading,
    interpret,
)
from models.hippocampus.interpretation.progression.noise import Spread
from models.history import LEFT, Interpretation, Patient, Prior
from models.terms import Measurement

TODAY = date(2026, 1, 5)
PROTOCOL = {"Manufacturer": "Phantom", "MagneticFieldStrength": "3"}
SHARES = {"Anterior hippocampus": 0.45, "Posterior hippocampus": 0.55}
NOISE = Noise({s.name: Spread(1.0, 0.9, 1.1) for s in STRUCTURES}, 43, 29, 12)
READING = Reading("2.25.9", "ab", NOISE)


def build_measurements(total: float = 3000) -> tuple[Measurement, ...]:
    """Return volumes in both units, as the model prints them."""
    return tuple(
        Measurement(name, VOLUME, total * share / divisor, unit, decimals)
        for name, share in {**SHARES, "Hippocampus": 1.0}.items()
        for unit, divisor, decimals in ((MM3, 1, 0), (ML, 1000, 1))
    )


def build_prior(days: int, total: float = 3000, **changes: object) -> Prior:
    """Return a prior of equal weights and protocol, so many days ago."""
    prior = Prior(
        study_instance_uid=f"2.25.1{days}",
        sr_instance_uid=f"2.25.2{days}",
        study_date=TODAY - timedelta(days=days),
        source="own results",
        model_version="0.1.0",
        device_uid=READING.device_uid,
        measurements=build_measurements(total),
        protocol=PROTOCOL,
        laterality=LEFT,
    )
    return replace(prior, **changes)  # type: ignore[arg-type]  # fields by name


def build_patient(*priors: Prior, **changes: object) -> Patient:
    """Return a person whose side is declared."""
    patient = Patient(
        study_date=TODAY, protocol=PROTOCOL, laterality=LEFT, priors=priors
    )
    return replace(patient, **changes)  # type: ignore[arg-type]  # fields by name


def told(
    patient: Patient, total: float = 3000, reading: Reading = READING
) -> Interpretation:
    """Return the interpretation of a hippocampus of ``total`` mm³."""
    return interpret(build_measurements(total), patient, reading)


def sentence(result: Interpretation, label: str, structure: str = "") -> str:
    """Return the one statement with this label about this structure."""
    [text] = [
        statement.text
        for statement in result.statements
        if statement.label == label and statement.structure == structure
    ]
    return text


def reasons(result: Interpretation) -> list[str]:
    """Return the reason codes of what is withheld."""
    return [s.reason for s in result.statements if s.reason]

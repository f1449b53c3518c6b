"""An earlier result, as tests tell it to a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from models.history import LEFT, Prior
from models.terms import Code, Measurement

VOLUME = Code("118565006", "SCT", "Volume")
MM3 = Code("mm3", "UCUM", "cubic millimeter")

PRIOR = Prior(
    study_instance_uid="1.2.3",
    sr_instance_uid="2.25.3",
    study_date=date(2024, 3, 1),
    source="own results",
    model_version="1.0",
    device_uid="2.25.4",
    measurements=(Measurement("Hippocampus", VOLUME, 3402.0, MM3, 0),),
    protocol={"Manufacturer": "Örsted"},
    sr_series_instance_uid="2.25.33",
)


def prior(**changes: Any) -> Prior:
    """Return a prior that says everything a prior can say, changed."""
    told = replace(
        PRIOR,
        measurements=(
            Measurement("Front", VOLUME, 1500.25, MM3, 2, (1400.5, 1600.0), "norm"),
            *PRIOR.measurements,
        ),
        laterality=LEFT,
        cautions=("identity_unproven",),
    )
    return replace(told, **changes)

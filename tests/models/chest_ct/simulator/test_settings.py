"""The settings of the simulator: typed, hashed, and free of torch."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from models.chest_ct.simulator.settings import PersonSettings, shipped
from models.training.settings import settings_digest


def test_the_shipped_settings_have_one_hash() -> None:
    """Reading them twice gives one SHA-256; any other figure another."""
    settings = shipped()
    other = settings.model_copy(update={"seed": 1})

    assert settings_digest(settings) == settings_digest(shipped())
    assert settings_digest(settings) != settings_digest(other)


def test_a_range_goes_from_low_to_high() -> None:
    """A pair the wrong way round is an error when it is read."""
    plain = shipped().person.model_dump() | {"fat_mm": (9.0, 1.0)}

    with pytest.raises(ValidationError, match="low to high"):
        PersonSettings(**plain)


def test_a_study_is_simulated_without_torch() -> None:
    """Nothing that the simulator imports takes torch along."""
    code = (
        "import sys; import models.chest_ct.simulator.study, "
        "models.chest_ct.simulator.dicom; assert 'torch' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)

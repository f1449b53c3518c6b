"""The shipped bundle on real scans: two kernels of one, another as one image."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases.simulated import DATA
from models.chest_ct.model import ChestCTModel, build
from models.chest_ct.validation.evaluation.real import PAIR, real_volumes
from models.contract import Context, Volume
from models.reading import read
from tests.enhanced_series import write_enhanced

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module", name="model")
def model_fixture() -> ChestCTModel:
    """Return the model that is shipped."""
    return build()


@pytest.fixture(name="pair")
def pair_fixture(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> list[Volume]:
    """Return one scan in a sharp and in a soft kernel."""
    monkeypatch.setenv(DATA, str(shared_data))
    return [volume for _, volume in real_volumes(PAIR)]


@pytest.mark.parametrize("is_fast", [False, True])
def test_two_kernels_of_one_scan_have_one_answer(
    model: ChestCTModel, pair: list[Volume], is_fast: bool
) -> None:
    """The service before this one called every cancer on a soft kernel normal."""
    context = Context(precision="fp32", fast=is_fast)
    sharp, soft = (model.predict(volume, context).classifications[0] for volume in pair)

    assert abs(sharp.probability - soft.probability) <= 0.05
    assert sharp.is_positive == soft.is_positive


def test_an_enhanced_ct_is_read_as_its_single_images(
    shared_data: Path, tmp_path: Path
) -> None:
    """From a file to the answer, by the call that the docs show."""
    singles = sorted((shared_data / "chest_ct" / "cip_ct64" / "ct-64Dicom").iterdir())
    write_enhanced(singles[::-1], tmp_path / "image.dcm")

    one, other = (read("chest_ct", folder) for folder in (tmp_path, singles[0].parent))

    assert one.classifications == other.classifications
    assert one.locations == other.locations
    assert one.measurements == other.measurements

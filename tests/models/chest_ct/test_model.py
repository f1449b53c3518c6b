"""The model reads a chest, refuses what is none, and says what it did not look at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE
from models.chest_ct.findings import KINDS
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.model import ChestCTModel, build
from models.contract import Context, Findings, Model, UnfitInput, Volume
from models.terms import Flag
from node.predict.run import check
from tests.models.chest_ct.tiny_bundle import content, write_bundle
from tests.models.volume.chest_phantom import chest, chest_array

FULL = Context(precision="fp32")
FAST = replace(FULL, fast=True)
NOMINAL = Flag("nominal_geometry", "The positions are invented.")


@pytest.fixture(scope="module", name="model")
def model_fixture(tmp_path_factory: pytest.TempPathFactory) -> ChestCTModel:
    """Return a model that has learned nothing."""
    return build(write_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture(scope="module", name="sure")
def sure_fixture(tmp_path_factory: pytest.TempPathFactory) -> ChestCTModel:
    """Return one to which everything is disease, everywhere."""
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    decision = content(threshold=1e-6)["decision"]
    decision["places"] = dict.fromkeys(decision["places"], 1e-6)
    return build(write_bundle(folder, decision=decision))


@pytest.fixture(scope="module", name="found")
def found_fixture(model: ChestCTModel) -> Findings:
    """Return what it finds in a chest."""
    return model.predict(chest(), FULL)


def test_it_is_a_model(model: ChestCTModel, found: Findings) -> None:
    """As the node knows them, and what it returns is what the node checks."""
    assert isinstance(model, Model)
    check(found, chest())


def test_the_answer_rests_on_all_evidence(found: Findings) -> None:
    """One probability of one class, and the scores that it is made of."""
    (answer,) = found.classifications
    assert set(answer.evidence) == {CNN, SLICES, Z_PROFILE}
    assert answer.positive == POSITIVE
    assert answer.decided_by in answer.evidence
    assert found.heat_map is not None
    assert found.profiles


def test_fast_leaves_out_and_does_not_call_it_zero(model: ChestCTModel) -> None:
    """What was not looked at is absent, and a reader is told."""
    found = model.predict(chest(), FAST)
    (answer,) = found.classifications
    assert set(answer.evidence) == {CNN, Z_PROFILE}
    assert found.heat_map is None
    assert any(each.label == "Fast mode" for each in found.statements)


def test_equal_input_gives_equal_findings(model: ChestCTModel) -> None:
    """To the last bit, heat map included."""
    first, second = (model.predict(chest(), FULL) for _ in range(2))
    assert first.classifications == second.classifications
    assert first.heat_map is not None
    assert second.heat_map is not None
    np.testing.assert_array_equal(first.heat_map.array, second.heat_map.array)


def test_volumes_come_from_the_spacing(tmp_path: Path) -> None:
    """A lung holds as many millilitres as its voxels do, whatever their size."""
    model = build(write_bundle(tmp_path / "tiny", threshold=1 - 1e-6))
    for scale in (1.0, 0.9):
        affine = chest().affine.copy()
        affine[:3, 2] *= scale
        volume = chest(affine=affine)
        found = model.predict(volume, FAST)
        told = {
            m.structure: m.value for m in found.measurements if m.unit.value == "mL"
        }
        for label, name in enumerate(("Right lung", "Left lung"), start=1):
            voxels = np.count_nonzero(found.label_map == label)
            assert told[name] == pytest.approx(voxels * volume.voxel_mm3 / 1000)


def test_a_positive_answer_says_where_to_look(sure: ChestCTModel) -> None:
    """Each place has a structure, a box inside the images and a score."""
    found = sure.predict(chest(), FULL)
    assert found.classifications[0].is_positive
    assert found.locations
    names = {structure.name for structure in KINDS.values()}
    assert {place.structure for place in found.locations} <= names


def test_a_place_that_does_not_stand_out_is_not_made_up(tmp_path: Path) -> None:
    """It is suspected, nobody knows where, and a reader is told so."""
    decision = content(threshold=1e-6)["decision"]
    decision["places"] = dict.fromkeys(decision["places"], 1.0)
    found = build(write_bundle(tmp_path / "tiny", decision=decision)).predict(
        chest(), FAST
    )

    assert found.classifications[0].is_positive
    assert not found.locations
    assert any(each.label == "Places" for each in found.statements)


def test_a_negative_answer_names_no_place(tmp_path: Path) -> None:
    """Where nothing is suspected there is nothing to look at."""
    model = build(write_bundle(tmp_path / "tiny", threshold=1 - 1e-6))
    found = model.predict(chest(), FAST)
    assert not found.classifications[0].is_positive
    assert not found.locations
    assert not any(label > 2 for label in np.unique(found.label_map))


def nothing() -> Volume:
    """Return a body without lungs."""
    array = chest_array()
    array[(array < -500) & (np.indices(array.shape)[0] > 0)] = 40.0
    return chest(array)


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        (chest(chest_array()[:10]), "too_few_slices"),
        (chest(units="arbitrary"), "not_hounsfield"),
        (nothing(), "no_lungs"),
        (replace(chest(), flags=(NOMINAL,)), "missing_position"),
    ],
    ids=["few", "no HU", "no lungs", "invented positions"],
)
def test_what_is_no_chest_is_not_meant_for_it(
    model: ChestCTModel, volume: Volume, reason: str
) -> None:
    """It says so by name, and the next series may be one."""
    with pytest.raises(UnfitInput) as refusal:
        model.predict(volume, FAST)
    assert refusal.value.reason == reason
    assert refusal.value.not_applicable


def test_values_that_are_none_are_a_fault(model: ChestCTModel) -> None:
    """Such a series is a chest, and yet cannot be read."""
    array = chest_array()
    array[5, 5, 5] = np.nan
    with pytest.raises(UnfitInput) as refusal:
        model.predict(chest(array), FAST)
    assert refusal.value.reason == "not_finite"
    assert not refusal.value.not_applicable


def test_how_sure_it_is_a_chest_is_told(found: Findings) -> None:
    """A number from 0 to 1, in the report."""
    (told,) = (each for each in found.statements if each.label == "Chest CT")
    assert 0.5 <= float(told.text.split()[1].rstrip(":")) <= 1.0


def test_a_worker_that_is_warmed_with_noise_has_chosen_its_precision(
    model: ChestCTModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise is refused as no chest; the timing is then behind it all the same."""
    timed: list[str] = []

    def choose(step: Callable[[str], None], *_: object) -> str:
        timed.append("fp32")
        step("fp32")
        return "fp32"

    monkeypatch.setattr("models.chest_ct.model.choose_precision", choose)
    noise = np.random.default_rng(0).normal(0, 100, (20, 48, 48)).astype(np.float32)
    for volume in (Volume(noise, np.eye(4), "HU", chest().series), chest()):
        with suppress(UnfitInput):
            model.predict(volume, Context(precision="auto", fast=True))
    assert timed == ["fp32"]

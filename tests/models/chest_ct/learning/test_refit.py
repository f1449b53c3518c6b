"""Trained networks on chests that are prepared anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from models.chest_ct.cases.gather import Gathered
from models.chest_ct.cases.records import LEARNED_VIEW, networks, read_records
from models.chest_ct.learning import refit as module
from models.chest_ct.learning.refit import refit
from models.chest_ct.preprocess import View
from models.chest_ct.settings import ChestSettings, Parts
from tests.models.chest_ct.learning.assembly.made import (
    gathered,
    write_record,
)
from tests.models.chest_ct.learning.made import tiny_settings

ANSWER = ("weight", "whole.weight", "whole.bias")
"""Of the 3D network: what is fitted again."""


PARTS = (Parts(size=(16, 16, 16)),)


@pytest.fixture(name="asked")
def asked_fixture() -> list[View]:
    """Return the views that cases were asked for in."""
    return []


@pytest.fixture(name="folds")
def folds_fixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[View]
) -> Path:
    """Return the networks of a work whose cases are there."""
    there = gathered(tmp_path / "cases")

    def gather(_: Path, view: View) -> Gathered:
        asked.append(view)
        return there

    monkeypatch.setattr(module, "gather", gather)
    return written(there, tmp_path / "folds", learned(parts=PARTS))


def learned(parts: tuple[Parts, ...]) -> dict[str, ChestSettings]:
    """Return settings of networks, the 3D ones learning from parts of chests."""
    return {
        "cnn": tiny_settings("cnn").model_copy(update={"parts": parts}),
        "slices": tiny_settings("slices"),
    }


def sharper(settings: dict[str, ChestSettings]) -> dict[str, ChestSettings]:
    """Return the same with another view."""
    return {
        kind: each.model_copy(
            update={"view": each.view.model_copy(update={"sharpness": 0.6})}
        )
        for kind, each in settings.items()
    }


def written(there: Gathered, folder: Path, settings: dict[str, ChestSettings]) -> Path:
    """Write untrained networks of all folds, and that of the slices."""
    for number in range(settings["cnn"].split.folds):
        write_record(there, settings["cnn"], number, folder)
    write_record(there, settings["slices"], 0, folder)
    return folder


ANEW = sharper(learned(parts=PARTS))


def test_the_map_stays_and_the_answer_is_fitted(
    folds: Path, tmp_path: Path, asked: list[View]
) -> None:
    """The record states how a chest is seen now, and how it was when learned."""
    output = tmp_path / "anew"
    written = list(refit(Path("made"), folds, output, ANEW))

    assert [path.stem for path in written] == ["cnn0", "cnn1", "cnn2", "slices0"]
    cnns, slices = read_records(output)
    for record in (*cnns, slices):
        old, new = (
            load_file(folder / f"{record.name}.safetensors")
            for folder in (folds, output)
        )
        moved = {name for name in old if not old[name].equal(new[name])}
        assert moved == (set(ANSWER) if record in cnns else set())
        assert record.settings.view.sharpness == 0.6
        assert record.content[LEARNED_VIEW]["sharpness"] == 0.0
    assert {view.sharpness for view in asked} == {0.6}
    told = dict(networks([*cnns, slices]))
    assert {each[LEARNED_VIEW]["sharpness"] for each in told.values()} == {0.0}


def test_once_more_still_says_how_the_map_was_learned(
    folds: Path, tmp_path: Path
) -> None:
    """Not how the chests were seen when the answer was fitted the last time."""
    first, second = tmp_path / "first", tmp_path / "second"
    list(refit(Path("made"), folds, first, ANEW))
    list(refit(Path("made"), first, second, ANEW))
    content = json.loads((second / "cnn0.json").read_text("utf-8"))
    assert content[LEARNED_VIEW]["sharpness"] == 0.0


def test_networks_without_a_fitted_answer_are_scored_again_alone(
    folds: Path, tmp_path: Path
) -> None:
    """Those that learned from whole chests: nothing of them was fitted apart."""
    whole = learned(parts=())
    old, new = tmp_path / "whole", tmp_path / "anew"
    written(gathered(tmp_path / "cases"), old, whole)
    list(refit(Path("made"), old, new, sharper(whole)))
    before, after = (load_file(folder / "cnn0.safetensors") for folder in (old, new))
    assert all(before[name].equal(after[name]) for name in before)


def test_other_cases_are_refused(folds: Path, tmp_path: Path) -> None:
    """One label is enough."""
    path = folds / "cnn1.json"
    content = json.loads(path.read_text("utf-8"))
    score = content["scores"]["validation"][0]
    score["is_positive"] = not score["is_positive"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="cnn1 was trained on other cases"):
        list(refit(Path("made"), folds, tmp_path / "anew", ANEW))


def test_what_is_read_is_not_written_over(folds: Path) -> None:
    """Broken off, it would be a mixture."""
    with pytest.raises(ValueError, match="choose another folder"):
        list(refit(Path("made"), folds, folds, ANEW))


def test_another_training_is_refused(folds: Path, tmp_path: Path) -> None:
    """What differs in more than the view is to be trained."""
    other = sharper(learned(parts=()))
    with pytest.raises(ValueError, match="cnn0 has other settings: train it again"):
        list(refit(Path("made"), folds, tmp_path / "anew", other))

"""Trained networks on chests that are prepared anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from models.chest_ct.cases.records import LEARNED_VIEW, networks, read_records
from models.chest_ct.learning import refit as module
from models.chest_ct.learning.refit import refit
from models.chest_ct.settings import ChestSettings
from tests.models.chest_ct.learning.assembly.made import gathered, write_folds
from tests.models.chest_ct.learning.made import tiny_settings

ANSWER = ("weight", "whole.weight", "whole.bias")
"""Of the 3D network: what is fitted again."""


@pytest.fixture(name="folds")
def folds_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the networks of a work whose cases are there."""
    there = gathered(tmp_path / "cases")
    monkeypatch.setattr(module, "gather", lambda *_: there)
    return write_folds(there, tmp_path / "folds")


def sharper(**changes: Any) -> dict[str, ChestSettings]:
    """Return the settings with another view."""
    found = {}
    for kind in ("cnn", "slices"):
        settings = tiny_settings(kind, **changes)
        view = settings.view.model_copy(update={"sharpness": 0.6})
        found[kind] = settings.model_copy(update={"view": view})
    return found


def test_the_map_stays_and_the_answer_is_fitted(folds: Path, tmp_path: Path) -> None:
    """The record states how a chest is seen now, and how it was when learned."""
    output = tmp_path / "anew"
    written = list(refit(Path("made"), folds, output, sharper()))

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
        before = json.loads((folds / f"{record.name}.json").read_text("utf-8"))
        assert before["scores"] != record.content["scores"]
    told = dict(networks([*cnns, slices]))
    assert {each[LEARNED_VIEW]["sharpness"] for each in told.values()} == {0.0}


def test_once_more_still_says_how_the_map_was_learned(
    folds: Path, tmp_path: Path
) -> None:
    """Not how the chests were seen when the answer was fitted the last time."""
    first, second = tmp_path / "first", tmp_path / "second"
    list(refit(Path("made"), folds, first, sharper()))
    list(refit(Path("made"), first, second, sharper()))
    content = json.loads((second / "cnn0.json").read_text("utf-8"))
    assert content[LEARNED_VIEW]["sharpness"] == 0.0


def test_another_training_is_refused(folds: Path, tmp_path: Path) -> None:
    """What differs in more than the view is to be trained."""
    with pytest.raises(ValueError, match="cnn0 has other settings: train it again"):
        list(refit(Path("made"), folds, tmp_path / "anew", sharper(batch=3)))

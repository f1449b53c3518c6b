"""A search for settings, tried on the tiny network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.chest_ct.cases.gather import Gathered
from models.chest_ct.learning import tune
from models.chest_ct.learning.train import NETWORKS, settings_of
from models.chest_ct.settings import ChestSettings
from models.commands import app
from models.training.loop import LOG
from models.training.run_options import RunOptions
from models.training.settings import as_toml
from models.training.tuning.space import changed, grid
from tests.models.chest_ct.learning.made import tiny_gathered, tiny_settings


def test_every_key_of_the_space_is_one_of_the_settings() -> None:
    """Learning rate, batch, dropout, weight decay; each point is read as settings."""
    points = grid(tune.SPACE)
    assert len(points) == 81
    settings = changed(tiny_settings(), points[-1])
    assert settings.loop.learning_rate == 3e-3
    assert settings.loop.batch == 32
    assert settings.network.dropout == 0.5
    assert settings.loop.weight_decay == 0.1


def test_a_trial_is_a_training_judged_on_what_it_holds_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figure is the one that the settings watch, of the best epoch."""
    gathered = tiny_gathered(tmp_path / "cases")

    def gather(*_: object) -> Gathered:
        return gathered

    monkeypatch.setattr(tune, "gather", gather)
    place = tmp_path / "trial"

    value = tune.objective(
        tmp_path, tiny_settings(), place, RunOptions(deterministic=True)
    )

    (epoch,) = map(json.loads, (place / LOG).read_text(encoding="utf-8").splitlines())
    assert value == pytest.approx(epoch["validation"]["auc"], abs=0.1)  # fp16 weights


def test_settings_that_watch_nothing_cannot_be_tuned(tmp_path: Path) -> None:
    """It is said before anything is read."""
    settings = tiny_settings(watched=None)
    with pytest.raises(ValueError, match="watch no figure"):
        tune.objective(tmp_path, settings, tmp_path, RunOptions())


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_search_writes_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    """Every shipped recipe, also one of parts of several sizes."""
    settings = changed(settings_of(NETWORKS[name], None), grid(tune.SPACE)[0])
    path = tmp_path / "training.toml"

    path.write_text(as_toml(settings), encoding="utf-8")

    assert settings_of(path, None) == settings


@pytest.mark.parametrize("name", ["cnn", "slices"])
def test_a_shipped_recipe_is_tuned_by_the_line_of_the_docs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It watches no figure itself, and what is written watches none either."""
    tried: list[ChestSettings] = []

    def objective(
        data: Path, settings: ChestSettings, output: Path, options: RunOptions
    ) -> float:
        tried.append(settings)
        return 0.5

    monkeypatch.setattr(tune, "objective", objective)
    line = f"tune chest_ct --network {name} --data simulated --output {tmp_path / 'o'}"

    result = CliRunner().invoke(app, [*line.split(), "--trials", "1", "--epochs", "10"])

    assert result.exit_code == 0, result.output
    assert [each.loop.watched for each in tried] == [tune.WATCHED]
    assert settings_of(tmp_path / "o" / "training.toml", None).loop.watched is None

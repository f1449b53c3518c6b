"""Settings keep their hash when the project learns more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from models import bundle_folder
from models.hippocampus.settings import SHIPPED, HippocampusSettings
from models.training.settings import (
    Recipe,
    Watched,
    as_toml,
    read_settings,
    settings_digest,
)


def test_the_hash_of_a_shipped_training_is_that_of_its_settings() -> None:
    """Keys that came to the recipe later do not change what it was."""
    bundle = json.loads((bundle_folder("hippocampus") / "bundle.json").read_text())
    settings = read_settings(HippocampusSettings, SHIPPED)

    assert settings_digest(settings) == bundle["training"]["settings_sha256"]
    assert settings.model_dump(mode="json") == bundle["training"]["settings"]


def test_what_is_wished_is_in_the_hash() -> None:
    """A sampler, a watched figure, a plateau: each makes another training."""
    watched = {"figure": "auc"}
    wishes: list[dict[str, object]] = [
        {},
        {"sampler": "weighted"},
        {"watched": watched},
        {"watched": watched | {"patience": 3}},
        {"watched": watched, "schedule": "plateau"},
        {"watched": watched, "schedule": "plateau", "plateau": {"factor": 0.1}},
    ]
    recipes = [Recipe.model_validate({"epochs": 1, **wish}) for wish in wishes]

    assert len({settings_digest(recipe) for recipe in recipes}) == len(wishes)
    for recipe in recipes:
        assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"schedule": "plateau"}, "needs a .watched. figure"),
        ({"plateau": {}}, "is of schedule plateau"),
    ],
)
def test_a_plateau_that_nobody_sees_is_refused(
    wish: dict[str, object], words: str
) -> None:
    """A schedule without the figure that it follows is a mistake, not a constant."""
    with pytest.raises(ValidationError, match=words):
        Recipe.model_validate({"epochs": 1, **wish})


def test_settings_are_written_as_they_are_read(tmp_path: Path) -> None:
    """TOML, sections in sections, with an absent wish left out."""
    watched = Watched(figure="auc", patience=7)
    settings = read_settings(HippocampusSettings, SHIPPED)
    loop = settings.loop.model_copy(update={"watched": watched, "ema": 1e-9})
    settings = settings.model_copy(update={"loop": loop, "widths": (3, 5)})
    path = tmp_path / "training.toml"

    path.write_text(as_toml(settings), encoding="utf-8")

    assert read_settings(HippocampusSettings, path) == settings
    assert path.read_text(encoding="utf-8").startswith("widths = [3, 5]\n")


def test_a_file_says_where_it_is_wrong(tmp_path: Path) -> None:
    """File, key and reason in one line."""
    path = tmp_path / "training.toml"
    path.write_text("epochs = 1\n[watched]\nfigure = 'auc'\npatience = 0\n")

    with pytest.raises(ValueError, match=r"training\.toml: watched\.patience: "):
        read_settings(Recipe, path)

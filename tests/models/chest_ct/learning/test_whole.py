"""Three lines from a settings file to a bundle and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import models
from models.chest_ct.learning import whole
from models.chest_ct.learning.assembly import run as assembly
from models.chest_ct.settings import ChestSettings
from models.chest_ct.validation.evaluation import run as evaluation
from models.learning import learn
from models.training.run_options import RunOptions
from models.training.settings import as_toml
from tests.models.chest_ct.learning.assembly.made import gathered, write_record
from tests.models.chest_ct.learning.made import tiny_settings
from tests.models.chest_ct.validation.evaluation.made import as_labelled


def test_three_lines_make_a_bundle_and_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fold of the 3D network, one of the slices, by the files beside."""
    trained = list[str]()
    there = gathered(tmp_path / "cases")
    cases = [kept.case for kept in there.cases]

    def train(
        data: Path,
        folder: Path,
        settings: ChestSettings,
        numbers: Sequence[int],
        options: RunOptions | None,
    ) -> Iterator[str]:
        """Leave what a training leaves, in a moment."""
        for number in numbers:
            trained.append(f"{settings.network.kind}{number}")
            write_record(there, settings, number, folder)
            yield trained[-1]

    monkeypatch.setitem(models.MODELS, "chest_ct", "models.chest_ct.model:build")
    monkeypatch.setattr(whole, "train_folds", train)
    monkeypatch.setattr(whole, "prepare_all", lambda *_: None)
    monkeypatch.setattr(assembly, "gather", lambda *_: there)
    monkeypatch.setattr(assembly, "golden_case", lambda _: {})
    monkeypatch.setattr(evaluation, "labelled_cases", lambda _: ("made", cases, []))
    monkeypatch.setattr(evaluation, "judge", as_labelled)
    monkeypatch.delenv("PACS_AI_DATA", raising=False)
    for name in ("cnn", "slices"):
        text = as_toml(tiny_settings(name))
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "bundle.toml").write_text("[places]\nprecision = 0.5\n", "utf-8")

    bundle = learn("chest_ct", "made", tmp_path / "work", tmp_path / "bundle.toml")

    assert trained == ["cnn0", "cnn1", "cnn2", "slices0"]
    assert bundle.metrics["test"]["studies"] == 16

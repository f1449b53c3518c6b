"""The figures of a classifier in a file, in words and in pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn import metrics

from models.training.classification.plots import write_plots
from models.training.classification.report import in_words
from models.training.classification.results import history_of, results, write
from models.training.classification.threshold import Threshold, choose
from models.training.loop import LOG
from tests.models.training.classification.answers import answers, drawn_answers
from tests.models.training.lines import train


def test_results_say_everything_and_name_nobody(tmp_path: Path) -> None:
    """Read back from the file: figures, curve, epochs; no patient in it."""
    scored = drawn_answers(120, 2.0)
    train(tmp_path, 2)
    path = tmp_path / "results.json"

    history = history_of(tmp_path / LOG)
    write(results(scored, choose(scored, "youden"), history), path)

    text = path.read_text("utf-8")
    found = json.loads(text)
    assert [epoch["epoch"] for epoch in found["history"]] == [1, 2]
    assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
    assert sum(found["confusion"].values()) == 120
    assert found["roc"]["sensitivity"][-1] == 1.0
    assert found["threshold"]["positive"] == found["positive"] == "pathology"
    assert not any(f'"{patient}"' in text for patient in scored.patients)


def test_the_report_by_class_is_that_of_scikit_learn() -> None:
    """Precision, recall and F1 of both classes."""
    scored = drawn_answers(80, 1.0)
    threshold = choose(scored, "sensitivity", 0.8)
    theirs = metrics.classification_report(
        scored.truth, threshold.called(scored), output_dict=True
    )

    ours = results(scored, threshold)["by_class"]

    for name, key in (("pathology", "True"), ("not pathology", "False")):
        expected = [
            theirs[key][k] for k in ("precision", "recall", "f1-score", "support")
        ]
        assert list(ours[name].values()) == pytest.approx(expected)


def test_a_person_reads_a_table() -> None:
    """One line a figure; what cannot be said is not 0."""
    words = in_words(results(answers([1, 1], [0.9, 0.2]), Threshold(0.5, "pathology")))

    assert words.splitlines()[:3] == [
        "class pathology: 2 cases of it, 0 others",
        "patients 2",
        "threshold 0.5000",
    ]
    assert "sensitivity                 0.500   0.095 to 0.905" in words
    assert "specificity                 cannot be said" in words
    assert "nan" not in words.lower()


def test_results_of_one_class_can_be_written(tmp_path: Path) -> None:
    """No number is NaN in the file, which no other language could read."""
    scored = answers([1, 1], [0.9, 0.2])
    threshold = Threshold(0.5, "pathology")

    write(results(scored, threshold), tmp_path / "results.json")
    written = write_plots(scored, threshold, tmp_path)

    assert json.loads((tmp_path / "results.json").read_text())["auc"]["value"] is None
    assert [path.name for path in written] == ["confusion.png", "reliability.png"]


def test_pictures_show_something(tmp_path: Path) -> None:
    """Three files, square, with more in them than paper."""
    scored = drawn_answers(120, 2.0)

    written = write_plots(scored, choose(scored, "youden"), tmp_path)

    assert [path.name for path in written] == [
        *("roc.png", "confusion.png", "reliability.png")
    ]
    for path in written:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert pixels.shape == (750, 750)
        assert 0.01 < float((pixels < 200).mean()) < 0.9
        assert math.isfinite(pixels.std())

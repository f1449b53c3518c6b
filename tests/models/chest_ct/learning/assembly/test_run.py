"""From networks and cases to a bundle that is served, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.chest_ct.cases.gather import Gathered
from models.chest_ct.cases.records import LeakError
from models.chest_ct.golden import deviations
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.learning.assembly import run
from models.chest_ct.model import build
from models.chest_ct.readers import EVIDENCE
from models.volume.bundle import BundleError, amend, load_bundle
from tests.models.chest_ct.learning.assembly.made import Assembled

MADE = Path("made")


@pytest.fixture(name="folds")
def folds_fixture(
    assembled: Assembled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a copy of the networks that may be spoiled."""
    monkeypatch.setattr(run, "gather", lambda *_: assembled.there)
    shutil.copytree(assembled.folds, tmp_path / "folds")
    return tmp_path / "folds"


def changed(record: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite a record."""
    content = json.loads(record.read_text(encoding="utf-8"))
    change(content)
    record.write_text(json.dumps(content), encoding="utf-8")


def test_a_bundle_reads_its_golden_case_as_it_did(assembled: Assembled) -> None:
    """It is served at once: what it states is what its model needs."""
    model = build(assembled.bundle)

    assert max(deviations(model).values()) < 1e-6
    assert model.bundle.status == "demonstration"
    assert model.bundle.columns
    assert not list(assembled.bundle.glob("*.draft"))


def test_each_mode_has_a_threshold_with_its_class(assembled: Assembled) -> None:
    """And the class is that of labels and output."""
    rules = load_bundle(assembled.bundle).decision["rules"]

    assert set(rules) == set(EVIDENCE)
    for mode, rule in rules.items():
        assert rule["threshold"]["positive"] == POSITIVE
        assert rule["threshold"]["rule"] == "Youden"
        assert set(rule["weights"]) == EVIDENCE[mode]
        assert 0 < rule["threshold"]["value"] < 1


def test_the_full_rule_is_fitted_where_the_slice_network_was_not_trained(
    assembled: Assembled,
) -> None:
    """Every patient outside the test for the fast rule, a third of them for this."""
    told = load_bundle(assembled.bundle).metrics["validation"]

    assert told["fast"]["cases"]["patients"] == 32
    assert told["full"]["cases"]["patients"] == 11


def test_equal_parts_give_equal_bytes_and_keep_what_was_measured(
    assembled: Assembled,
    folds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In another folder; and again in the same one, after it was judged."""
    golden = load_bundle(assembled.bundle).golden_case
    monkeypatch.setattr(run, "golden_case", lambda _: golden)
    again = run.assemble(MADE, folds, tmp_path / "bundle")
    for name in ("bundle.json", *load_bundle(again).weights):
        assert (again / name).read_bytes() == (assembled.bundle / name).read_bytes()

    amend(again, {"metrics.test": {"studies": 3}})
    run.assemble(MADE, folds, again)
    assert load_bundle(again).metrics["test"] == {"studies": 3}


@pytest.mark.parametrize("name", ["cnn0", "cnn2", "slices0"])
def test_what_is_missing_is_named_with_the_line_that_makes_it(
    folds: Path, tmp_path: Path, name: str
) -> None:
    """One fold is not enough, and a network is never left out."""
    (folds / f"{name}.json").unlink()
    line = f"{name}.json is missing: .*--network {name[:-1]} .*--folds {name[-1]}"
    with pytest.raises(FileNotFoundError, match=line):
        run.assemble(MADE, folds, tmp_path / "bundle")


def test_weights_that_are_not_those_of_the_record_are_refused(
    folds: Path, tmp_path: Path
) -> None:
    """And nothing is there that could be served."""
    shutil.copy(folds / "cnn0.safetensors", folds / "cnn1.safetensors")
    with pytest.raises(BundleError, match=r"cnn1\.safetensors is not the file"):
        run.assemble(MADE, folds, tmp_path / "bundle")
    assert not (tmp_path / "bundle" / "bundle.json").exists()


def test_a_network_that_has_seen_whom_it_judges_is_refused(
    folds: Path, tmp_path: Path
) -> None:
    """Its scores would be of what it learned by heart."""
    changed(
        folds / "cnn1.json",
        lambda content: content["trained_on"].append(
            content["scores"]["validation"][0]["patient"]
        ),
    )
    with pytest.raises(LeakError, match="cnn1 was trained on 1"):
        run.assemble(MADE, folds, tmp_path / "bundle")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("cnn1", {"positive": "normal"}, "of the class 'normal', not 'pathology'"),
        ("cnn1", {"data": {"sha256": "1" * 64}}, "other data than cnn0"),
        ("slices0", {"scores": {"validation": [], "test": []}}, "tested on other"),
        ("cnn2", {"scores": {}}, "is no record of a training"),
    ],
)
def test_parts_of_several_trainings_are_refused(
    folds: Path, tmp_path: Path, name: str, change: dict[str, Any], words: str
) -> None:
    """Another class, other data, another split, no record at all."""
    changed(folds / f"{name}.json", lambda content: content.update(change))
    with pytest.raises(ValueError, match=words):
        run.assemble(MADE, folds, tmp_path / "bundle")


def test_other_data_than_those_of_the_training_are_refused(
    folds: Path, tmp_path: Path, assembled: Assembled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their labels might be others."""
    other = Gathered("other", assembled.there.cases, (), "1" * 64)
    monkeypatch.setattr(run, "gather", lambda *_: other)
    with pytest.raises(ValueError, match="trained on other data than other"):
        run.assemble(MADE, folds, tmp_path / "bundle")


def test_weights_that_are_too_large_are_refused(
    folds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle is shipped with the program."""
    monkeypatch.setattr(run, "MOST_BYTES", 100_000)
    with pytest.raises(ValueError, match=r"0\.5 MB together, and at most 0 are"):
        run.assemble(MADE, folds, tmp_path / "bundle")

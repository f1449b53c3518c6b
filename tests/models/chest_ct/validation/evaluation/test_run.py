"""An evaluation from end to end: who is judged, what goes on, what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.chest_ct.cases.case import Case
from models.chest_ct.cases.gather import digest_of_drawn
from models.chest_ct.cases.simulated import simulated_cases
from models.chest_ct.settings import ChestSettings
from models.chest_ct.simulator.plan import fresh_plan
from models.chest_ct.simulator.settings import shipped, tiny
from models.chest_ct.validation.evaluation import run
from models.chest_ct.validation.evaluation.judged import Judged
from models.volume.bundle import amend, load_bundle
from tests.models.chest_ct.learning.assembly.made import Assembled
from tests.models.chest_ct.validation.evaluation.made import as_labelled

DATA = Path("made")


@pytest.fixture(name="asked")
def asked_fixture(assembled: Assembled, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return which studies are judged; each is judged as its label says."""
    names: list[str] = []

    def judge(case: Case, bundle: Path) -> Judged:
        names.append(case.name)
        return as_labelled(case, bundle)

    cases = [kept.case for kept in assembled.there.cases]
    monkeypatch.setattr(run, "judge", judge)
    monkeypatch.setattr(run, "labelled_cases", lambda _: ("made", cases, []))
    monkeypatch.setattr(run, "read_real_series", lambda _: [])
    monkeypatch.setattr(run, "judge_regions", lambda _: None)
    monkeypatch.setattr(run, "write_pictures", lambda *_: None)
    return names


@pytest.fixture(name="bundle")
def bundle_fixture(assembled: Assembled, tmp_path: Path) -> Path:
    """Return a bundle that may be amended."""
    return Path(shutil.copytree(assembled.bundle, tmp_path / "bundle"))


def test_the_test_patients_are_judged_and_nobody_else(
    assembled: Assembled, asked: list[str], bundle: Path
) -> None:
    """Those of the records; the bundle states what was found."""
    content = run.run(DATA, assembled.folds, 1, bundle=bundle)

    record = json.loads((assembled.folds / "cnn0.json").read_text(encoding="utf-8"))
    assert sorted(asked) == sorted(each["name"] for each in record["scores"]["test"])
    assert load_bundle(bundle).metrics["test"] == content
    assert content["modes"]["full"]["auc"]["value"] == 1.0
    assert "16 studies of 8 patients" in run.in_words(content)


def test_what_is_judged_is_not_judged_again(
    assembled: Assembled, asked: list[str], bundle: Path, tmp_path: Path
) -> None:
    """A line that was broken off is; figures in the bundle change nothing."""
    first = run.run(DATA, assembled.folds, 1, bundle=bundle, keep=tmp_path / "kept")
    lines = tmp_path / "kept" / run.CASES
    lines.write_bytes(lines.read_bytes()[:-20])
    asked.clear()

    again = run.run(DATA, assembled.folds, 1, bundle=bundle, keep=tmp_path / "kept")

    assert len(asked) == 1
    assert again == first


def test_lines_of_another_bundle_are_refused(
    assembled: Assembled, asked: list[str], bundle: Path, tmp_path: Path
) -> None:
    """Its answers are others."""
    run.run(DATA, assembled.folds, 1, bundle=bundle, keep=tmp_path)
    amend(bundle, {"decision.places": {"nodule": 0.9}})
    with pytest.raises(ValueError, match=r"cases\.jsonl is of another bundle"):
        run.run(DATA, assembled.folds, 1, bundle=bundle, keep=tmp_path)


def test_networks_of_another_bundle_are_refused(
    assembled: Assembled, asked: list[str], bundle: Path, tmp_path: Path
) -> None:
    """Whom they have not seen, the networks of this one may have."""
    folds = Path(shutil.copytree(assembled.folds, tmp_path / "folds"))
    record = folds / "cnn1.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    content["weights"]["sha256"] = "0" * 64
    record.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="the bundle is not made of cnn1"):
        run.run(DATA, folds, 1, bundle=bundle)
    assert not asked


def test_data_with_other_labels_are_refused(
    assembled: Assembled,
    asked: list[str],
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half of the studies have another one."""
    cases = [replace(kept.case, is_positive=True) for kept in assembled.there.cases]
    monkeypatch.setattr(run, "labelled_cases", lambda _: ("other", cases, []))
    with pytest.raises(ValueError, match="other holds 8 of the 16 studies"):
        run.run(DATA, assembled.folds, 1, bundle=bundle)
    assert not asked


def test_of_simulated_studies_others_are_judged(
    assembled: Assembled,
    asked: list[str],
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of the plan, whose test part was looked at; of the same settings alone."""
    settings = tiny(shipped())
    cases = simulated_cases(settings)
    monkeypatch.setattr(run, "labelled_cases", lambda _: ("simulated", cases, []))
    with pytest.raises(ValueError, match="cnn0 was trained on other simulated studies"):
        run.run(DATA, assembled.folds, 1, bundle=bundle)
    folds = Path(shutil.copytree(assembled.folds, tmp_path / "folds"))
    for path in folds.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        view = ChestSettings(**content["settings"]).view
        content["data"]["sha256"] = digest_of_drawn(cases, view)
        path.write_text(json.dumps(content), encoding="utf-8")

    content = run.run(DATA, folds, 1, bundle=bundle)

    assert sorted(asked) == sorted(each.study for each in fresh_plan(settings))
    assert not set(asked) & {case.name for case in cases}
    assert content["data"] == "simulated, drawn for these figures alone"


@pytest.mark.parametrize("name", ["card.md", "card.json"])
def test_the_figures_are_written(
    assembled: Assembled, asked: list[str], bundle: Path, tmp_path: Path, name: str
) -> None:
    """As tables of the card, or whole."""
    content = run.run(DATA, assembled.folds, 1, bundle=bundle)
    run.write(content, tmp_path / name)
    assert "specificity" in (tmp_path / name).read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"\.json or \.md"):
        run.write(content, tmp_path / "card.txt")

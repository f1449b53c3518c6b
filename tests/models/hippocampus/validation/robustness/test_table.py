"""Trials become a table that says how many, how good, and how often flagged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import bundle_folder
from models.hippocampus.validation.robustness import table
from models.hippocampus.validation.robustness.suite import CLEAN, SUITE
from models.hippocampus.validation.robustness.trial import Trial, as_line, read_trials


def trial(
    case: str, entry: str = CLEAN.key, dice: float = 0.9, mm3: float = 3000, **more: str
) -> Trial:
    """Return a reading; one without volume was refused."""
    found = {"anterior": dice, "posterior": dice, "whole": dice} if mm3 else {}
    subject = int(case)
    return Trial(0, subject, case, entry, more.get("grade", "A"), mm3, 3000, found)


TRIALS = [
    trial("1"),
    trial("2", mm3=2000),
    trial("1", "blur 3 mm", 0.8, 3300),
    trial("2", "blur 3 mm", 0.6, 1600, grade="B"),
    trial("1", "every voxel 0", mm3=0, grade="C"),
]


def test_each_perturbation_is_a_row_in_the_order_of_the_suite() -> None:
    """Means over its cases; the change is against the same case as it is."""
    clean, blurred, constant = table.rows(TRIALS)

    assert (clean.cases, clean.subjects, clean.flagged) == (2, 2, 0)
    assert clean.volume_change == 0
    assert blurred.dice is not None
    assert blurred.dice["whole"] == pytest.approx(0.7)
    assert blurred.volume_change == pytest.approx((0.1 - 0.2) / 2)
    assert (blurred.flagged, blurred.untrusted) == (0.5, 0)
    assert (constant.refused, constant.dice, constant.untrusted) == (1, None, 1)


def test_the_table_fits_a_terminal_and_a_card(tmp_path: Path) -> None:
    """Eighty columns; the files hold the same rows."""
    found = table.rows(TRIALS)

    lines = table.as_text(found).splitlines()
    table.write(found, tmp_path)

    assert max(map(len, lines)) <= 80
    assert "refused" in lines[-1]
    written = json.loads((tmp_path / "robustness.json").read_text(encoding="utf-8"))
    assert [row["entry"] for row in written] == [row.entry for row in found]
    card = (tmp_path / "robustness.md").read_text(encoding="utf-8").splitlines()
    assert len({line.count("|") for line in card}) == 1


def test_trials_are_read_as_they_were_written(tmp_path: Path) -> None:
    """And something else is refused by the name of its file."""
    path = tmp_path / "trials.jsonl"
    lines = "\n".join(json.dumps(as_line(one)) for one in TRIALS)
    path.write_text(lines + "\n", encoding="utf-8")
    assert read_trials(path) == TRIALS

    path.write_text('{"other": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"trials\.jsonl holds no trials"):
        read_trials(path)


def test_the_model_card_prints_the_table_of_the_shipped_folds() -> None:
    """Row by row; the next weights are held against it (docs/validation_plan.md)."""
    folder = bundle_folder("hippocampus")
    content = json.loads((folder / "folds" / "robustness.json").read_text("utf-8"))
    card = (folder / "README.md").read_text(encoding="utf-8")

    found = [table.Row(**each) for each in content]

    assert [row.entry for row in found] == [entry.key for entry in SUITE]
    for line in table.as_markdown(found).splitlines():
        assert line in card

"""Both networks' cases from one reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases import gather
from models.chest_ct.cases.case import Case, LeftOut
from models.chest_ct.cases.gather import CACHE
from models.chest_ct.learning import prepare
from models.chest_ct.learning.train import NETWORKS, settings_of
from tests.models.chest_ct.cases.made import made_cases


def test_every_case_is_prepared_for_both_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says how many there are, and what was left out."""

    def few(_: Path) -> tuple[str, list[Case], list[LeftOut]]:
        return "made", made_cases(1), [LeftOut("1.2", "few_slices")]

    monkeypatch.setattr(gather, "labelled_cases", few)
    monkeypatch.setenv(CACHE, str(tmp_path))

    prepare.prepare(Path("made"))

    views = {settings_of(NETWORKS[n], None).view for n in prepare.PREPARED_FOR}
    assert len(list(tmp_path.glob("*.safetensors"))) == len(views) == 2
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["1 of 1", "left out: few_slices"]
    assert said[2].startswith("made: 1 cases are in")

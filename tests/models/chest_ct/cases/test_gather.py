"""From what a person names as data to prepared cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases import gather as gathering
from models.chest_ct.cases.case import Case
from models.chest_ct.cases.gather import (
    CACHE,
    HOME,
    cache_folder,
    digest_of_drawn,
    gather,
)
from tests.models.chest_ct.cases.made import made_cases
from tests.models.chest_ct.learning.made import VIEW

VIEW_OF_MADE = VIEW.model_copy(update={"field": (32, 48, 64)})


def test_the_word_simulated_names_the_shipped_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept where the environment says, and are what their digest says."""

    def few(_: object) -> list[Case]:
        return made_cases(2)

    monkeypatch.setattr(gathering, "simulated_cases", few)
    monkeypatch.setenv(CACHE, str(tmp_path / "kept"))

    found = gather(Path("simulated"), VIEW_OF_MADE)
    again = gather(Path("simulated"), VIEW_OF_MADE)

    assert found.name.startswith("simulated (")  # these have no real nodules
    assert "PACS_AI_DATA" in found.name
    assert len(found.cases) == len(list((tmp_path / "kept").iterdir())) == 2
    assert found.sha256 == again.sha256
    assert digest_of_drawn(made_cases(2), VIEW_OF_MADE) == found.sha256


def test_another_label_is_other_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images are the same, what is learned from them is not."""
    monkeypatch.setenv(CACHE, str(tmp_path))
    digests = set()
    for radius in (0, 4):
        cases = made_cases(2, radius=0)
        cases[1] = Case("study 1", "patient 0", bool(radius), cases[1].source)
        monkeypatch.setattr(gathering, "simulated_cases", lambda _, made=cases: made)
        digests.add(gather(Path("simulated"), VIEW_OF_MADE).sha256)
    assert len(digests) == 2


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    """Also what a person may name instead."""
    with pytest.raises(FileNotFoundError, match="missing is no folder; or name"):
        gather(tmp_path / "missing", VIEW)


def test_cases_are_kept_in_the_home_folder_unless_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A training from any folder finds them again."""
    monkeypatch.delenv(CACHE, raising=False)
    assert cache_folder() == HOME.expanduser()

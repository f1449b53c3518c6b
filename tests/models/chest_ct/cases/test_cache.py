"""Prepared cases on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.chest_ct.cases import cache
from models.chest_ct.cases.cache import keep, key_of
from models.chest_ct.cases.case import Case, Loaded
from models.chest_ct.kinds import Kind
from models.chest_ct.preprocess import View
from models.chest_ct.zprofile.profile import LEVELS
from tests.models.chest_ct.cases.made import Made, made_cases
from tests.models.chest_ct.volumes import volume_of

VIEW = View(
    spacing_mm=(8, 8, 8),
    fwhm_mm=(10, 10, 10),
    margin_mm=8,
    windows_hu=((-1000, 0),),
    field=(32, 32, 48),
)
OTHER = VIEW.model_copy(update={"spacing_mm": (10.0, 6.0, 6.0)})


class OnlyOnce(Made):
    """A source that fails when it is read."""

    def load(self) -> Loaded:
        """Fail."""
        raise AssertionError("read again")


class Empty(Made):
    """A source without lungs."""

    def load(self) -> Loaded:
        """Return tissue."""
        return Loaded(volume_of(np.full((20, 20, 20), 40.0), (5.0, 5.0, 5.0)))


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    """Neither by the same training nor by another one that shares the folder."""
    cases = made_cases(2)
    (first, second), left_out = keep(cases, [VIEW, OTHER], tmp_path)
    assert not left_out
    assert len({kept.path for kept in (*first, *second)}) == 4

    again = [
        replace(each, source=OnlyOnce(each.source.seed, each.source.radius))  # type: ignore[attr-defined]  # Made
        for each in cases
    ]
    (repeated, _), _ = keep(again, [OTHER], tmp_path)

    assert repeated[0].path == first[1].path
    facts = repeated[0].facts()
    assert facts["seed"] == 0
    assert len(facts["profile"]["curves"]["mean_hu"]) == LEVELS


def test_what_is_read_is_what_was_prepared(tmp_path: Path) -> None:
    """Densities, lungs, truth and place."""
    ((_,), (kept,)), _ = keep(made_cases(2), [VIEW], tmp_path)

    seen = kept.prepared()

    assert seen.hu.dtype == np.int16
    assert seen.lungs.any()
    assert set(np.unique(seen.truth)) == {0, Kind.NODULE}
    assert seen.affine.shape == (4, 4)


def test_the_key_changes_with_content_and_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with the code that prepares."""
    keys = {key_of("a", VIEW), key_of("b", VIEW), key_of("a", OTHER)}
    monkeypatch.setattr(cache, "PREPARED", cache.PREPARED + 1)
    assert len(keys | {key_of("a", VIEW)}) == 4


def test_a_case_without_lungs_is_left_out_and_not_tried_again(tmp_path: Path) -> None:
    """Its reason is told each time."""
    case = Case("study", "patient", False, Empty(3))
    for source in (Empty(3), OnlyOnce(3)):
        kept, left_out = keep([replace(case, source=source)], [VIEW], tmp_path)
        assert not kept
        assert [(each.name, each.reason) for each in left_out] == [
            ("study", "no_lungs")
        ]


def test_nothing_half_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ended while it wrote leaves nothing under the name of a case."""

    def stop(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            keep(made_cases(1), [VIEW], tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))

    kept, _ = keep(made_cases(1), [VIEW], tmp_path)
    assert kept[0][0].prepared().lungs.any()


def test_cases_are_told_one_by_one(tmp_path: Path) -> None:
    """A person sees how far it is."""
    told: list[tuple[int, int]] = []
    keep(made_cases(2), [VIEW], tmp_path, told=lambda *n: told.append(n))
    assert told == [(1, 2), (2, 2)]

"""The rule in force decides what a worker reads, also when it was changed since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import models
from node.accept import AcceptSettings
from node.jobs.job import NotApplicable, Reported
from node.jobs.worker import load_model, perform
from tests.node.jobs.stand_in import StandIn
from tests.node.jobs.worker_stories import failed, reported, request, series


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the stand-in as a folder of models would be."""
    monkeypatch.setitem(models.MODELS, "stand_in", "tests.node.jobs.stand_in:build")
    load_model.cache_clear()


def test_a_rule_of_the_site_lets_in_what_the_bundles_does_not(tmp_path: Path) -> None:
    """Another name, on the site's responsibility."""
    files = series(tmp_path, "hippo left")
    asked = request(tmp_path, files)
    assert isinstance(perform(asked), NotApplicable)

    outcome = perform(
        request(tmp_path, files, accept=AcceptSettings(description="^hippo"))
    )

    assert reported(outcome).summary["Bright volume"].startswith("32 mm3")


def test_a_changed_rule_changes_the_next_reading(tmp_path: Path) -> None:
    """Equal images, other rule: the earlier result does not stand for it."""
    crop = series(tmp_path)
    left = series(tmp_path, "crop left", SeriesNumber="2")
    first = reported(perform(request(tmp_path, (*crop, *left))))
    again = {
        "version": 2,
        "replaces": first.objects[1].sop_instance_uid,
        "previous_identity": first.identity,
    }

    other = perform(
        request(
            tmp_path, (*crop, *left), accept=AcceptSettings(description="left"), **again
        )
    )
    none = perform(
        request(tmp_path, (*crop, *left), accept=AcceptSettings(min_slices=5), **again)
    )

    assert reported(other).series_instance_uid != first.series_instance_uid
    assert isinstance(none, NotApplicable)
    assert none.reason == "slice_count"


def test_a_rule_that_contradicts_the_bundle_fails_by_name(tmp_path: Path) -> None:
    """The settings were checked against another bundle than the one there is now."""
    accept = AcceptSettings(min_slices=20_000)

    outcome = failed(perform(request(tmp_path, series(tmp_path), accept=accept)))

    assert (outcome.reason, outcome.permanent) == ("model_unavailable", True)
    assert "min_slices 20000 is above max_slices 10000" in outcome.message


@pytest.mark.parametrize("allowed", [False, True])
def test_a_demonstration_answers_only_who_may_ask_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    """Whichever way its job came: nothing is read, nothing written."""
    shown = replace(StandIn.bundle, status="demonstration")
    monkeypatch.setattr(StandIn, "bundle", shown)
    asked = request(tmp_path, series(tmp_path), may_demonstrate=allowed)

    outcome = perform(asked)

    if allowed:
        assert isinstance(outcome, Reported)
    else:
        assert isinstance(outcome, NotApplicable)
        assert outcome.reason == "demonstration_off"
    assert asked.output_dir.exists() is allowed

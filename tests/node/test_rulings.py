"""What each model makes of each series, told as the worker would do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import models
from node.config import Settings
from node.errors import ConfigError
from node.jobs.worker import load_model, perform
from node.rulings import RuleInForce, Ruling, rule_on, rules_in_force
from tests.dicom_series import uid, write_series
from tests.node.jobs.stand_in import StandIn
from tests.node.jobs.worker_stories import reported, request, series

CROPS = RuleInForce("stand_in", "1.0", StandIn.bundle.acceptance, ())


def rulings_by_description(files: tuple[Path, ...]) -> dict[str, Ruling]:
    """Return what is made of each series of one study."""
    (study,) = rule_on(files, [CROPS]).studies
    return {r.series.series_description: r.by_model[0] for r in study.series}


def test_of_several_matches_one_is_chosen_and_the_others_say_why_not(
    tmp_path: Path,
) -> None:
    """All three hold, and one is read."""
    short = series(tmp_path, "crop short", SeriesNumber="1")[:3]
    later = series(tmp_path, "crop later", SeriesNumber="9")
    chosen = series(tmp_path, "crop", SeriesNumber="2")

    found = rulings_by_description((*short, *later, *chosen))

    assert {name for name, ruling in found.items() if ruling.chosen} == {"crop"}
    assert all(ruling.accepted for ruling in found.values())
    assert found["crop short"].detail == "after series 2: 4 slices there, 3 slices here"
    assert "lower series number" in found["crop later"].detail


def test_a_refusal_keeps_every_check_and_names_the_first_that_is_broken(
    tmp_path: Path,
) -> None:
    """Also those that would have decided next."""
    ruling = rulings_by_description(series(tmp_path, "T2")[:1])["T2"]

    assert (ruling.accepted, ruling.chosen) == (False, False)
    assert ruling.reason == "description"
    broken = [check.reason for check in ruling.checks if not check.holds]
    assert broken == ["description", "single_slice", "slice_count", "spacing"]


def test_our_own_objects_are_refused_without_being_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEG, SR and SC that came back with the images."""
    monkeypatch.setitem(models.MODELS, "stand_in", "tests.node.jobs.stand_in:build")
    load_model.cache_clear()
    files = series(tmp_path)
    made = reported(perform(request(tmp_path, files))).objects

    found = rulings_by_description((*files, *(each.path for each in made)))

    own = [r for r in found.values() if r.reason == "own_output"]
    assert len(own) == len(made) == 3
    assert not any(ruling.accepted or ruling.checks for ruling in own)
    assert found["crop"].chosen


def test_studies_are_judged_apart_wherever_their_files_lie(tmp_path: Path) -> None:
    """Each has its own chosen series."""
    first = series(tmp_path, "crop")
    second = series(tmp_path, "crop two", study_uid=uid("another study"))

    rulings = rule_on((first[0], *second, *first[1:]), [CROPS])

    assert len(rulings.studies) == 2
    for study in rulings.studies:
        (only,) = study.series
        assert len(only.series.instances) == 4
        assert only.by_model[0].chosen
        assert study.trouble == ""


def of_two_patients(folder: Path) -> tuple[Path, ...]:
    """Return a series of another patient in the study."""
    study = uid("study", "TEST-1")
    return series(folder, "other", PatientID="TEST-2", study_uid=study)


def twice(folder: Path) -> tuple[Path, ...]:
    """Return an image of the study again, with other pixels."""
    array = np.full((1, 16, 16), 7, np.int16)
    return tuple(write_series(folder / "again", array, description="crop"))


def damaged(folder: Path) -> tuple[Path, ...]:
    """Return what is left of an image beside the chosen ones."""
    path = folder / "crop" / "damaged.dcm"
    path.write_bytes((folder / "crop" / "0.dcm").read_bytes()[:150])
    return (path,)


@pytest.mark.parametrize(
    ("intruder", "reason"),
    [
        (of_two_patients, "identity_conflict"),
        (twice, "conflicting_instances"),
        (damaged, "damaged_file"),
    ],
)
def test_what_would_fail_the_study_is_told_beside_the_verdicts(
    tmp_path: Path, intruder: Any, reason: str
) -> None:
    """With the reason code of the job that the worker would end with."""
    files = series(tmp_path)

    rulings = rule_on((*files, *intruder(tmp_path)), [CROPS])

    (study,) = rulings.studies
    assert study.trouble.startswith(f"{reason}: ")
    assert rulings.accepted


def test_files_that_are_no_images_are_listed_and_nothing_is_accepted(
    tmp_path: Path,
) -> None:
    """Notes, and nothing else."""
    notes = tmp_path / "notes.txt"
    notes.write_text("none")

    rulings = rule_on((notes,), [CROPS])

    assert rulings.studies == ()
    assert rulings.unreadable == ((notes, "not_dicom"),)
    assert not rulings.accepted


def test_the_rule_in_force_is_the_bundles_with_what_the_site_wrote() -> None:
    """And says which part is the site's."""
    settings = Settings.model_validate(
        {"models": {"hippocampus": {"accept": {"description": "hippo"}}}}
    )

    (own,) = rules_in_force(settings, ["hippocampus"])
    (shipped,) = rules_in_force(Settings(), ["hippocampus"])

    assert (own.site_keys, shipped.site_keys) == (("description",), ())
    assert own.rule.description == "hippo"
    assert own.rule.max_slices == shipped.rule.max_slices


def test_a_bundle_that_is_not_there_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    """Said with the section that names it."""
    settings = Settings.model_validate(
        {"models": {"hippocampus": {"bundle": tmp_path}}}
    )

    with pytest.raises(ConfigError, match=r"^\[models\.hippocampus\]"):
        rules_in_force(settings, ["hippocampus"])

"""The hippocampus model on phantoms whose truth is known, and on the real crops."""

from __future__ import annotations

import json
import pickle
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

import models
from models.contract import Context, SeriesInfo, UnfitInput, Volume
from models.hippocampus.golden import deviations
from models.hippocampus.model import HippocampusModel, build
from models.hippocampus.phantom_image import phantom
from models.history import LEFT, RIGHT, Patient, Prior
from models.terms import Code, Grade, grade
from models.training.metrics import dice
from models.volume.bundle import BundleError
from models.volume.device import device_uid
from models.volume.series import load_volume, read_study
from tests.conftest import data_folder

RAS = np.array(
    [[0, 0, -1.0, 0], [0, -1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 1.0]], np.float64
)
"""Voxel (d, h, w) growing to head, front and right, to LPS millimetres."""


@pytest.fixture(scope="module")
def model() -> HippocampusModel:
    """Build the shipped model."""
    return build()


def build_volume(
    array: npt.NDArray[Any], affine: npt.NDArray[np.float64] = RAS
) -> Volume:
    """Return a volume without a source."""
    series = SeriesInfo("2.25.1", "2.25.2", "MR", ())
    return Volume(array.copy(), affine.copy(), "arbitrary", series)


@pytest.mark.parametrize("seed", range(5))
def test_phantoms_are_read_right(model: HippocampusModel, seed: int) -> None:
    """Dice of both parts is at least 0.8 on every synthetic crop."""
    image, truth = phantom(seed)

    labels = model.predict(build_volume(image), Context(precision="fp32")).label_map

    assert dice(labels == 1, truth == 1) >= 0.8
    assert dice(labels == 2, truth == 2) >= 0.8


@pytest.mark.parametrize("axis", range(3))
def test_a_wrong_axis_is_noticed(model: HippocampusModel, axis: int) -> None:
    """A crop flipped behind the affine's back is read worse: orientation counts."""
    image, truth = phantom(1)
    context = Context(precision="fp32")
    right = model.predict(build_volume(image), context).label_map
    wrong = model.predict(build_volume(np.flip(image, axis)), context).label_map

    assert dice(np.flip(wrong, axis) > 0, truth > 0) < dice(right > 0, truth > 0) - 0.01


def test_the_answer_does_not_depend_on_how_the_axes_are_stored(
    model: HippocampusModel,
) -> None:
    """Stored in another order with its affine, the same voxels are labelled."""
    image, _ = phantom(2)
    context = Context(precision="fp32")
    labels = model.predict(build_volume(image), context).label_map
    turned = image.transpose(2, 0, 1)[::-1]
    affine = RAS[:, [2, 0, 1, 3]].copy()
    affine[:3, 3] += affine[:3, 0] * (turned.shape[0] - 1)
    affine[:3, 0] *= -1

    again = model.predict(build_volume(turned, affine), context).label_map

    assert np.array_equal(again, labels.transpose(2, 0, 1)[::-1])


def test_finer_voxels_give_the_same_volume(model: HippocampusModel) -> None:
    """mm³ come from the spacing: 0.8 mm voxels change the total by under 6 %."""
    image, _ = phantom(3)
    fine = ndimage.zoom(image, 1 / 0.8, order=3, mode="nearest", grid_mode=True)
    affine = RAS.copy()
    affine[:3, :3] *= np.divide(image.shape, fine.shape)
    context = Context(precision="fp32")

    totals = [
        next(
            m.value
            for m in model.predict(volume, context).measurements
            if m.structure == "Hippocampus" and m.unit.value == "mm3"
        )
        for volume in (build_volume(image), build_volume(fine, affine))
    ]

    assert totals[1] == pytest.approx(totals[0], rel=0.06)


@pytest.mark.parametrize(
    ("fill", "reason"), [(3.0, "constant_image"), (np.nan, "not_finite")]
)
def test_empty_input_is_refused_by_name(
    model: HippocampusModel, fill: float, reason: str
) -> None:
    """Nothing is measured on an image without content."""
    with pytest.raises(UnfitInput) as caught:
        model.predict(build_volume(np.full((36, 50, 35), fill)), Context())

    assert caught.value.reason == reason
    assert pickle.loads(pickle.dumps(caught.value)).reason == reason  # noqa: S301 - our own bytes


def test_a_right_hippocampus_is_read_as_the_left_one_that_it_mirrors(
    model: HippocampusModel,
) -> None:
    """Voxel for voxel, and it differs from itself by nothing."""
    image, _ = phantom(2)
    left = model.predict(build_volume(image), declared(LEFT))
    prior = Prior(
        "2.25.3",
        "2.25.4",
        date(2026, 1, 5),
        "own results",
        "1",
        device_uid(model.bundle.weights_digest),
        left.measurements,
        laterality=LEFT,
    )

    right = model.predict(build_volume(image[..., ::-1]), declared(RIGHT, prior))

    assert np.array_equal(right.label_map[..., ::-1], left.label_map)
    assert right.measurements == left.measurements
    (asymmetry,) = (s.text for s in right.statements if s.label == "Asymmetry")
    assert asymmetry.startswith("0.0 % ")
    assert {s.laterality for s in right.structures} == {RIGHT}
    assert {flag.code for flag in right.flags} >= {"mirrored"}
    assert "other_hand" not in {flag.code for flag in right.flags}


def test_a_hippocampus_of_the_other_hand_is_not_believed(
    model: HippocampusModel,
) -> None:
    """A right one that is called a left one: grade C."""
    mirrored = build_volume(phantom(2)[0][..., ::-1])

    findings = model.predict(mirrored, declared(LEFT))

    assert "other_hand" in {flag.code for flag in findings.flags}
    assert grade(findings.flags) is Grade.C


def declared(side: Code | None, *priors: Prior) -> Context:
    """Return the context of a person whose side the site declares."""
    source = "declared" if side else ""
    patient = Patient(
        study_date=date(2026, 1, 5),
        laterality=side,
        laterality_source=source,
        priors=priors,
    )
    return Context(precision="fp32", patient=patient)


def test_noise_is_not_called_good(model: HippocampusModel) -> None:
    """An image without a hippocampus does not get grade A."""
    noise = np.random.default_rng(0).normal(size=(36, 50, 35)).astype(np.float32)

    findings = model.predict(build_volume(noise), Context(precision="fp32"))

    assert grade(findings.flags) > Grade.A


def test_what_a_crop_cannot_prove_is_withheld(model: HippocampusModel) -> None:
    """Side and head size are stated as unknown, and no structure has a laterality."""
    findings = model.predict(build_volume(phantom(1)[0]), Context(precision="fp32"))

    codes = {flag.code for flag in findings.flags}
    assert {"side_not_determinable", "no_head_size"} <= codes
    assert all(structure.laterality is None for structure in findings.structures)


def test_the_golden_case_is_met(model: HippocampusModel) -> None:
    """The shipped weights read the golden phantom as when they were published."""
    assert max(deviations(model).values()) <= model.bundle.golden_case["tolerance"]


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    """One flipped byte is an error, never a silent default."""
    shipped = models.bundle_folder("hippocampus")
    content = json.loads((shipped / "bundle.json").read_text(encoding="utf-8"))
    (name,) = content["weights"]
    raw = bytearray((shipped / name).read_bytes())
    raw[-1] ^= 1
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(raw)
    (tmp_path / "bundle.json").write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(BundleError, match="SHA-256"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("window", "says"),
    [([41, 57, 40], "every edge is a multiple of 8"), ([40, 56], "not enough values")],
)
def test_a_window_that_the_network_cannot_halve_is_refused_at_start(
    tmp_path: Path, window: list[int], says: str
) -> None:
    """In one line that names the bundle, not at the first study."""
    shipped, folder = models.bundle_folder("hippocampus"), tmp_path / "own"
    shutil.copytree(shipped / "weights", folder / "weights")
    content = json.loads((shipped / "bundle.json").read_text(encoding="utf-8"))
    content["preprocessing"]["window"] = window
    (folder / "bundle.json").write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(BundleError, match=f"^own: preprocessing: .*{says}"):
        build(folder)


@pytest.mark.data
@pytest.mark.parametrize("study", ["Study1", "Study3"])
def test_real_crops_are_inside_the_training_range(
    model: HippocampusModel, study: str
) -> None:
    """Total from 2427 to 4358 mm³, and one component per class."""
    files = [
        p for p in (data_folder() / "mr_studies" / study).rglob("*") if p.is_file()
    ]
    (series,) = [
        s for s in read_study(files).series if s.series_description == "HippoCrop"
    ]

    findings = model.predict(load_volume(series), Context(precision="fp32"))

    total = next(m.value for m in findings.measurements if m.structure == "Hippocampus")
    assert 2427 <= total <= 4358
    for label in (1, 2):
        assert ndimage.label(findings.label_map == label)[1] == 1

"""A bundle that loads is complete and intact."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from models.volume.bundle import (
    REQUIRED,
    BundleError,
    amend,
    load_acceptance,
    load_bundle,
    sha256_file,
)
from models.volume.columns import Column
from models.volume.rule import Acceptance

WEIGHTS = b"weights of a network"


def build_bundle(folder: Path, **changes: Any) -> Path:
    """Write a bundle of one weights file, with changes; None leaves a key out."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.safetensors").write_bytes(WEIGHTS)
    content = {
        "name": "hippocampus",
        "title": "Hippocampus",
        "version": "1.0.0",
        "status": "research",
        "intended_use": "research",
        "not_for": "diagnosis",
        "licence": "CC BY-SA 4.0",
        "acceptance": {"modality": "MR", "description": "crop"},
        "weights": {"net.safetensors": hashlib.sha256(WEIGHTS).hexdigest()},
    } | changes
    kept = {key: value for key, value in content.items() if value is not None}
    (folder / "bundle.json").write_text(json.dumps(kept))
    return folder


def test_a_bundle_says_what_it_holds(tmp_path: Path) -> None:
    """Required and optional keys arrive in their fields."""
    bundle = load_bundle(build_bundle(tmp_path, preprocessing={"window": [40, 56, 40]}))

    assert bundle.name == "hippocampus"
    assert bundle.acceptance == Acceptance(modality="MR", description="crop")
    assert bundle.preprocessing["window"] == [40, 56, 40]
    assert bundle.metrics == {}
    assert bundle.weights_path("net.safetensors").read_bytes() == WEIGHTS


def test_the_digest_follows_every_change(tmp_path: Path) -> None:
    """Result UIDs hang on it; the weights' own digest follows the weights alone."""
    first = load_bundle(build_bundle(tmp_path / "a"))
    same = load_bundle(build_bundle(tmp_path / "b"))
    other = load_bundle(build_bundle(tmp_path / "c", version="1.0.1"))

    assert first.digest == same.digest != other.digest
    assert first.weights_digest == other.weights_digest


def test_the_digest_of_the_weights_is_that_of_their_bytes(tmp_path: Path) -> None:
    """Anybody can compute it: ``sha256sum`` of the file, or of several in a row."""
    a, b = b"first network", b"second network"
    build_bundle(tmp_path)
    (tmp_path / "a.safetensors").write_bytes(a)
    (tmp_path / "b.safetensors").write_bytes(b)
    hashes = {
        "b.safetensors": hashlib.sha256(b).hexdigest(),
        "a.safetensors": hashlib.sha256(a).hexdigest(),
    }

    one = load_bundle(tmp_path)
    two = load_bundle(build_bundle(tmp_path, weights=hashes))

    assert one.weights_digest == one.weights["net.safetensors"]
    assert one.weights_digest == sha256_file(tmp_path / "net.safetensors")
    assert two.weights_digest == hashlib.sha256(a + b).hexdigest()


@pytest.mark.parametrize("key", REQUIRED)
def test_no_required_key_may_be_missing(tmp_path: Path, key: str) -> None:
    """The message names the key."""
    with pytest.raises(BundleError, match=key):
        load_bundle(build_bundle(tmp_path, **{key: None}))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"colour": "red"}, "colour"),
        ({"status": "approved"}, "status"),
        ({"acceptance": {"modality": "MR", "slices": 3}}, "slices"),
        ({"acceptance": {"description": "crop"}}, "modality"),
        ({"acceptance": {"modality": "MR", "description": "("}}, "regular"),
        ({"weights": {"net.safetensors": "0" * 64}}, "SHA-256"),
        ({"weights": {"gone.safetensors": "0" * 64}}, "missing"),
        ({"weights": {"net.pt": "0" * 64}}, "safetensors"),
        ({"weights": {"../net.safetensors": "0" * 64}}, "inside"),
        ({"fast": "no heat map"}, "fast"),
        ({"fast": {"ru": "без тепловой карты"}}, "English"),
    ],
)
def test_what_a_bundle_must_not_say(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    """Unknown keys, unknown states, and weights that are not the named bytes."""
    with pytest.raises(BundleError, match=complaint):
        load_bundle(build_bundle(tmp_path / "bundle", **changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"modality": ""}, "modality"),
        ({"description": 3}, "description"),
        ({"description": "["}, "description"),
        ({"min_slices": 0}, "min_slices"),
        ({"max_slices": 3.5}, "max_slices"),
        ({"max_slices": "many"}, "max_slices"),
        ({"min_matrix": True}, "min_matrix"),
        ({"min_slices": 9, "max_slices": 8}, "min_slices 9 is above max_slices 8"),
        ({"min_matrix": 65, "max_matrix": 64}, "min_matrix 65"),
        ({"min_spacing_mm": -0.1}, "min_spacing_mm"),
        ({"max_spacing_mm": math.nan}, "max_spacing_mm"),
        ({"max_spacing_mm": math.inf}, "max_spacing_mm"),
        ({"min_spacing_mm": 2.5, "max_spacing_mm": 2}, "min_spacing_mm 2.5"),
    ],
)
def test_a_rule_that_nothing_can_meet_does_not_exist(
    changes: dict[str, Any], field: str
) -> None:
    """The message names the field."""
    with pytest.raises(ValueError, match=f"^{field}"):
        Acceptance(**{"modality": "MR", **changes})


def test_the_rule_is_read_without_the_weights(tmp_path: Path) -> None:
    """Settings are checked against it, wherever the weights are."""
    build_bundle(tmp_path)
    (tmp_path / "net.safetensors").unlink()

    assert load_acceptance(tmp_path) == Acceptance(modality="MR", description="crop")


def test_weights_outside_the_folder_are_refused_through_a_link(tmp_path: Path) -> None:
    """A link is followed before the path is judged."""
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes(WEIGHTS)
    folder = build_bundle(tmp_path / "bundle")
    (folder / "net.safetensors").unlink()
    (folder / "net.safetensors").symlink_to(outside)

    with pytest.raises(BundleError, match="inside"):
        load_bundle(folder)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", None])
def test_a_folder_without_a_readable_description_is_no_bundle(
    tmp_path: Path, content: bytes | None
) -> None:
    """Missing, cut off, of another kind, or no text."""
    if content is not None:
        (tmp_path / "bundle.json").write_bytes(content)

    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(tmp_path)


def test_only_named_weights_have_a_path(tmp_path: Path) -> None:
    """A model cannot load a file that nobody checked."""
    bundle = load_bundle(build_bundle(tmp_path))
    (tmp_path / "other.safetensors").write_bytes(b"")

    with pytest.raises(BundleError, match=r"other\.safetensors"):
        bundle.weights_path("other.safetensors")


def test_files_are_hashed_as_everywhere(tmp_path: Path) -> None:
    """The hash in a bundle is what sha256sum prints."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")

    assert sha256_file(path) == hashlib.sha256(b"abc").hexdigest()


def test_a_bundle_names_the_columns_of_its_table(tmp_path: Path) -> None:
    """The node makes a table of results of a model that it knows nothing about."""
    columns = {"total_mm3": {"structure": "Hippocampus", "unit": "mm3"}}

    bundle = load_bundle(build_bundle(tmp_path, columns=columns))

    assert bundle.columns == {"total_mm3": Column("Hippocampus", "mm3")}


@pytest.mark.parametrize(
    "columns",
    [
        ["total_mm3"],
        {"total_mm3": {"structure": "Hippocampus"}},
        {"total_mm3": {"structure": "", "unit": "mm3"}},
        {"total_mm3": "Hippocampus"},
        {"=total": {"structure": "Hippocampus", "unit": "mm3"}},
    ],
)
def test_columns_that_say_nothing_are_refused(tmp_path: Path, columns: Any) -> None:
    """A table with a column that is never filled is not made by mistake."""
    with pytest.raises(BundleError, match="columns"):
        load_bundle(build_bundle(tmp_path, columns=columns))


def test_a_bundle_takes_what_was_measured_and_keeps_all_else(tmp_path: Path) -> None:
    """A new key inside an object, and a whole object in place of another."""
    folder = build_bundle(tmp_path, training={"cases": 3}, metrics={"old": 1})

    amend(folder, {"training.retest": {"repeats": 12}, "metrics": {"cases": 3}})

    made = load_bundle(folder)
    assert made.training == {"cases": 3, "retest": {"repeats": 12}}
    assert made.metrics == {"cases": 3}
    assert made.licence == "CC BY-SA 4.0"
    assert [path.name for path in folder.glob("bundle*")] == ["bundle.json"]


def test_what_is_no_intact_bundle_takes_nothing(tmp_path: Path) -> None:
    """Figures of these weights would stand beside others."""
    folder = build_bundle(tmp_path)
    (folder / "net.safetensors").write_bytes(b"others")
    before = (folder / "bundle.json").read_bytes()

    with pytest.raises(BundleError, match="SHA-256"):
        amend(folder, {"metrics": {}})

    assert (folder / "bundle.json").read_bytes() == before

"""A bundle that lacks something, or holds something else, is an error."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models.chest_ct.model import build
from models.chest_ct.readers import PROFILE_FILE, SLICES_FILE, cnn_file
from models.volume.bundle import BUNDLE_FILE, BundleError, sha256_file
from tests.models.chest_ct.tiny_bundle import content, write_bundle

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("name", [cnn_file(1), SLICES_FILE, PROFILE_FILE])
def test_missing_weights_are_an_error(tmp_path: Path, name: str) -> None:
    """No network ever answers without having learned."""
    folder = write_bundle(tmp_path / "tiny")
    (folder / name).unlink()
    with pytest.raises(BundleError, match="missing"):
        build(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c["training"]["cnn"].update(widths=(4, 8, 8, 16)), "size mismatch"),
        (lambda c: c["training"]["cnn"].update(networks=3), "cnn_2"),
        (lambda c: c["training"]["cnn"].update(networks=0), "not 0 3D networks"),
        (lambda c: c["training"]["slices"].update(width=8), "size mismatch"),
        (lambda c: c["training"]["z_profile"]["weights"].update(odd=1.0), "odd"),
        (lambda c: c["training"]["z_profile"]["weights"].update(denser=-1.0), "below"),
        (lambda c: c["decision"]["rules"].pop("fast"), "fast"),
        (
            lambda c: c["decision"]["rules"]["fast"]["weights"].update(slices=1.0),
            "fast mode",
        ),
        (
            lambda c: c["decision"]["rules"]["full"]["threshold"].update(
                positive="normal"
            ),
            "normal",
        ),
        (lambda c: c["preprocessing"]["cnn"].pop("field"), "field"),
        (lambda c: c["decision"]["places"].update(tumour=0.5), "TUMOUR"),
        (lambda c: c["decision"]["places"].update(nodule=0.0), "above 0"),
        (lambda c: c["decision"]["places"].pop("nodule"), "nodule is told is not said"),
        (lambda c: c.update(shared_weights={}), "another network of the lungs"),
        (lambda c: c["decision"]["rules"]["fast"].update(bias=math.nan), "no number"),
        (lambda c: c["training"]["z_profile"].update(bias=math.nan), "no number"),
        (lambda c: c["training"]["z_profile"]["weights"].pop("denser"), "sign denser"),
        (lambda c: c["training"].update(networks={}), "of no training"),
        (lambda c: c.update(metrics={}), "no figure of a validation"),
        (lambda c: c["training"]["cnn"].update(networks=1), "not 1 3D networks"),
        (
            lambda c: c["preprocessing"].update(cnn=c["preprocessing"]["slices"]),
            "the cnn networks were trained with another view",
        ),
        (
            lambda c: c["preprocessing"]["cnn"].update(
                windows_hu=[[-1000.0, -500.0], [200.0, -700.0]]
            ),
            "to a higher one",
        ),
    ],
)
def test_a_bundle_that_contradicts_itself_is_an_error(
    tmp_path: Path, change: Change, says: str
) -> None:
    """It names what is wrong, on one line."""
    plain = copy.deepcopy(content())
    change(plain)
    folder = write_bundle(tmp_path / "tiny", **plain)
    with pytest.raises(BundleError, match=says) as error:
        build(folder)
    assert "\n" not in str(error.value)


def test_one_network_is_not_the_mean_of_two(tmp_path: Path) -> None:
    """A file that was copied over another one is told of."""
    folder = write_bundle(tmp_path / "tiny")
    plain = json.loads((folder / BUNDLE_FILE).read_text("utf-8"))
    (folder / cnn_file(1)).write_bytes((folder / cnn_file(0)).read_bytes())
    plain["weights"][cnn_file(1)] = plain["weights"][cnn_file(0)]
    (folder / BUNDLE_FILE).write_text(json.dumps(plain), "utf-8")

    with pytest.raises(BundleError, match="one and the same"):
        build(folder)


@pytest.mark.parametrize("name", [cnn_file(0), SLICES_FILE, PROFILE_FILE])
def test_weights_that_are_no_numbers_are_an_error(tmp_path: Path, name: str) -> None:
    """A NaN would make every answer a NaN, or, worse, none of it."""
    folder = write_bundle(tmp_path / "tiny")
    plain = json.loads((folder / BUNDLE_FILE).read_text("utf-8"))
    tensors = load_file(folder / name)
    first = next(iter(tensors))
    tensors[first] = np.full_like(tensors[first], np.nan)
    save_file(tensors, folder / name)
    old, new = plain["weights"][name], sha256_file(folder / name)
    text = json.dumps(plain).replace(old, new)
    (folder / BUNDLE_FILE).write_text(text, "utf-8")

    with pytest.raises(BundleError, match=r"no number|no band|NaN"):
        build(folder)

"""A bundle that lacks something, or holds something else, is an error."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.chest_ct.model import build
from models.chest_ct.readers import PROFILE_FILE, SLICES_FILE, cnn_file
from models.volume.bundle import BundleError
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
        (lambda c: c["training"]["cnn"].update(networks=0), "no 3D network"),
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
        (lambda c: c["decision"]["rules"]["fast"].update(bias=math.nan), "no number"),
        (lambda c: c["training"]["z_profile"].update(bias=math.nan), "no number"),
        (lambda c: c["training"]["z_profile"]["weights"].pop("denser"), "sign denser"),
        (lambda c: c["training"].update(networks={}), "of no training"),
        (lambda c: c.update(metrics={}), "no figure of a validation"),
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

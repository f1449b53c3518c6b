"""``pacs-node rule`` as a person types it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.hippocampus.phantom import write_study
from tests.dicom_series import write_series
from tests.enhanced_series import write_enhanced
from tests.node.test_main import ROOT, pacs_node

OTHER_RULE = {"PACS_NODE_MODELS__HIPPOCAMPUS__ACCEPT__DESCRIPTION": "T1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a phantom study: a T1 of a head and a crop."""
    folder = tmp_path_factory.mktemp("rule")
    write_study(folder / "study", 44)
    return folder


def models_by_description(output: str) -> dict[str, dict[str, Any]]:
    """Return what the one model makes of each series, from JSON."""
    (study,) = json.loads(output)["studies"]
    return {s["description"]: s["models"][0] for s in study["series"]}


def test_a_study_is_told_series_by_series_with_what_decided(folder: Path) -> None:
    """Plain lines of at most 80 columns; one accepted series is enough."""
    status, output, errors = pacs_node("rule", "study", folder=folder)

    lines = output.splitlines()
    assert (status, errors) == (0, "")
    assert re.fullmatch(
        r"hippocampus [\d.]+ judges by the rule of its bundle", lines[0]
    )
    assert "  hippocampus: refused because description: 'T1 MPRAGE'" in output
    assert "  hippocampus: accepted as MR 'HippoCrop', 36 slices of 50 x 35; " in output
    (broken, *_) = [line.split() for line in lines if "broken" in line]
    assert broken[:3] == ["broken", "(0008,103E)", "SeriesDescription"]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in output


def test_json_holds_every_check_with_tag_value_and_bound(folder: Path) -> None:
    """For machines, and for whoever wants it all."""
    _, output, _ = pacs_node("rule", "study", "--json", folder=folder)

    found = models_by_description(output)
    assert (found["HippoCrop"]["accepted"], found["HippoCrop"]["chosen"]) == (
        True,
        True,
    )
    (modality, *_) = found["T1 MPRAGE"]["checks"]
    assert modality == {
        "reason": "modality",
        "keywords": ["Modality"],
        "tags": ["(0008,0060)"],
        "found": "'MR'",
        "wanted": "'MR'",
        "holds": True,
    }
    assert json.loads(output)["rules"][0]["site_keys"] == []


def test_a_rule_of_the_site_is_tried_and_named(folder: Path) -> None:
    """It refuses the crop, and lets in no head of that many pixels."""
    status, output, _ = pacs_node("rule", "study", folder=folder, **OTHER_RULE)

    assert status == 1
    assert "the rule of this site: description from [models.hippocampus.accept]" in (
        " ".join(output.split())
    )
    assert "refused because description: 'HippoCrop', wanted a match of 'T1'" in output
    assert "refused because matrix: 128 x 128" in output


def test_one_file_of_a_series_says_which_folder_to_name(folder: Path) -> None:
    """A slice alone is no volume, whatever the series is."""
    file = sorted((folder / "study" / "hippocrop").iterdir())[0]

    status, output, _ = pacs_node(
        "rule", str(file.relative_to(folder)), "--model", "hippocampus", folder=folder
    )
    _, whole, _ = pacs_node("rule", str(file), "study", folder=folder)

    assert status == 1
    assert "refused because single_slice" in output
    assert output.splitlines()[-1] == "    pacs-node rule study/hippocrop"
    assert "that you named" not in whole


def test_a_rule_of_the_site_names_planes_and_what_it_prefers(tmp_path: Path) -> None:
    """And an enhanced image is judged by its frames, though it is one file."""
    array = np.zeros((20, 32, 32), np.int16)
    paths = write_series(tmp_path / "single", array, description="HippoCrop")
    write_enhanced(paths, tmp_path / "study" / "image.dcm")
    (tmp_path / "node.toml").write_text(
        "[models.hippocampus.accept]\n"
        'planes = ["coronal"]\n'
        'image_types_refused = ["LOCALIZER"]\n'
    )

    status, output, errors = pacs_node("rule", "study/image.dcm", folder=tmp_path)

    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert (status, errors) == (1, "")
    assert "series 1 'HippoCrop' 20 frames" in lines
    assert "hippocampus: refused because plane: axial, wanted coronal" in lines
    assert any(line.startswith("ok (0008,0008) ImageType ORIG") for line in lines)
    assert "slices and spacing were judged on the one file that you named;" in lines


def test_a_file_that_lies_in_a_named_folder_was_not_named_alone(
    folder: Path, tmp_path: Path
) -> None:
    """Its folder is what the advice would name."""
    shutil.copy(sorted((folder / "study" / "hippocrop").iterdir())[0], tmp_path / "a")

    _, output, _ = pacs_node("rule", ".", "a", folder=tmp_path)

    assert "1 image" in output
    assert "that you named" not in output


def test_what_is_no_image_is_counted_and_named(folder: Path, tmp_path: Path) -> None:
    """By reason; a name that a terminal would obey is made harmless."""
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    shutil.copy(sorted((folder / "study" / "hippocrop").iterdir())[0], mixed)
    for number in range(7):
        (mixed / f"{number}\x1b[31m.txt").write_text("notes")
    (mixed / f"{'long' * 30}.dcm").touch()

    _, output, _ = pacs_node("rule", "mixed", folder=tmp_path)
    (mixed / "notes.txt").write_text("notes")
    nothing, told, _ = pacs_node("rule", "mixed/notes.txt", folder=tmp_path)

    assert "not judged, not_dicom: 7 files\n  mixed/0?[31m.txt\n" in output
    assert "  and 2 more: --json lists them all\n" in output
    assert f"not judged, empty: 1 file\n  mixed/{'long' * 30}.dcm\n" in output
    assert nothing == 1
    assert told.splitlines()[-1] == "no DICOM image here"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rule",), "Missing argument"),
        (("rule", "nowhere"), "does not exist"),
        (("rule", "study", "--model", "liver"), "models are hippocampus"),
        (("rule", "study", "--config", "none.toml"), "No such file"),
    ],
)
def test_wrong_use_is_told_apart_from_a_refusal(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Exit status 2, and words that help."""
    status, _, errors = pacs_node(*arguments, folder=folder, COLUMNS="200")

    assert status == 2
    assert words in errors


def test_no_model_is_loaded_to_ask_what_it_reads(folder: Path) -> None:
    """Torch alone would take longer than all the headers."""
    script = (
        "import sys; from node.commands import app; "
        "app(['rule', 'study'], standalone_mode=False); "
        "sys.exit('torch' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.data
def test_of_a_real_study_the_crop_is_chosen(shared_data: Path, tmp_path: Path) -> None:
    """Five series; four are refused by their description."""
    study = str(shared_data / "mr_studies" / "Study1")

    status, output, _ = pacs_node("rule", study, "--json", folder=tmp_path)

    found = models_by_description(output)
    assert status == 0
    assert [name for name, model in found.items() if model["chosen"]] == ["HippoCrop"]
    reasons = [model["reason"] for model in found.values() if not model["chosen"]]
    assert reasons == ["description"] * 4

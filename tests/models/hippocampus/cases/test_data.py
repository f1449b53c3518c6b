"""Training pairs: read into one frame; what the analysis calls broken is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.hippocampus.cases.data import read_data
from models.hippocampus.eda.phantom_pairs import write_part
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import normalise
from tests.models.hippocampus.eda import planting
from tests.models.hippocampus.learning.test_dataset import write_pair


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder of three sound pairs, to break."""
    folder = tmp_path / "my data"
    for name in ("hippocampus_003", planting.OTHER, planting.CASE):
        write_pair(folder, name, seed=int(name[-1]))
    return folder


def test_a_pair_is_read_into_the_networks_frame(data: Path) -> None:
    """Head, front, right in this order; files 2k - 1 and 2k are one subject."""
    first, second, third = read_data(data).cases

    assert np.array_equal(first.labels, phantom(3)[1])
    assert np.allclose(first.image, normalise(phantom(3)[0]), atol=1e-4)
    assert first.subject == second.subject == 2
    assert third.subject == 5


@pytest.mark.parametrize(
    "kind", ["name", "unreadable", "affine_mismatch", "label_values", "duplicate"]
)
def test_a_pair_that_the_analysis_calls_broken_is_not_trained_on(
    kind: str, data: Path
) -> None:
    """One line names the case and what to type."""
    (case,) = getattr(planting, kind)(data)

    with pytest.raises(ValueError, match=f"^{case}: ") as refused:
        read_data(data)

    typed = f"pacs-model eda hippocampus '{data}' --output eda, then --data eda/out"
    assert str(refused.value).endswith(typed)
    assert "\n" not in str(refused.value)


def test_labels_that_are_stored_the_other_way_round_are_refused(data: Path) -> None:
    """As RAS images with LAS labels are: as they lie in the file, they are mirrored."""
    path = planting.path(data, "labels")
    mirrored = planting.array(data, "labels")[::-1]
    write_part(path, mirrored, np.diag([-1.0, 1, 1, 1]))

    with pytest.raises(ValueError, match=f"^{planting.CASE}: image and labels lie"):
        read_data(data)


def test_what_is_no_pair_is_left_out(data: Path) -> None:
    """There is nothing to learn from an image without labels."""
    planting.missing_labels(data)

    assert planting.CASE not in {case.name for case in read_data(data).cases}


def test_all_broken_cases_are_counted(data: Path) -> None:
    """The first is named; the analysis names them all."""
    planting.label_values(data)
    (data / "images" / f"{planting.OTHER}.nii.gz").write_bytes(b"damaged")

    with pytest.raises(ValueError, match=r"\(and 1 more broken\)"):
        read_data(data)


def test_no_case_is_left_out_for_its_name(tmp_path: Path) -> None:
    """Ones that are broken in Task04 may be sound in a folder of one's own."""
    write_pair(tmp_path, "hippocampus_010")

    assert [case.name for case in read_data(tmp_path).cases] == ["hippocampus_010"]


def test_without_a_pair_there_is_nothing_to_train_on(data: Path) -> None:
    """Images alone are none."""
    for path in (data / "labels").iterdir():
        path.unlink()

    with pytest.raises(FileNotFoundError, match="no images/ and labels/ with pairs"):
        read_data(data)


def test_the_digest_notices_one_other_label(data: Path) -> None:
    """The training data are named by their content."""
    before = read_data(data).sha256
    labels = planting.array(data, "labels")
    labels[tuple(np.argwhere(labels == 2)[0])] = 0
    write_part(planting.path(data, "labels"), labels)

    assert read_data(data).sha256 != before

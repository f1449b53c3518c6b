"""Who looks at a training: TensorBoard read back, pictures looked at, lines."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from rich.console import Console
from torch import nn

from models.training.overlays import COLOURS, GAP, OPACITY, ZOOM, Window, draw
from models.training.progress import TerminalProgress
from models.training.tensorboard import TensorBoard
from models.training.tracking import Epoch, Watch
from tests.models.training.lines import train

SHAPE = (6, 8, 10)


def block_window() -> Window:
    """Return a dark image with a bright block of label 1, high, in front, at right."""
    truth = np.zeros(SHAPE, np.uint8)
    truth[4:6, 5:8, 7:10] = 1
    return Window("block", truth.astype(np.float32), truth)


def certain(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return probabilities ``(3, D, H, W)`` that leave no doubt."""
    return np.stack([labels == k for k in range(3)]).astype(np.float32)


def columns(picture: npt.NDArray[np.uint8], row: int) -> list[npt.NDArray[np.uint8]]:
    """Cut one row of a picture into its planes, a pixel for each voxel."""
    sizes = [[n for axis, n in enumerate(SHAPE) if axis != row_] for row_ in range(3)]
    top = sum(height * ZOOM + GAP for height, _ in sizes[:row])
    height, width = sizes[row]
    step = width * ZOOM + GAP
    return [
        picture[top : top + height * ZOOM : ZOOM, x : x + width * ZOOM : ZOOM]
        for x in range(0, 5 * step, step)
    ]


def test_a_picture_shows_image_truth_prediction_and_probabilities() -> None:
    """Head and front are up, the patient's right is at the left, labels coloured."""
    window = block_window()
    picture = draw(window, certain(np.where(window.truth == 1, 2, 0).astype(np.uint8)))

    for row in range(3):
        image, truth, found, anterior, posterior = columns(picture, row)
        inside, outside = (0, 0), (-1, -1)  # up and left is where the block lies
        assert image[inside].tolist() == [255] * 3
        assert image[outside].tolist() == [0] * 3
        for plane, label in ((truth, 1), (found, 2)):
            mixed = [255 + OPACITY * (c - 255) for c in COLOURS[label - 1]]
            assert plane[inside] == pytest.approx(mixed, abs=1)
            assert plane[outside].tolist() == [0] * 3
        assert anterior.max() == 0
        assert posterior[inside].tolist() == [255] * 3


def events(folder: Path) -> Any:
    """Return what TensorBoard reads in a folder."""
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    return accumulators.EventAccumulator(
        str(folder), size_guidance={"images": 0}
    ).Reload()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorboard")
def test_tensorboard_reads_curves_and_pictures(tmp_path: Path) -> None:
    """Figures of every epoch; pictures of the first, each second and the last."""
    window = block_window()
    board = TensorBoard(
        tmp_path / "board", [window], lambda network, image: certain(window.truth), 2
    )
    watch = Watch([board], lambda network: {"dice": 0.5}, every=3)

    train(tmp_path, 5, watch=watch)

    found = events(tmp_path / "board")
    assert [x.step for x in found.Scalars("loss")] == [1, 2, 3, 4, 5]
    assert [x.step for x in found.Scalars("validation/dice")] == [3, 5]
    assert found.Scalars("learning_rate")[-1].value < 1e-4
    assert [x.step for x in found.Images("block")] == [1, 2, 4, 5]
    stored = Image.open(io.BytesIO(found.Images("block")[-1].encoded_image_string))
    assert np.array_equal(np.asarray(stored), draw(window, certain(window.truth)))


def test_tensorboard_is_loaded_by_nobody_who_did_not_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it a training runs; with the wish for it there is one line."""
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    train(tmp_path, 1)

    with pytest.raises(ValueError, match=r"pip install 'pacs-ai-node\[train\]'"):
        TensorBoard(tmp_path, [], lambda network, image: image)


def test_without_a_terminal_progress_is_plain_lines() -> None:
    """One per epoch with loss, seconds, time left and figures; no bar, no colour."""
    written = io.StringIO()
    progress = TerminalProgress(Console(file=written, width=80))
    first = Epoch(2, 0.5, 1e-3, 90.0, "fp32", "a processor")
    last = Epoch(3, 0.25, 0.0, 92.0, "fp32", "a processor", {"whole": 0.9})

    progress.read(4, 4)
    progress.begin([Epoch(1, 1.0, 1e-3, 88.0, "fp32", "a processor")], 3, 5)
    progress.step(1, 0.7)
    for record in (first, last):
        progress.epoch(record, nn.Identity())
    progress.close()

    assert written.getvalue().splitlines() == [
        "4 cases read",
        "goes on after epoch 1 of 3",
        "epoch 2 of 3   loss 0.5000   90.0 s   1 min left",
        "epoch 3 of 3   loss 0.2500   92.0 s   whole 0.9000",
    ]


def test_on_a_terminal_a_bar_moves_and_goes_away() -> None:
    """It says epoch, loss and time left, and the lines stay."""
    written = io.StringIO()
    console = Console(file=written, width=80, force_terminal=True, color_system=None)
    progress = TerminalProgress(console)

    progress.begin([], 2, 4)
    progress.step(3, 0.7)
    progress.epoch(Epoch(1, 0.5, 1e-3, 60.0, "fp32", "a processor"), nn.Identity())
    progress.step(2, 0.4)
    progress.close()

    shown = written.getvalue()
    assert "epoch 1 of 2   loss 0.5000   60.0 s   1 min left" in shown
    assert "━" in shown
    assert shown.endswith("\x1b[2K")  # the last line, the bar, is cleared

"""bf16 is chosen only where it was seen to be faster."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from models.training.precision import choose_precision, reduced_precision


def step_taking(fp32_s: float, bf16_s: float) -> Callable[[str], None]:
    """Return work that takes so long at each precision."""
    seconds = {"fp32": fp32_s, "bf16": bf16_s}
    return lambda precision: time.sleep(seconds[precision])


@pytest.mark.parametrize(
    ("fp32_s", "bf16_s", "chosen"),
    [(0.05, 0.005, "bf16"), (0.05, 0.048, "fp32"), (0.01, 0.2, "fp32")],
)
def test_the_faster_one_is_chosen(fp32_s: float, bf16_s: float, chosen: str) -> None:
    """With a margin, so that noise does not decide."""
    assert choose_precision(step_taking(fp32_s, bf16_s)) == chosen


def test_a_hopeless_precision_is_tried_once() -> None:
    """Where bf16 is emulated a single step already costs too much."""
    calls: list[str] = []

    def step(precision: str) -> None:
        calls.append(precision)
        time.sleep(0.001 if precision == "fp32" else 0.1)

    choose_precision(step)

    assert calls.count("bf16") == 1


def test_a_wish_is_obeyed_and_an_unknown_one_refused() -> None:
    """Nothing is timed when the precision is named."""
    assert choose_precision(step_taking(1, 1), "bf16") == "bf16"
    with pytest.raises(ValueError, match="auto, fp32 or bf16"):
        choose_precision(step_taking(0, 0), "fp16")


def test_an_older_gpu_is_timed_with_fp16() -> None:
    """What ``auto`` tries beside fp32 is the device's; a CPU tries bf16."""
    tried: list[str] = []

    def step(precision: str) -> None:
        tried.append(precision)
        time.sleep(0.02 if precision == "fp32" else 0.002)

    assert choose_precision(step, reduced="fp16") == "fp16"
    assert "bf16" not in tried
    assert reduced_precision("cpu") == "bf16"

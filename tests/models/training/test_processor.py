"""What ``auto`` means is decided by the processor, not by how busy it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.training.processor import multiplies_bf16, serving_precision


def step_taking(fp32_s: float, bf16_s: float) -> Callable[[str], None]:
    """Return work that takes so long at each precision."""
    seconds = {"fp32": fp32_s, "bf16": bf16_s}
    return lambda precision: time.sleep(seconds[precision])


def never(precision: str) -> None:
    """Fail: nothing may be timed."""
    raise AssertionError(f"a step in {precision} was timed")


@pytest.mark.parametrize(
    ("line", "native"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 sha_ni", True),
        ("flags\t\t: fpu amx_tile amx_bf16", True),
        ("Features\t: fp asimd bf16 i8mm", True),
        ("flags\t\t: fpu avx2 avx512f avx512_vnni", False),
        ("model name\t: a processor of no flags", False),
    ],
)
def test_the_flags_of_the_processor_say_what_it_can(
    tmp_path: Path, line: str, native: bool
) -> None:
    """x86 and Arm list them under different names."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{line}\n", encoding="utf-8")

    assert multiplies_bf16("cpu", cpuinfo) is native


def test_a_system_without_the_list_counts_as_one_without_bf16(tmp_path: Path) -> None:
    """Nothing is guessed."""
    assert not multiplies_bf16("cpu", tmp_path / "none")


def test_without_native_bf16_nothing_is_timed() -> None:
    """Where it is emulated a single step would cost seconds."""
    assert serving_precision(never, native_bf16=False) == "fp32"


@pytest.mark.parametrize(
    ("fp32_s", "bf16_s", "chosen"),
    [(0.02, 0.005, "bf16"), (0.02, 0.03, "bf16"), (0.005, 0.05, "fp32")],
    ids=["faster", "a little slower for once", "far slower"],
)
def test_a_stopwatch_objects_only_by_a_wide_margin(
    fp32_s: float, bf16_s: float, chosen: str
) -> None:
    """Two workers that start at a busy moment decide alike."""
    step = step_taking(fp32_s, bf16_s)

    assert serving_precision(step, native_bf16=True) == chosen


def test_a_wish_is_obeyed_and_an_unknown_one_refused() -> None:
    """Nothing is timed when the precision is named."""
    assert serving_precision(never, "bf16", native_bf16=False) == "bf16"
    assert serving_precision(never, "fp32", native_bf16=True) == "fp32"
    with pytest.raises(ValueError, match="auto, fp32 or bf16"):
        serving_precision(never, "fp16", native_bf16=True)

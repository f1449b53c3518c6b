"""The processor decides the arithmetic, not how busy it is; a clock may object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from models.training import precision
from models.training.precision import (
    SERVING_LIMIT,
    TRAINING_LIMIT,
    choose_precision,
    chosen_device,
    multiplies_bf16,
    processor,
    reduced_precision,
)


class Clock:
    """A clock that only work moves: no other program can make it go faster."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        """Return the time, as the module of that name does."""
        return self.now_s

    def step_taking(self, fp32_s: float, reduced_s: float) -> Callable[[str], None]:
        """Return work that takes so long in fp32, and in any sixteen bits."""

        def step(chosen: str) -> None:
            self.now_s += fp32_s if chosen == "fp32" else reduced_s

        return step


def never(chosen: str) -> None:
    """Fail: nothing may be timed."""
    raise AssertionError(f"a step in {chosen} was timed")


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
    """x86 and Arm name them differently; without a list nothing is guessed."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{line}\n", encoding="utf-8")

    assert multiplies_bf16("cpu", cpuinfo) is native
    assert not multiplies_bf16("cpu", tmp_path / "none")


def test_a_processor_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Linux gives it, of the first core."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\nmodel name\t: Maker: Model 7\nmodel name\t: another\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(precision, "CPUINFO", cpuinfo)

    assert processor(torch.device("cpu")) == "Maker: Model 7"


@pytest.mark.parametrize(
    ("there", "chosen"), [(True, "cuda"), (False, "cpu")], ids=["a GPU", "none"]
)
def test_a_gpu_is_taken_where_there_is_one_and_missed_where_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, there: bool, chosen: str
) -> None:
    """In one line that says what to leave out; nobody trains on a CPU unawares."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)

    assert chosen_device("auto") == chosen
    assert chosen_device("cpu") == "cpu"
    if there:
        assert chosen_device("cuda") == "cuda"
    else:
        with pytest.raises(ValueError, match="leave out --device cuda"):
            chosen_device("cuda")


@pytest.mark.parametrize("limit", [SERVING_LIMIT, TRAINING_LIMIT])
def test_without_native_sixteen_bits_nothing_is_timed(limit: float) -> None:
    """Where they are emulated a single step would cost seconds."""
    assert choose_precision(never, "auto", "fp32", limit) == "fp32"


def test_an_older_gpu_has_fp16_for_a_training_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its small range needs a scaled loss; a CPU is never given it."""
    monkeypatch.setattr(precision, "multiplies_bf16", lambda device: False)

    assert reduced_precision("cuda", fp16=True) == "fp16"
    assert reduced_precision("cuda") == reduced_precision("cpu", fp16=True) == "fp32"


@pytest.mark.parametrize(
    ("limit", "fp32_s", "reduced_s", "chosen"),
    [
        (TRAINING_LIMIT, 1.0, 0.5, "fp16"),
        (TRAINING_LIMIT, 1.0, 0.9, "fp32"),
        (SERVING_LIMIT, 1.0, 1.5, "fp16"),
        (SERVING_LIMIT, 1.0, 10.0, "fp32"),
    ],
    ids=["trained faster", "hardly faster", "served, slow for once", "far slower"],
)
def test_a_training_wants_a_gain_and_serving_objects_by_a_wide_margin(
    monkeypatch: pytest.MonkeyPatch,
    limit: float,
    fp32_s: float,
    reduced_s: float,
    chosen: str,
) -> None:
    """Two workers that start at a busy moment decide alike."""
    clock = Clock()
    monkeypatch.setattr(precision, "time", clock)
    step = clock.step_taking(fp32_s, reduced_s)

    assert choose_precision(step, "auto", "fp16", limit) == chosen


def test_a_wish_is_obeyed_and_an_unknown_one_refused() -> None:
    """Nothing is timed when the precision is named."""
    assert choose_precision(never, "bf16", "fp32", SERVING_LIMIT) == "bf16"
    assert choose_precision(never, "fp32", "bf16", SERVING_LIMIT) == "fp32"
    with pytest.raises(ValueError, match="auto, fp32 or bf16"):
        choose_precision(never, "fp16", "bf16", SERVING_LIMIT)

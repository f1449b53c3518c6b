"""The CPU build of torch is taken wherever plain pip would bring CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools import torch_build

ROOT = Path(__file__).resolve().parents[2]


def plan(*names: str) -> list[dict[str, Any]]:
    """Return pip's report for these packages, of unknown size."""
    return [
        {"metadata": {"name": name}, "download_info": {"url": "file:///absent"}}
        for name in names
    ]


def test_the_pinned_torch_is_asked_for() -> None:
    """constraints.txt names one version."""
    assert torch_build.pinned(ROOT / "constraints.txt").startswith("torch==")


@pytest.mark.parametrize(
    ("names", "reachable", "index", "announced"),
    [
        (("torch", "sympy"), True, False, "for the CPU: "),
        (("torch", "nvidia-cublas-cu12"), True, True, "for the CPU (about"),
        (("torch", "nvidia-cublas-cu12"), False, False, "with CUDA: "),
    ],
)
def test_the_cpu_index_is_used_only_against_cuda(
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    reachable: bool,
    index: bool,
    announced: str,
) -> None:
    """And only when it answers: otherwise pip's own choice is announced."""
    monkeypatch.setattr(torch_build, "plan", lambda requirement: plan(*names))
    monkeypatch.setattr(torch_build, "reachable", lambda url: reachable)

    arguments, line = torch_build.choose("torch==1")

    assert ("--index-url" in arguments) is index
    assert line.startswith(f"fetching torch==1 {announced}")


def test_nothing_is_announced_when_torch_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty plan fetches nothing."""
    monkeypatch.setattr(torch_build, "plan", lambda requirement: [])

    assert torch_build.choose("torch==1") == (["torch==1"], "")


def test_the_size_of_a_local_wheel_is_told(tmp_path: Path) -> None:
    """A size in MiB before anything large is fetched."""
    wheel = tmp_path / "torch.whl"
    wheel.write_bytes(b"\0" * 3 * torch_build.MIB)

    assert torch_build.size_mib(wheel.as_uri()) == 3
    assert torch_build.size_mib((tmp_path / "absent").as_uri()) is None

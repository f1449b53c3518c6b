"""Which build of torch to install: the CPU one where there is a choice.

Run by ``run.sh`` with the new environment's Python, standard library only, before
anything is installed. Prints pip's arguments on standard output and one line about
what is fetched on standard error.

Plain pip is asked first what it would take. Only when that answer drags in CUDA
(Linux on x86_64: gigabytes) and nobody asked for it, PyTorch's own index of CPU builds
is used, if it answers.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
TIMEOUT_S = 5.0
MIB = 1024 * 1024


def pinned(constraints: Path) -> str:
    """Return the requirement of torch, such as ``torch==2.13.0``."""
    match = re.search(
        r"^torch==\S+", constraints.read_text(encoding="utf-8"), re.MULTILINE
    )
    return match[0] if match else "torch"


def plan(requirement: str) -> list[dict[str, Any]]:
    """Return what pip would download for ``requirement``, by its own report."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet"]
    command += ["--report", "-", requirement]
    done = subprocess.run(  # noqa: S603 - pip itself
        command, check=True, capture_output=True, text=True
    )
    downloads: list[dict[str, Any]] = json.loads(done.stdout)["install"]
    return downloads


def brings_cuda(downloads: list[dict[str, Any]]) -> bool:
    """Return whether a plan contains packages of NVIDIA's run time."""
    names = [str(download["metadata"]["name"]).lower() for download in downloads]
    return any(name.startswith(("nvidia", "cuda")) for name in names)


def size_mib(url: str) -> int | None:
    """Return the size of a download in MiB, or None when it is not told."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - pip's own URL
    try:
        if url.startswith("file:"):
            return Path(urllib.request.url2pathname(url[7:])).stat().st_size // MIB
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.headers.get("Content-Length", 0)) // MIB or None
    except (OSError, ValueError):
        return None


def reachable(url: str) -> bool:
    """Return whether an index answers soon."""
    try:
        with urllib.request.urlopen(f"{url}/", timeout=TIMEOUT_S):  # noqa: S310
            return True
    except (OSError, ValueError):
        return False


def choose(requirement: str) -> tuple[list[str], str]:
    """Return pip's arguments for torch, and a line that says what will be fetched."""
    downloads = plan(requirement)
    if not downloads:
        return [requirement], ""
    if brings_cuda(downloads) and reachable(CPU_INDEX):
        return (
            [requirement, "--no-deps", "--index-url", CPU_INDEX],
            f"fetching {requirement} for the CPU (about 200 MiB)",
        )
    sizes = [size_mib(download["download_info"]["url"]) for download in downloads]
    total = sum(size or 0 for size in sizes)
    about = f"{total} MiB" + (" or more" if None in sizes else "")
    build = "with CUDA" if brings_cuda(downloads) else "for the CPU"
    return [requirement], f"fetching {requirement} {build}: {about}"


def main() -> None:
    """Print pip's arguments for the torch that ``constraints.txt`` names."""
    arguments, line = choose(pinned(Path("constraints.txt")))
    if line:
        sys.stderr.write(line + "\n")
    sys.stdout.write(" ".join(arguments) + "\n")


if __name__ == "__main__":
    main()

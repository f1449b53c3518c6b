"""What lies below a folder, found without trusting it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from node.walk import walk


def test_a_pipe_or_a_socket_is_no_file(tmp_path: Path) -> None:
    """To read it would never end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("")

    assert walk(tmp_path).files == (tmp_path / "file",)


def test_folders_may_lie_deeper_than_python_goes(tmp_path: Path) -> None:
    """A stack of our own takes a thousand of them."""
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(1100):
            os.mkdir("d")  # noqa: PTH102 - the whole path is too long for the system
            os.chdir("d")
    finally:
        os.chdir(here)

    tree = walk(tmp_path)
    subprocess.run(["/bin/rm", "-rf", tmp_path / "d"], check=True)  # nor can Python

    assert tree.files == ()


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    """It costs nothing but itself; one that vanished stands for one without rights."""
    (tmp_path / "sound").mkdir()
    (tmp_path / "sound" / "file").write_text("")
    (tmp_path / "gone").mkdir()

    def skips(folder: Path) -> bool:
        if folder.name == "gone":
            folder.rmdir()
        return False

    tree = walk(tmp_path, skips)

    assert tree.files == (tmp_path / "sound" / "file",)
    assert tree.closed == (tmp_path / "gone",)


def test_what_is_skipped_is_not_looked_into(tmp_path: Path) -> None:
    """Nor is a hidden name."""
    for name in ("in", "out", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")

    files = walk(tmp_path, lambda folder: folder.name == "out").files

    assert files == (tmp_path / "in" / "file",)

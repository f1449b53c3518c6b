"""``run-batch.sh``: a folder of ZIPs in, a spreadsheet out; one line where not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

DOCKER = """#!/bin/sh
[ "$1" = info ] && exit {info}
[ "$2" = version ] && exit 0
printf '%s\\n' "$INPUT_DIR" "$OUTPUT_DIR" "$BATCH_USER" "$@" > "{told}"
"""
"""Stands for Docker: it notes what it is asked for."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs the script in a folder of this test."""

    def script(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {
            k: v for k, v in os.environ.items() if k not in {"INPUT_DIR", "OUTPUT_DIR"}
        }
        return subprocess.run(
            [ROOT / "run-batch.sh", *arguments],
            cwd=tmp_path,
            env=kept | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    return script


def path_with(folder: Path, **programs: str) -> str:
    """Return a PATH on which these programs come first."""
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def docker(folder: Path, *, answers: bool = True) -> str:
    """Return the stand-in for Docker, which notes in ``asked`` beside it."""
    return DOCKER.format(info=0 if answers else 1, told=folder / "asked")


def with_input(folder: Path, name: str = "input") -> Path:
    """Write a folder with a ZIP that holds nothing."""
    (folder / name).mkdir()
    (folder / name / "a.ZIP").write_bytes(b"PK\5\6" + bytes(18))
    return folder / name


def test_help_says_what_it_does(run: Run) -> None:
    """Without looking for anything."""
    done = run("--help")

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: ./run-batch.sh")
    assert max(map(len, done.stdout.splitlines())) <= 88


def test_without_a_container_it_reads_here(run: Run, tmp_path: Path) -> None:
    """A row for the empty ZIP, exit status 1, and everything in ./output."""
    with_input(tmp_path)

    done = run("--native")

    assert done.returncode == 1, done.stderr
    assert "1 ZIP in ./input" in done.stdout
    made = sorted(
        path.name.partition("_")[0] for path in (tmp_path / "output").iterdir()
    )
    assert made == ["results", "results", "summary.json"]


def test_where_docker_answers_it_takes_the_container(run: Run, tmp_path: Path) -> None:
    """With both folders by their full names, as this user, and the options behind."""
    with_input(tmp_path, "zips")
    path = path_with(tmp_path / "bin", docker=docker(tmp_path))

    done = run("zips", "out", "--fast", "--workers", "2", PATH=path)

    assert done.returncode == 0, done.stderr
    source, target, user, *command = (tmp_path / "asked").read_text().splitlines()
    assert (source, target) == (str(tmp_path / "zips"), str(tmp_path / "out"))
    assert user == f"{os.getuid()}:{os.getgid()}"
    assert command[command.index("run") + 1 :][:3] == ["--rm", "batch", "python"]
    assert command[-3:] == ["--fast", "--workers", "2"]
    assert (tmp_path / "out").is_dir()


def test_a_gpu_is_used_where_there_is_one(run: Run, tmp_path: Path) -> None:
    """In the container that is built for it."""
    with_input(tmp_path)
    path = path_with(
        tmp_path / "bin", docker=docker(tmp_path), **{"nvidia-smi": "#!/bin/sh\n"}
    )

    done = run(PATH=path)

    assert "with GPU" in done.stdout
    assert "batch-gpu" in (tmp_path / "asked").read_text().splitlines()


def test_folders_may_come_from_the_environment(run: Run, tmp_path: Path) -> None:
    """As the compose file names them; what is typed comes first."""
    with_input(tmp_path, "zips")
    path = path_with(tmp_path / "bin", docker=docker(tmp_path))
    folders = {"INPUT_DIR": "zips", "OUTPUT_DIR": "there"}

    run(PATH=path, **folders)
    first = (tmp_path / "asked").read_text().splitlines()[:2]
    run("zips", "here", PATH=path, **folders)
    second = (tmp_path / "asked").read_text().splitlines()[:2]

    assert first == [str(tmp_path / "zips"), str(tmp_path / "there")]
    assert second == [str(tmp_path / "zips"), str(tmp_path / "here")]


def test_folders_of_dicom_are_read_too(run: Run, tmp_path: Path) -> None:
    """It only says that there is no ZIP."""
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.dcm").touch()
    path = path_with(tmp_path / "bin", docker=docker(tmp_path))

    assert "its folders are read as they are" in run(PATH=path).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "./input: no such folder; name the one with the ZIPs"),
        (("empty",), 1, "no ZIP in empty: put the ZIPs of the studies there"),
        (("zips", "zips/a.ZIP"), 1, "zips/a.ZIP cannot be made: name another folder"),
        (("--fast",), 2, "--fast: name INPUT and OUTPUT first"),
        (("--docker", "zips"), 1, "Docker does not answer"),
    ],
)
def test_what_cannot_be_is_one_line(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    """That says what to type, before anything is read."""
    with_input(tmp_path, "zips")
    (tmp_path / "empty").mkdir()
    path = path_with(tmp_path / "bin", docker=docker(tmp_path, answers=False))

    done = run(*arguments, PATH=path)

    assert done.returncode == status
    assert said in done.stderr
    assert done.stderr.count("\n") == 1

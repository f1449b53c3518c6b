"""``run-batch.sh``: a folder of ZIPs in, a spreadsheet out; one line where not."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

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

    def typed(
        *arguments: str, script: str = str(ROOT / "run-batch.sh"), **more: str
    ) -> subprocess.CompletedProcess[str]:
        kept = {
            k: v for k, v in os.environ.items() if k not in {"INPUT_DIR", "OUTPUT_DIR"}
        }
        return subprocess.run(
            [script, *arguments],
            cwd=tmp_path,
            env=kept | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    return typed


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


PYTHON = """#!/bin/sh
printf '%s\\n' "$PWD" "$@" > "{told}"
"""
"""Stands for Python: it notes what it is asked for."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a copy of the script in a checkout of its own, whose Python only notes."""
    checkout = tmp_path / "checkout"
    (checkout / "orthanc").mkdir(parents=True)
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in ("run-batch.sh", "orthanc/launch.sh", "docker-compose.batch.yml"):
        shutil.copy(ROOT / name, checkout / name)
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(PYTHON.format(told=tmp_path / "asked"))
    python.chmod(0o755)
    return checkout / "run-batch.sh"


def with_files(folder: Path) -> None:
    """Write what options name, and a file of the same name in the checkout."""
    with_input(folder, "zips")
    (folder / "my bundle").mkdir()
    for name in ("truth.csv", "checkout/truth.csv", "node.toml"):
        (folder / name).touch()


def test_options_name_files_of_the_folder_that_is_typed_in(
    run: Run, elsewhere: Path, tmp_path: Path
) -> None:
    """Never those of the checkout, however an option is written; others stay."""
    with_files(tmp_path)
    options = {
        ("--truth", "truth.csv"): ["--truth", f"{tmp_path}/truth.csv"],
        ("--bundle=my bundle",): ["--bundle", f"{tmp_path}/my bundle"],
        ("-cnode.toml",): ["-c", f"{tmp_path}/node.toml"],
        ("-o", "new.csv"): ["-o", f"{tmp_path}/new.csv"],
        ("--results=./res",): ["--results", f"{tmp_path}/res"],
        ("--summary", "/none/s.json"): ["--summary", "/none/s.json"],
        ("--model", "chest_ct", "--fast"): ["--model", "chest_ct", "--fast"],
    }
    typed = [word for words in options for word in words]

    done = run("--native", "zips", "out", *typed, script=str(elsewhere))

    assert done.returncode == 0, done.stderr
    folder, *command = (tmp_path / "asked").read_text().splitlines()
    assert folder == str(elsewhere.parent)
    wanted = [word for words in options.values() for word in words]
    assert command[-len(wanted) :] == wanted


def test_a_container_is_given_the_files_to_read_only(
    run: Run, elsewhere: Path, tmp_path: Path
) -> None:
    """Each under its own name; what is written lies in the output folder."""
    with_files(tmp_path)
    path = path_with(tmp_path / "bin", docker=docker(tmp_path))
    options = ["--truth", "truth.csv", "--bundle", "my bundle", "-c", "node.toml"]

    done = run(
        "zips", "out", *options, "-o", "out/t.csv", PATH=path, script=str(elsewhere)
    )

    assert done.returncode == 0, done.stderr
    words = (tmp_path / "asked").read_text().splitlines()
    run_at, service = words.index("run"), words.index("batch")
    assert sorted(words[run_at + 2 : service]) == [
        *["--volume"] * 3,
        f"{tmp_path}/my bundle:/given/bundle/my bundle:ro",
        f"{tmp_path}/node.toml:/given/config/node.toml:ro",
        f"{tmp_path}/truth.csv:/given/truth/truth.csv:ro",
    ]
    assert words[-8:] == [
        *("--truth", "/given/truth/truth.csv"),
        *("--bundle", "/given/bundle/my bundle"),
        *("-c", "/given/config/node.toml"),
        *("-o", "/output/t.csv"),
    ]


def test_a_container_has_no_other_place_of_these_names() -> None:
    """What is mounted by an option hides nothing that the compose file mounts."""
    compose = yaml.safe_load((ROOT / "docker-compose.batch.yml").read_text())

    for name in ("batch", "batch-gpu"):
        places = [each.rsplit(":/")[1] for each in compose["services"][name]["volumes"]]
        assert places == ["input:ro", "output"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--truth", "none.csv"), "--truth none.csv: no such file or folder"),
        (("--truth", "a:b.csv"), "--truth a:b.csv: Docker takes no path with a colon"),
        (("-o", "t.csv"), "-o t.csv: a container writes in OUTPUT alone"),
        (("--summary=/none/s.json",), "--summary /none/s.json: a container writes"),
    ],
)
def test_a_file_that_a_container_cannot_have_is_one_line(
    run: Run, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    """Docker would make a folder of a missing file, and drop what is written."""
    with_input(tmp_path, "zips")
    (tmp_path / "a:b.csv").touch()
    path = path_with(tmp_path / "bin", docker=docker(tmp_path))

    done = run("zips", "out", *options, PATH=path)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "asked").exists()


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

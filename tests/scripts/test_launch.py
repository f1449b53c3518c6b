"""The launch scripts start, say where, and say in one line what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from models.hippocampus.phantom import write_study
from node.config import Settings
from tests.pacs.archive import free_settings

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [
    "run.sh",
    "run-batch.sh",
    "launch_orthanc.sh",
    "launch_ohif.sh",
    "send_volume.sh",
]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with free ports and a data folder of this test."""
    return free_settings(tmp_path / "var")


@pytest.fixture
def run(settings: Settings) -> Iterator[Run]:
    """Return a function that runs a script; what it left running is stopped."""
    overlay = {
        "PACS_NODE_NODE__DATA_DIR": str(settings.node.data_dir),
        "PACS_NODE_NODE__PORT": str(settings.node.port),
        "PACS_NODE_ARCHIVE__DICOM_PORT": str(settings.archive.dicom_port),
        "PACS_NODE_ARCHIVE__HTTP_PORT": str(settings.archive.http_port),
        "PACS_NODE_VIEWER__PORT": str(settings.viewer.port),
    }

    def script(*command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        name, *arguments = command
        return subprocess.run(
            [ROOT / name, *arguments],
            env={**os.environ, **overlay, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    yield script
    script("launch_orthanc.sh", "--stop")
    script("launch_ohif.sh", "--stop")


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that a script that failed has said."""
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("name", [*SCRIPTS, "orthanc/launch.sh", ".ci/run"])
def test_the_scripts_are_plain_posix_shell(name: str) -> None:
    """They parse, and shellcheck, where it is, finds nothing."""
    subprocess.run(["/bin/sh", "-n", ROOT / name], check=True)
    if shellcheck := shutil.which("shellcheck"):
        done = subprocess.run(
            [shellcheck, "--shell=sh", "--external-sources", name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.stdout == ""


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_explains_itself(run: Run, name: str) -> None:
    """--help tells the use; a wrong option is status 2."""
    assert run(name, "--help").stdout.startswith("Usage: ./")
    assert run(name, "--nonsense").returncode == 2


@pytest.mark.pacs
def test_the_archive_starts_takes_a_study_and_stops(
    run: Run, settings: Settings, tmp_path: Path
) -> None:
    """Start, start again, send, stop: each says what it did."""
    write_study(tmp_path / "study", 1, (4, 16, 16))
    (tmp_path / "study" / "notes.txt").write_text("not DICOM")
    address = f"http://127.0.0.1:{settings.archive.http_port}"

    first, second = run("launch_orthanc.sh"), run("launch_orthanc.sh")
    assert address in first.stdout
    assert (second.returncode, "already running" in second.stdout) == (0, True)

    sent = run("send_volume.sh", tmp_path / "study")
    assert "68 images of study" in sent.stdout
    assert len(requests.get(f"{address}/instances", timeout=5).json()) == 68

    assert "stopped" in run("launch_orthanc.sh", "--stop").stdout
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)


@pytest.mark.viewer
def test_the_viewer_starts_and_stops(run: Run, settings: Settings) -> None:
    """It serves OHIF, and says in one line that the archive is down."""
    address = f"http://127.0.0.1:{settings.viewer.port}"

    started = run("launch_ohif.sh")

    assert address in started.stdout
    assert "OHIF" in requests.get(address, timeout=5).text
    answer = requests.get(f"{address}/dicom-web/studies", timeout=5)
    assert (answer.status_code, answer.text.count("\n")) == (502, 1)
    assert "stopped" in run("launch_ohif.sh", "--stop").stdout


@pytest.mark.pacs
@pytest.mark.viewer
@pytest.mark.parametrize(
    ("name", "section", "field", "variable"),
    [
        ("launch_orthanc.sh", "archive", "dicom_port", "ARCHIVE__DICOM_PORT"),
        ("launch_orthanc.sh", "archive", "http_port", "ARCHIVE__HTTP_PORT"),
        ("launch_ohif.sh", "viewer", "port", "VIEWER__PORT"),
    ],
)
def test_a_taken_port_says_how_to_choose_another(
    run: Run, settings: Settings, name: str, section: str, field: str, variable: str
) -> None:
    """Debian's own Orthanc may sit there already."""
    port = getattr(getattr(settings, section), field)
    with socket.create_server(("127.0.0.1", port)):
        line = said(run(name))

    assert f"port {port} is taken" in line
    assert f"PACS_NODE_{variable}=PORT" in line


@pytest.mark.pacs
def test_a_down_archive_is_one_line_for_the_scanner(run: Run, tmp_path: Path) -> None:
    """The line names the script that starts it."""
    write_study(tmp_path / "study", 1, (4, 16, 16))

    assert "./launch_orthanc.sh" in said(run("send_volume.sh", tmp_path / "study"))


@pytest.mark.pacs
def test_a_folder_without_dicom_is_one_line(run: Run, tmp_path: Path) -> None:
    """Nothing is sent, and that is not a success."""
    assert "no DICOM file" in said(run("send_volume.sh", tmp_path))
    (tmp_path / "notes.txt").write_text("not DICOM")

    assert "no DICOM file" in said(run("send_volume.sh", tmp_path))
    assert "is not a folder" in said(run("send_volume.sh", tmp_path / "absent"))


@pytest.mark.parametrize(
    ("name", "option", "line"),
    [
        ("launch_orthanc.sh", "", "apt-get install orthanc"),
        ("launch_orthanc.sh", "--docker", "docker is missing"),
        ("launch_ohif.sh", "--docker", "docker is missing"),
    ],
)
def test_a_missing_program_is_one_line(
    run: Run, tmp_path: Path, name: str, option: str, line: str
) -> None:
    """On a machine with a shell and Python alone."""
    for program in ("sh", "dirname", "cat", "mkdir", "grep", "sed", "head"):
        (tmp_path / program).symlink_to(shutil.which(program) or program)

    done = run(name, *([option] if option else []), PATH=str(tmp_path))

    assert line in said(done)


def test_wrong_settings_are_one_line(run: Run) -> None:
    """The environment's mistake is named by its key."""
    done = run("launch_orthanc.sh", PACS_NODE_ARCHIVE__STABLE_AGE_S="never")

    assert "archive.stable_age_s" in said(done)

"""The compose files and the Dockerfile, checked by parsing: no engine is at hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from node import config
from orthanc import ohif
from tests.house.programs import commands

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """Parse the services of the compose file."""
    text = (ROOT / "docker-compose.pacs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def stages() -> set[str]:
    """Return the names of the Dockerfile's stages."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))


def test_every_port_is_published_on_loopback(services: dict[str, Any]) -> None:
    """Nothing of it can be reached from outside."""
    ports = [port for service in services.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_ports_are_those_of_the_settings(services: dict[str, Any]) -> None:
    """What node.toml says is what is published."""
    settings = config.load(ROOT / "node.toml")
    published = {
        name: [int(port.split(":")[-1]) for port in service.get("ports", [])]
        for name, service in services.items()
    }

    archive = settings.archive
    assert published["archive"] == [archive.dicom_port, archive.http_port]
    assert published["node"] == [settings.node.port]
    assert published["viewer"] == [settings.viewer.port]


def test_every_variable_is_a_setting(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt variable would be ignored in silence."""
    variables = services["node"]["environment"]
    monkeypatch.chdir(ROOT)
    before = config.load().model_dump()

    for name, value in variables.items():
        monkeypatch.setenv(name, value if "$" not in value else "changed")
    after = config.load().model_dump()

    changed = [
        (section, key)
        for section, keys in after.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
        if before[section][key] != value
    ]
    assert sorted(changed) == [
        ("archive", "host"),
        ("archive", "stable_age_s"),
        ("inbound", "quiet_s"),
    ]
    assert after["archive_user"] == "changed"


def test_every_build_target_and_every_mounted_file_exists(
    services: dict[str, Any],
) -> None:
    """Stages are in the Dockerfile, bind mounts in the tree."""
    targets = {s["build"]["target"] for s in services.values() if "build" in s}
    mounts = [m for s in services.values() for m in s.get("volumes", [])]

    assert targets <= stages()
    for mount in mounts:
        source = mount.split(":")[0]
        assert not source.startswith(".") or (ROOT / source).exists()


def test_the_image_takes_the_viewer_that_was_tested() -> None:
    """The version of OHIF is the same in the Dockerfile and in orthanc/ohif.py."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert f"@ohif/app@{ohif.VERSION}" in text
    assert f"ohif/{ohif.VERSION}/dist" in text


def test_every_copied_path_exists() -> None:
    """A COPY of something that was renamed would break the build."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)

    assert copies
    for line in copies:
        for source in line.split():
            assert (ROOT / source).exists(), source


@pytest.fixture(scope="module")
def batch() -> dict[str, Any]:
    """Parse the services of the compose file of a batch."""
    text = (ROOT / "docker-compose.batch.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def test_a_batch_reads_its_input_and_writes_its_output_alone(
    batch: dict[str, Any],
) -> None:
    """Images cannot be changed, nothing is listened on, no byte leaves the machine."""
    for service in batch.values():
        assert service["volumes"] == [
            "${INPUT_DIR:-./input}:/input:ro",
            "${OUTPUT_DIR:-./output}:/output",
        ]
        assert service["network_mode"] == "none"
        assert "ports" not in service
        assert service["user"] == "${BATCH_USER:-1000:1000}"
        assert service["build"]["target"] in stages()


def test_a_batch_runs_a_command_that_there_is(batch: dict[str, Any]) -> None:
    """Its options are those of `pacs-node batch`."""
    python, module, package, *command = batch["batch"]["command"]
    options = dict(commands("pacs-node"))["pacs-node batch"].params
    known = {name for option in options for name in option.opts}

    assert (python, module, package, command[0]) == ("python", "-m", "node", "batch")
    assert {word for word in command if word.startswith("--")} <= known


def test_the_gpu_of_a_batch_is_asked_for_only_when_it_is_wanted(
    batch: dict[str, Any],
) -> None:
    """By a profile; its image has the torch that can use it."""
    (device,) = batch["batch-gpu"]["deploy"]["resources"]["reservations"]["devices"]

    assert batch["batch-gpu"]["profiles"] == ["gpu"]
    assert device["capabilities"] == ["gpu"]
    assert batch["batch-gpu"]["build"]["args"] == {"TORCH_INDEX": ""}
    assert "profiles" not in batch["batch"]

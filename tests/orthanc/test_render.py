"""Orthanc's and OHIF's configuration say what the settings say."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from node.config import Settings
from node.errors import ConfigError
from orthanc import render
from tests.node.test_app import bundle_of_status

NATIVE = render.Place(
    storage=Path("/storage"),
    lua=render.LUA,
    plugins=(Path("/plugins/one.so"),),
    node_host="127.0.0.1",
)


def parsed(settings: Settings, place: render.Place = NATIVE) -> dict[str, Any]:
    """Return Orthanc's configuration without its comments."""
    lines = render.orthanc_json(settings, place).splitlines()
    bare = [line for line in lines if not line.lstrip().startswith("//")]
    content: dict[str, Any] = json.loads("\n".join(bare))
    return content


def test_titles_and_ports_come_from_the_settings() -> None:
    """Every AE title and port of the archive and the node arrives unchanged."""
    settings = Settings.model_validate(
        {
            "node": {"ae_title": "A\"I'$", "port": 1111},
            "archive": {"ae_title": "PACS", "dicom_port": 2222, "http_port": 3333},
        }
    )

    content = parsed(settings)

    node = content["DicomModalities"][content["AiNode"]["Modality"]]
    assert (node["AET"], node["Port"]) == ("A\"I'$", 1111)
    assert content["DicomAet"] == "PACS"
    assert (content["DicomPort"], content["HttpPort"]) == (2222, 3333)


@pytest.mark.parametrize(
    ("models", "read"),
    [
        ({}, ["MR"]),
        ({"hippocampus": {"accept": {"modality": "CT"}}}, ["CT"]),
        ({"hippocampus": {"enabled": False}}, []),
        ({"hippocampus": {"bundle": "no such folder"}}, None),
    ],
    ids=["as shipped", "rule of the site", "switched off", "broken bundle"],
)
def test_the_archive_knows_what_the_models_read(
    monkeypatch: pytest.MonkeyPatch, models: dict[str, Any], read: list[str] | None
) -> None:
    """By the rules in force; a broken bundle keeps no study from the node."""
    monkeypatch.setattr("models.MODELS", {"hippocampus": ""})
    settings = Settings.model_validate({"models": models})

    assert parsed(settings)["AiNode"]["Reads"] == read


@pytest.mark.parametrize(("allowed", "read"), [(False, []), (True, ["MR"])])
def test_a_demonstration_is_sent_studies_only_when_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool, read: list[str]
) -> None:
    """What may not speak needs no images (docs/promises.md 11)."""
    monkeypatch.setattr("models.MODELS", {"hippocampus": ""})
    bundle = bundle_of_status(tmp_path / "bundle", "demonstration")
    chosen = {"allow_demonstration": allowed, "hippocampus": {"bundle": bundle}}

    assert render.modalities_read(Settings.model_validate({"models": chosen})) == read


def test_strangers_stay_outside() -> None:
    """HTTP is for this machine; DICOM for known titles from known hosts."""
    content = parsed(Settings())

    assert content["RemoteAccessAllowed"] is False
    assert content["DicomCheckCalledAet"] is True
    assert content["DicomAlwaysAllowStore"] is False
    assert content["DicomCheckModalityHost"] is True


def test_the_scanner_may_only_send() -> None:
    """The simulated scanner can neither search nor fetch."""
    scanner = parsed(Settings())["DicomModalities"]["scanner"]

    allowed = {key for key, value in scanner.items() if value is True}
    assert allowed == {"AllowEcho", "AllowStore"}


def test_a_container_network_is_open_inside_and_says_why() -> None:
    """Neighbours have addresses of the day: hosts are not compared there."""
    place = render.container_place("node", bridged=True)
    content = parsed(Settings(), place)

    assert content["RemoteAccessAllowed"] is True
    assert content["DicomCheckModalityHost"] is False
    assert content["DicomModalities"]["ai-node"]["Host"] == "node"
    assert "published on loopback" in render.orthanc_json(Settings(), place)


def test_a_password_turns_authentication_on(tmp_path: Path) -> None:
    """User and password reach Orthanc in a file that only its owner reads."""
    settings = Settings.model_validate(
        {"archive_user": "ai", "archive_password": "secret"}
    )

    render.write_archive(settings, NATIVE, tmp_path)

    content = parsed(settings)
    assert content["AuthenticationEnabled"] is True
    assert content["RegisteredUsers"] == {"ai": "secret"}
    assert (tmp_path / "orthanc.json").stat().st_mode & 0o077 == 0


def test_the_viewer_asks_its_own_origin() -> None:
    """OHIF's roots are paths, and tours and dialogs stay away."""
    script = render.app_config_js(Settings())

    assert "qidoRoot: '/dicom-web'" in script
    assert "{ 'ohif.tours': { $set: [] } }" in script
    assert "http" not in script.replace("httpErrorHandler", "")


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The launch scripts see the same overlay as the node."""
    (tmp_path / "node.toml").write_text("[archive]\nhttp_port = 1234\n")
    monkeypatch.setenv("PACS_NODE_ARCHIVE__HTTP_PORT", "4321")

    status = render.main(["facts", "--config", str(tmp_path / "node.toml")])

    assert status == 0
    assert "ARCHIVE_HTTP_PORT=4321\n" in capsys.readouterr().out


def test_the_facts_survive_the_shell() -> None:
    """A title full of shell characters is the same after ``eval``."""
    title = "A\"I'$(id);`x`"
    settings = Settings.model_validate({"node": {"ae_title": title}})
    script = render.shell_facts(settings) + 'printf %s "$NODE_AET"'

    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == title
    assert shlex.quote(title) in script


def test_wrong_settings_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown key ends with its name, not with a traceback."""
    (tmp_path / "node.toml").write_text("[archive]\nport = 1\n")

    status = render.main(["facts", "--config", str(tmp_path / "node.toml")])

    error = capsys.readouterr().err
    assert status == 1
    assert "archive.port" in error
    assert error.count("\n") == 1


def test_a_missing_plugin_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the DICOMweb plugin the launch ends with the command that brings it."""
    monkeypatch.setattr(render, "PLUGIN_FOLDERS", (tmp_path / os.curdir,))

    with pytest.raises(ConfigError, match="apt-get install orthanc-dicomweb"):
        render.native_place(Settings())

"""Write the configuration of Orthanc and OHIF from the node's settings.

Run ``python -m orthanc.render archive`` or ``… viewer`` in the checkout:
``orthanc.json`` or ``app-config.js`` appears in ``<data_dir>/orthanc``, and the facts
that the launch scripts need are printed as shell assignments (``… facts`` does only
that). ``orthanc.json`` fits Orthanc 1.10.1 as Debian has it and, with
``--container``, the newer one of the container image.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import models
from models.volume.bundle import BundleError, load_bundle
from node import config
from node.config import Settings
from node.errors import ConfigError

HERE = Path(__file__).resolve().parent
LUA = HERE.parent / "lua" / "route_dicoms.lua"

SCANNER_AE_TITLE = "SCANNER"
"""Calling AE title of ``send_volume.sh``, the simulated scanner."""

NODE_MODALITY = "ai-node"
"""Orthanc's own name for the node; AE titles may hold characters it refuses here."""

PLUGINS = ("libOrthancDicomWeb.so", "libOrthancGdcm.so")
PLUGIN_FOLDERS = (
    Path("/usr/share/orthanc/plugins"),  # Debian
    Path("/usr/local/share/orthanc/plugins"),  # the container image, Homebrew
)
WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True)
class Place:
    """Where an Orthanc runs, as far as its configuration depends on it.

    Attributes
    ----------
    storage
        Folder of its images and its index.
    lua
        The routing script, as Orthanc sees it.
    plugins
        Plugin files, as Orthanc sees them.
    node_host
        Host under which Orthanc reaches the node.
    container
        True inside a container network, where only published ports are reachable.
    """

    storage: Path
    lua: Path
    plugins: tuple[Path, ...]
    node_host: str
    container: bool = False


def native_place(settings: Settings) -> Place:
    """Return the place of an Orthanc on this machine.

    Raises
    ------
    ConfigError
        A plugin is not installed.
    """
    listen = settings.node.listen
    return Place(
        storage=run_folder(settings) / "storage",
        lua=LUA,
        plugins=tuple(_plugin(name) for name in PLUGINS),
        node_host="127.0.0.1" if listen in WILDCARDS else listen,
    )


def container_place(node_host: str, *, bridged: bool) -> Place:
    """Return the place of the image ``jodogne/orthanc-plugins``.

    Parameters
    ----------
    node_host
        Host name of the node in the container network, or loopback.
    bridged
        True in a container network of its own; False with the host's network.
    """
    return Place(
        storage=Path("/var/lib/orthanc/db"),
        lua=Path("/etc/orthanc/route_dicoms.lua"),
        plugins=tuple(PLUGIN_FOLDERS[1] / name for name in PLUGINS),
        node_host=node_host,
        container=bridged,
    )


def run_folder(settings: Settings) -> Path:
    """Return the folder of the written configuration, absolute."""
    return settings.node.data_dir.absolute() / "orthanc"


def orthanc_json(settings: Settings, place: Place) -> str:
    """Return Orthanc's configuration: JSON with comments, as Orthanc reads it."""
    user, password = settings.archive_user, settings.archive_password
    values: dict[str, Any] = {
        "storage": str(place.storage),
        "plugins": [str(plugin) for plugin in place.plugins],
        "lua_scripts": [str(place.lua)],
        "ae_title": settings.archive.ae_title,
        "dicom_port": settings.archive.dicom_port,
        "http_port": settings.archive.http_port,
        # Bridge addresses are given out anew at each start, and Orthanc compares
        # addresses, not names: in a container network the AE title has to do.
        "check_modality_host": not place.container,
        "modalities": _modalities(settings, place),
        "remote_access": place.container,
        "authentication": bool(user),
        "users": {user: password.get_secret_value()} if user else {},
        "stable_age_s": settings.archive.stable_age_s,
        "node_modality": NODE_MODALITY,
        "modalities_read": modalities_read(settings),
    }
    filled = {key: json.dumps(value) for key, value in values.items()}
    return _template("orthanc.json").substitute(
        filled, access_reason=_access_reason(place)
    )


def modalities_read(settings: Settings) -> list[str] | None:
    """Return the modalities of which the node reads series; None when unknown.

    By the rules in force of the models that may speak on the wire. A bundle that
    cannot be read keeps no archive from starting: then everything is routed.
    """
    found = set()
    for name in models.MODELS:
        section = settings.models.of(name)
        try:
            bundle = load_bundle(section.bundle or models.bundle_folder(name))
            rule = section.accept.over(bundle.acceptance)
        except (ValueError, BundleError):
            return None
        may_speak = settings.models.allow_demonstration or not bundle.is_demonstration
        if section.enabled and may_speak:
            found.add(rule.modality)
    return sorted(found)


def app_config_js(settings: Settings) -> str:
    """Return OHIF's ``app-config.js``."""
    return _template("app-config.js").substitute(
        ae_title=json.dumps(settings.archive.ae_title)
    )


def write_archive(settings: Settings, place: Place, folder: Path) -> None:
    """Write ``orthanc.json`` into ``folder``, readable by its owner alone.

    Raises
    ------
    ConfigError
        The folder cannot be written.
    """
    _write(folder / "orthanc.json", orthanc_json(settings, place))


def write_viewer(settings: Settings, folder: Path) -> None:
    """Write ``app-config.js`` into ``folder``.

    Raises
    ------
    ConfigError
        The folder cannot be written.
    """
    _write(folder / "app-config.js", app_config_js(settings))


def shell_facts(settings: Settings) -> str:
    """Return what the launch scripts need, as assignments for ``eval``."""
    facts = {
        "DATA_DIR": settings.node.data_dir.absolute(),
        "RUN_FOLDER": run_folder(settings),
        "ARCHIVE_AET": settings.archive.ae_title,
        "ARCHIVE_HOST": settings.archive.host,
        "ARCHIVE_DICOM_PORT": settings.archive.dicom_port,
        "ARCHIVE_HTTP_PORT": settings.archive.http_port,
        "VIEWER_PORT": settings.viewer.port,
        "NODE_AET": settings.node.ae_title,
        "NODE_PORT": settings.node.port,
        "SCANNER_AET": SCANNER_AE_TITLE,
    }
    lines = [f"{name}={shlex.quote(str(value))}" for name, value in facts.items()]
    return "\n".join(lines) + "\n"


def _modalities(settings: Settings, place: Place) -> dict[str, dict[str, Any]]:
    """Return who may call: the node, which reads and stores, and the scanner."""
    denied = dict.fromkeys(
        ("AllowFind", "AllowFindWorklist", "AllowGet", "AllowMove"), False
    )
    node = {
        "AET": settings.node.ae_title,
        "Host": place.node_host,
        "Port": settings.node.port,
        "AllowEcho": True,
        "AllowStore": True,
        "AllowFind": True,
        "AllowFindWorklist": False,
        "AllowGet": True,
        "AllowMove": False,
    }
    scanner = {
        "AET": SCANNER_AE_TITLE,
        "Host": "127.0.0.1",
        "Port": 104,  # never called: the scanner only sends
        "AllowEcho": True,
        "AllowStore": True,
        **denied,
    }
    return {NODE_MODALITY: node, "scanner": scanner}


def _access_reason(place: Place) -> str:
    if place.container:
        return "neighbours in the container network; ports are published on loopback."
    return "this machine."


def _plugin(name: str) -> Path:
    for folder in PLUGIN_FOLDERS:
        if (folder / name).exists():
            return folder / name
    raise ConfigError(
        f"Orthanc's plugin {name} is missing: "
        "apt-get install orthanc-dicomweb orthanc-gdcm"
    )


def _template(name: str) -> Template:
    return Template((HERE / f"{name}.template").read_text(encoding="utf-8"))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it may hold a password
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None


def main(arguments: list[str] | None = None) -> int:
    """Write what the command line asks for; return the exit status."""
    parser = argparse.ArgumentParser(
        description="Write the configuration of Orthanc or OHIF from the settings."
    )
    parser.add_argument(
        "what",
        choices=("archive", "viewer", "facts"),
        help="orthanc.json, app-config.js, or nothing but what is printed",
    )
    parser.add_argument("--config", type=Path, help="settings; default ./node.toml")
    parser.add_argument("--folder", type=Path, help="default <data_dir>/orthanc")
    parser.add_argument(
        "--container",
        metavar="NODE_HOST",
        help="for the container image, which finds the node under this host name",
    )
    parser.add_argument(
        "--bridged", action="store_true", help="the container has its own network"
    )
    options = parser.parse_args(arguments)
    try:
        settings = config.load(options.config)
        folder = options.folder or run_folder(settings)
        if options.what == "archive":
            write_archive(settings, _place(settings, options), folder)
        elif options.what == "viewer":
            write_viewer(settings, folder)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(shell_facts(settings))
    return 0


def _place(settings: Settings, options: argparse.Namespace) -> Place:
    if options.container:
        return container_place(options.container, bridged=options.bridged)
    return native_place(settings)


if __name__ == "__main__":
    raise SystemExit(main())

"""The viewer: does it run, and is it configured for this archive."""

from __future__ import annotations

import json
import re
from http import HTTPStatus

import requests

from node.config import Settings
from node.doctor.finding import Finding, not_examined, ok, wrong

SUBJECT = "viewer OHIF"
RESTART = "./launch_ohif.sh --stop; ./launch_ohif.sh"
FRIENDLY_NAME = re.compile(r'friendlyName: ("(?:[^"\\]|\\.)*")')
"""Where the launch script writes the archive's AE title, as JSON."""

ARCHIVE_ROOT = "qidoRoot: '/dicom-web'"


def examine_viewer(settings: Settings) -> list[Finding]:
    """Ask the viewer for its configuration, and through it for a study."""
    return [_viewer(settings)]


def _viewer(settings: Settings) -> Finding:
    address = f"http://127.0.0.1:{settings.viewer.port}"
    timeout_s = settings.archive.timeout_s
    try:
        config = requests.get(f"{address}/app-config.js", timeout=timeout_s)
        studies = requests.get(
            f"{address}/dicom-web/studies?limit=1", timeout=timeout_s
        )
    except requests.ConnectionError:
        because = f"nothing answers at {address}; the node works without a viewer"
        return not_examined(SUBJECT, because, "[viewer] port", "./launch_ohif.sh")
    except requests.RequestException as error:
        found = f"{address} does not answer as OHIF: {type(error).__name__}"
        return wrong(SUBJECT, found, "[viewer] port", "port = a free one")
    if config.status_code != HTTPStatus.OK or "window.config" not in config.text:
        found = f"another program answers at {address}"
        return wrong(SUBJECT, found, "[viewer] port", "port = a free one")
    fault = _fault(settings, config.text)
    if fault:
        return wrong(SUBJECT, fault, f"{address}/app-config.js", RESTART)
    if studies.status_code != HTTPStatus.OK:
        found = f"it does not reach the archive (HTTP {studies.status_code})"
        return wrong(SUBJECT, found, "[archive] host, http_port", RESTART)
    return ok(SUBJECT, f"{address} shows {settings.archive.ae_title}")


def _fault(settings: Settings, config: str) -> str:
    """Return what is wrong with a configuration; empty when it is ours."""
    written = FRIENDLY_NAME.search(config)
    if written is None or ARCHIVE_ROOT not in config:
        return "its configuration is not the one that ./launch_ohif.sh writes"
    name = str(json.loads(written[1]))
    if name != settings.archive.ae_title:
        return f"it is configured for {name}, not for {settings.archive.ae_title}"
    return ""

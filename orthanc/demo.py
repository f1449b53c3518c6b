"""Follow one study through the loop: scanner, archive, node, archive, viewer.

``python -m orthanc.demo FOLDER`` plays the scanner with ``send_volume.sh`` and watches
the archive until Segmentation, Structured Report and Secondary Capture of the node
are there. What it prints comes from the archive alone, as any viewer would see it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from node import config
from node.config import Settings
from node.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
PAUSE_S = 0.05
VOLUME = "118565006"  # SCT
TRACKING_IDENTIFIER = "112039"  # DCM

RESULTS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.7": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.88.34": "Structured Report",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture",
}
"""Kind of a result by SOP class; every kind is waited for."""


class DemoError(Exception):
    """The loop did not close; the message says where."""


class Archive:
    """What Orthanc tells about one study."""

    def __init__(self, settings: Settings, study_instance_uid: str) -> None:
        self._node = settings.node.ae_title
        self._uid = study_instance_uid
        self._url = f"http://{settings.archive.host}:{settings.archive.http_port}"
        self._http = requests.Session()
        if settings.archive_user:
            password = settings.archive_password.get_secret_value()
            self._http.auth = (settings.archive_user, password)

    def results(self) -> dict[str, str]:
        """Return Orthanc's instance of every result that is there, by kind."""
        found = {}
        for series in self._json(f"/studies/{self._study()}/series"):
            instance = str(series["Instances"][0])
            facts = self._json(f"/instances/{instance}/metadata?expand")
            kind = RESULTS.get(facts.get("SopClassUid", ""))
            if kind and facts.get("RemoteAET") == self._node:
                found[kind] = instance
        return found

    def routed(self) -> bool:
        """Return whether the node has the whole study."""
        metadata = self._json(f"/studies/{self._study()}/metadata?expand")
        return "AiNodeRouted" in metadata

    def file(self, instance: str) -> Dataset:
        """Return an instance."""
        answer = self._http.get(f"{self._url}/instances/{instance}/file", timeout=10)
        return dcmread(BytesIO(answer.content))

    def _study(self) -> str:
        query = {"Level": "Study", "Query": {"StudyInstanceUID": self._uid}}
        found = self._http.post(f"{self._url}/tools/find", json=query, timeout=10)
        studies = found.json()
        if not studies:
            raise DemoError("the archive does not have the study that was sent")
        return str(studies[0])

    def _json(self, path: str) -> Any:
        answer = self._http.get(self._url + path, timeout=10)
        answer.raise_for_status()
        return answer.json()


def study_instance_uid(folder: Path) -> str:
    """Return the Study Instance UID of the first DICOM file below ``folder``.

    Raises
    ------
    DemoError
        There is none.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                ds = dcmread(path, specific_tags=["StudyInstanceUID"])
            except InvalidDicomError:
                continue
            return str(ds.StudyInstanceUID)
    raise DemoError(f"no DICOM file below {folder}")


def volumes(report: Dataset) -> dict[str, str]:
    """Return the volumes in a TID 1500 report, with units, by tracking identifier."""
    found = {}
    for group in _containers(report):
        items = group.get("ContentSequence", [])
        names = [str(i.TextValue) for i in items if _code(i) == TRACKING_IDENTIFIER]
        values = [_number(item) for item in items if _code(item) == VOLUME]
        if names and values:
            found[names[0]] = ", ".join(values)
    return found


def follow(settings: Settings, folder: Path, timeout_s: float) -> None:
    """Send the study in ``folder`` and print what happens until the results are there.

    Raises
    ------
    DemoError
        The scanner was refused, or a result did not come in ``timeout_s`` seconds.
    """
    uid = study_instance_uid(folder)
    sent = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "send_volume.sh", folder], check=False
    )
    stored_at = time.monotonic()
    if sent.returncode:
        raise DemoError("the scanner could not send")
    archive = Archive(settings, uid)
    _watch(archive, settings.node.ae_title, stored_at, timeout_s)
    latency_s = time.monotonic() - stored_at
    report = archive.file(archive.results()["Structured Report"])
    _say("volumes, read from the Structured Report in the archive:")
    for name, volume in volumes(report).items():
        _say(f"  {name}: {volume}")
    _say(f"last image stored → results stored: {latency_s:.1f} s")
    address = f"http://127.0.0.1:{settings.viewer.port}/viewer?StudyInstanceUIDs={uid}"
    _say(f"in the viewer: {address}")


def _watch(archive: Archive, node: str, stored_at: float, timeout_s: float) -> None:
    """Print each step once, until every kind of result is there."""
    expected = set(RESULTS.values())
    told: set[str] = set()
    while not expected <= told:
        passed_s = time.monotonic() - stored_at
        news = {f"routed to {node}"} if archive.routed() else set()
        news |= archive.results().keys()
        for step in sorted(news - told, key=expected.__contains__):
            _say(f"  {passed_s:5.1f} s  {step}")
        told |= news
        if passed_s > timeout_s:
            missing = ", ".join(sorted(expected - told))
            raise DemoError(
                f"after {timeout_s:g} s the archive still misses: {missing}; "
                "pacs-node jobs and the node's log tell why"
            )
        time.sleep(PAUSE_S)


def _containers(item: Dataset) -> Iterator[Dataset]:
    yield item
    for child in item.get("ContentSequence", []):
        yield from _containers(child)


def _number(item: Dataset) -> str:
    """Return the value of a NUM item as it is written there, with its unit."""
    value = item.MeasuredValueSequence[0]
    unit = value.MeasurementUnitsCodeSequence[0].CodeValue
    return f"{value.NumericValue} {unit}"


def _code(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue", "")) if names else ""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Follow each folder in turn; exit status 1 when a loop did not close."""
    parser = argparse.ArgumentParser(description="Follow studies through the loop.")
    parser.add_argument("folder", type=Path, nargs="+", help="one study each")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds each")
    options = parser.parse_args()
    try:
        settings = config.load()
        for folder in options.folder:
            follow(settings, folder, options.timeout)
    except (DemoError, ConfigError, requests.RequestException) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

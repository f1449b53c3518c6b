"""A real Orthanc in a folder of its own, configured as the product configures it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import requests

from node.config import Settings
from node.errors import ArchiveError
from node.inbound.archive_dicom import DicomArchive
from orthanc.render import (
    SCANNER_AE_TITLE,
    Place,
    native_place,
    run_folder,
    write_archive,
)
from tests.ports import free_ports

Answer = TypeVar("Answer")
SENDER = "/usr/bin/dcmsend"  # storescu does not offer the SOP class of our reports
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def free_settings(folder: Path, **sections: dict[str, Any]) -> Settings:
    """Return settings with free ports and a data folder, changed by ``sections``."""
    node_port, dicom_port, http_port, viewer_port = free_ports(4)
    chosen: dict[str, dict[str, Any]] = {
        "node": {"port": node_port, "data_dir": folder},
        "archive": {
            "dicom_port": dicom_port,
            "http_port": http_port,
            "stable_age_s": 1,
        },
        "viewer": {"port": viewer_port},
    }
    for name, section in sections.items():
        chosen[name] = {**chosen.get(name, {}), **section}
    return Settings.model_validate(chosen)


def until(ask: Callable[[], Answer], what: str, timeout_s: float = 20.0) -> Answer:
    """Ask until the answer is true and return it; fail naming ``what`` came not."""
    deadline = time.monotonic() + timeout_s
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {timeout_s:g} s")
        time.sleep(0.1)
    return answer


@dataclass(frozen=True)
class Archive:
    """A running Orthanc.

    Attributes
    ----------
    settings
        What it was configured from.
    log_file
        Its output, with the lines of the routing script.
    """

    settings: Settings
    log_file: Path

    @property
    def url(self) -> str:
        """Address of the REST interface."""
        return f"http://127.0.0.1:{self.settings.archive.http_port}"

    def get(self, path: str) -> Any:
        """Return the JSON answer of the REST interface."""
        response = requests.get(self.url + path, timeout=10)
        response.raise_for_status()
        return response.json()

    def jobs(self) -> list[dict[str, Any]]:
        """Return Orthanc's jobs."""
        jobs: list[dict[str, Any]] = self.get("/jobs?expand")
        return jobs

    def log(self) -> str:
        """Return what Orthanc wrote."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def study(self, study_instance_uid: str) -> str:
        """Return Orthanc's own identifier of a study."""
        query = {"Level": "Study", "Query": {"StudyInstanceUID": study_instance_uid}}
        found = requests.post(f"{self.url}/tools/find", json=query, timeout=10).json()
        return str(found[0])

    def metadata(self, study_instance_uid: str) -> dict[str, str]:
        """Return the metadata of a study, by name."""
        path = f"/studies/{self.study(study_instance_uid)}/metadata?expand"
        metadata: dict[str, str] = self.get(path)
        return metadata

    def store(
        self,
        path: Path,
        calling: str = SCANNER_AE_TITLE,
        called: str | None = None,
    ) -> None:
        """Send a file or a folder by C-STORE in one association.

        Raises
        ------
        subprocess.CalledProcessError
            Orthanc refused.
        """
        archive = self.settings.archive
        command = [
            SENDER,
            "--decompress-never",
            "-aet",
            calling,
            "-aec",
            called or archive.ae_title,
        ]
        command += ["+sd", "+r", "127.0.0.1", str(archive.dicom_port), str(path)]
        subprocess.run(
            command, env=ENVIRONMENT, check=True, capture_output=True, timeout=60
        )


@contextmanager
def running_archive(
    settings: Settings, *, routes: bool = True, http: bool = True
) -> Iterator[Archive]:
    """Run Orthanc with what `orthanc.render` writes for these settings.

    Parameters
    ----------
    routes
        False leaves out the routing script, as another archive would.
    http
        False leaves it DICOM alone: neither REST nor DICOMweb.
    """
    folder = run_folder(settings)
    place = native_place(settings)
    write_archive(settings, place if routes else _silent(place, folder), folder)
    if not http:
        _switch_off_http(folder / "orthanc.json")
    log_file = folder / "orthanc.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [shutil.which("Orthanc") or "Orthanc", str(folder / "orthanc.json")],
            env=ENVIRONMENT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    archive = Archive(settings, log_file)
    try:
        until(lambda: _answers(archive, process, http=http), "Orthanc's answer")
        yield archive
    finally:
        process.terminate()
        process.wait(20)


def _silent(place: Place, folder: Path) -> Place:
    """Return the place with a script that does nothing in place of the routing."""
    script = folder / "silent.lua"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.touch()
    return replace(place, lua=script)


def _switch_off_http(configuration: Path) -> None:
    text = configuration.read_text(encoding="utf-8")
    switched = text.replace('"HttpPort"', '"HttpServerEnabled": false, "HttpPort"', 1)
    assert switched != text
    configuration.write_text(switched, encoding="utf-8")


def _answers(archive: Archive, process: subprocess.Popen[bytes], *, http: bool) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"Orthanc ended:\n{archive.log()}")
    settings = archive.settings
    try:
        if http:
            answer = requests.get(f"{archive.url}/system", timeout=2)
            return answer.ok or answer.status_code == requests.codes.unauthorized
        DicomArchive(settings.archive, settings.node.ae_title).echo()
    except (requests.ConnectionError, ArchiveError):
        return False
    return True

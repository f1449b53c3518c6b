"""Asking Orthanc by its REST API."""

from __future__ import annotations

from collections.abc import Collection

import requests
from pydantic import SecretStr

from node.config import ArchiveSettings
from node.errors import ArchiveError
from node.inbound.archive import Store


class OrthancArchive:
    """Orthanc, asked over HTTP.

    Parameters
    ----------
    settings
        Host, HTTP port and time-out.
    user, password
        Registered user of Orthanc; an empty user sends no credentials.
    """

    def __init__(
        self,
        settings: ArchiveSettings,
        user: str = "",
        password: SecretStr | None = None,
    ) -> None:
        self._address = f"http://{settings.host}:{settings.http_port}"
        self._timeout_s = settings.timeout_s
        self._credentials = (
            (user, password.get_secret_value() if password else "") if user else None
        )

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Return the number of instances by Series Instance UID, or None.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        counts: dict[str, int] = {}
        for uid, instances in self._series(study_instance_uid):
            counts[uid] = counts.get(uid, 0) + len(instances)
        return counts or None

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand every instance of a study, or of some of its series, to ``store``.

        Raises
        ------
        ArchiveError
            Orthanc does not answer, or refuses.
        """
        number = 0
        for uid, instances in self._series(study_instance_uid):
            if series_instance_uids is not None and uid not in series_instance_uids:
                continue
            for instance in instances:
                store(self._ask("GET", f"/instances/{instance}/file").content)
                number += 1
        return number

    def echo(self) -> None:
        """Return when Orthanc answers.

        Raises
        ------
        ArchiveError
            It does not, or refuses.
        """
        self._ask("GET", "/system")

    def _series(self, study_instance_uid: str) -> list[tuple[str, list[str]]]:
        """Return Series Instance UID and Orthanc's instance ids of every series.

        One Study Instance UID under two Patient IDs is two studies to Orthanc.
        """
        try:
            found = self._ask("POST", "/tools/lookup", study_instance_uid).json()
            return [
                (series["MainDicomTags"]["SeriesInstanceUID"], series["Instances"])
                for study in found
                if study["Type"] == "Study"
                for series in self._ask("GET", f"/studies/{study['ID']}/series").json()
            ]
        except (ValueError, TypeError, KeyError):  # not JSON, or of another shape
            raise ArchiveError(f"{self._address} does not answer as Orthanc") from None

    def _ask(
        self, method: str, path: str, body: str | None = None
    ) -> requests.Response:
        try:
            response = requests.request(
                method,
                self._address + path,
                data=body,
                auth=self._credentials,
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ArchiveError(
                f"{self._address} does not answer: {type(error).__name__}"
            ) from None
        if response.status_code != requests.codes.ok:
            raise ArchiveError(
                f"{self._address} refuses with HTTP {response.status_code}"
            )
        return response

"""Asking the archive: how much of a study it holds, and for the images again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

Store = Callable[[bytes], None]
"""Takes the content of one DICOM file (PS3.10), as the spool's ``store_file`` does."""


class Archive(Protocol):
    """An archive that can be asked, by whatever protocol.

    Every method answers within the configured time or raises ``ArchiveError`` with
    one line that names no patient.
    """

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Return the number of instances by Series Instance UID.

        None means that the archive does not know the study.
        """

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand every instance of a study, or of some of its series, to ``store``.

        Returns
        -------
        int
            Number of instances that were handed over.
        """

    def echo(self) -> None:
        """Return when the archive answers."""

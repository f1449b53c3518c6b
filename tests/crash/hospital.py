"""An archive and a node, and what the archive should hold in the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.crash.host import Host
from tests.crash.judge import Expected, complaints, held, made_of
from tests.crash.scanner import Study
from tests.pacs.archive import Archive, until


@dataclass
class Hospital:
    """A running archive and node; every study that is expected can be judged."""

    archive: Archive
    host: Host
    expected: dict[str, Expected] = field(default_factory=dict)

    def store(self, study: Study, folder: Path, *, leave: int = 0) -> None:
        """Let the archive have the images, but the last ``leave``."""
        folder.mkdir()
        for uid in list(study.images)[: len(study.images) - leave]:
            study.images[uid].save_as(folder / uid)
        self.archive.store(folder)

    def expect(self, study: Study, *versions: Iterable[str], notices: int = 0) -> None:
        """Note what should be there, with the images as they are now.

        Parameters
        ----------
        versions
            The images that each version is to be made from.
        """
        images = held(self.archive, study.uid).images
        frozen = tuple(frozenset(version) for version in versions)
        self.expected[study.uid] = Expected(images, frozen, notices)

    def complaints(self, study_instance_uid: str) -> list[str]:
        """Judge one study."""
        return complaints(
            self.expected[study_instance_uid],
            held(self.archive, study_instance_uid),
            made_of(self.host.settings.node.data_dir, study_instance_uid),
        )

    def all_complaints(self) -> dict[str, list[str]]:
        """Judge every study; return those with which something is wrong."""
        found = {uid: self.complaints(uid) for uid in self.expected}
        return {uid: words for uid, words in found.items() if words}

    def wait_for(self, study_instance_uid: str, timeout_s: float = 60) -> None:
        """Wait until the archive holds what it should; fail saying what it lacks."""
        uid = study_instance_uid
        try:
            until(lambda: not self.complaints(uid), "the result", timeout_s)
        except TimeoutError:
            pytest.fail(f"{self.complaints(uid)}\n{self.host.log()[-3000:]}")

"""An archive that says what a story wants, and an executor that never waits."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydicom.dataset import Dataset

from node.errors import ArchiveError
from node.inbound import archive_queries
from node.inbound.archive import REFUSED_FOR_GOOD, Store


@dataclass
class StoryArchive:
    """Answers from ``counts``; ``error`` makes it fail; ``files`` can be fetched.

    ``foreign`` is raised as a library would raise it, not as the archive promises.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    error: str = ""
    foreign: Exception | None = None
    files: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Answer from ``counts``."""
        self.asked.append(study_instance_uid)
        self.echo()
        return dict(self.counts.get(study_instance_uid, {})) or None

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand over ``files``."""
        self.fetched.append(study_instance_uid)
        self.echo()
        contents = self.files.get(study_instance_uid, [])
        for content in contents:
            with suppress(*REFUSED_FOR_GOOD):
                store(content)
        return len(contents)

    def echo(self) -> None:
        """Fail when the story says so."""
        if self.foreign:
            raise self.foreign
        if self.error:
            raise ArchiveError(self.error)


class InlineExecutor(Executor):
    """Does what is submitted at once, in the caller's thread."""

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Call ``fn`` and return its result in a finished future."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class PatientExecutor(Executor):
    """Keeps what is submitted until the test lets it happen."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Any]] = []

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Put ``fn`` by."""
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()

    def let_happen(self) -> None:
        """Do everything that waits."""
        waiting, self.waiting = self.waiting, []
        for each in waiting:
            each()


def without_the_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for no key that an archive may leave out (PS3.4 tables C.6-2, C.6-3)."""
    for name in ("studies_since", "series_of"):
        build: Any = getattr(archive_queries, name)

        def stripped(argument: Any, build: Any = build) -> Dataset:
            query: Dataset = build(argument)
            for keyword in (
                "ModalitiesInStudy",
                "NumberOfStudyRelatedInstances",
                "NumberOfSeriesRelatedInstances",
            ):
                query.pop(keyword, None)
            return query

        monkeypatch.setattr(archive_queries, name, stripped)

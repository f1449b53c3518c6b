"""Whose image each file of a folder is: told by its beginning, nothing else is read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from node.errors import BadUidError, UnreadableError
from node.inbound.dataset import Identity, identify_head
from node.inbound.spool import checked_uid

HEAD_BYTES = 1 << 16
"""So much of a file nearly always holds its UIDs; if not, more of it is read."""

REST_BYTES = 1 << 24
"""So much more, and not all: what lies packed may claim to have no end, and every
thread holds as much. Before its UIDs a real image has less than a tenth of it."""


def identities(files: Sequence[Path], threads: int) -> dict[Path, Identity]:
    """Return whose image each file is; those that do not say are left out.

    So are those whose UIDs must not become a path.
    """
    with ThreadPoolExecutor(threads) as pool:
        found = zip(files, pool.map(_identity, files), strict=True)
        return {path: identity for path, identity in found if identity is not None}


def _identity(path: Path) -> Identity | None:
    try:
        with path.open("rb") as stream:
            return identity_in(stream)
    except OSError:
        return None


def identity_in(stream: IO[bytes]) -> Identity | None:
    """Return whose image a stream begins with; None when it does not say."""
    head = stream.read(HEAD_BYTES)
    try:
        try:
            identity = identify_head(head)
        except UnreadableError:
            if head[128:132] != b"DICM":
                return None
            identity = identify_head(head + stream.read(REST_BYTES))
        for uid in (
            identity.study_instance_uid,
            identity.series_instance_uid,
            identity.sop_instance_uid,
            identity.sop_class_uid,
        ):
            checked_uid(uid)
    except (UnreadableError, BadUidError):
        return None
    return identity

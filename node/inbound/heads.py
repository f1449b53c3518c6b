"""Whose image each file of a folder is: told by its beginning, nothing else is read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from node.errors import BadUidError, UnreadableError
from node.inbound.dataset import Identity, identify_head
from node.inbound.spool import checked_uid

HEAD_BYTES = 1 << 16
"""So much of a file nearly always holds its UIDs; if not, all of it is read."""


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
            head = stream.read(HEAD_BYTES)
            try:
                identity = identify_head(head)
            except UnreadableError:
                if head[128:132] != b"DICM":
                    return None
                identity = identify_head(head + stream.read())
        for uid in (
            identity.study_instance_uid,
            identity.series_instance_uid,
            identity.sop_instance_uid,
            identity.sop_class_uid,
        ):
            checked_uid(uid)
    except (OSError, UnreadableError, BadUidError):
        return None
    return identity

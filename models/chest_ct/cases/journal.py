"""What was found out about each case, a line each: a broken-off run goes on from there.

The first line says what it was found out by. A line that was broken off is no line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BY = "found_by"
CASE = "case"


class Journal:
    """A file of JSON lines, one for each case.

    Parameters
    ----------
    path
        Is made when the first case is added.
    found_by
        What the lines depend on, by what a person calls it, such as the digest of a
        bundle.

    Raises
    ------
    ValueError
        What is there depends on something else.
    """

    def __init__(self, path: Path, found_by: Mapping[str, str]) -> None:
        self.path, self._by = path, dict(found_by)
        head, *lines = self._whole_lines() or [{BY: self._by}]
        others = [
            name for name in self._by if head.get(BY, {}).get(name) != self._by[name]
        ]
        if others:
            raise ValueError(
                f"{path.name} is of another {' and '.join(others)}: choose another "
                "folder, or delete the file to begin anew"
            )
        self.found: dict[str, dict[str, Any]] = {line.pop(CASE): line for line in lines}

    def add(self, case: str, content: Mapping[str, Any]) -> None:
        """Write what was found out about a case."""
        if not self.path.is_file() or not self.path.stat().st_size:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._append({BY: self._by})
        self._append({CASE: case, **content})
        self.found[case] = dict(content)

    def _append(self, content: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(dict(content), allow_nan=False) + "\n")

    def _whole_lines(self) -> list[dict[str, Any]]:
        """Read the file; what follows its last line's end is cut off."""
        if not self.path.is_file():
            return []
        whole, end, rest = self.path.read_bytes().rpartition(b"\n")
        if rest:
            self.path.write_bytes(whole + end)
        return [json.loads(line) for line in whole.splitlines()]

"""Tables of a Markdown document, by the heading above them."""

from __future__ import annotations

import re
from pathlib import Path

Row = dict[str, str]


def tables(path: Path) -> dict[str, list[Row]]:
    """Return the first table below each heading; cells by the name of the column.

    Marks of code around a whole cell are taken off.
    """
    found: dict[str, list[Row]] = {}
    heading, names = "", list[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading, names = line.lstrip("# "), []
        elif not line.startswith("|"):
            names = []
        elif not names:
            names = _cells(line) if heading not in found else []
            found.setdefault(heading, [])
        elif not re.fullmatch(r"[|:\- ]+", line):
            found[heading].append(dict(zip(names, _cells(line), strict=True)))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip("|").split("|")]

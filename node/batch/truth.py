"""What is known of the studies of a run: a table of somebody's, or their names.

A truth says 1 where there is pathology and 0 where there is none. Headings and
separators of the table may be anybody's; its values are taken as they stand or refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from node.batch.entry import Entry
from node.batch.truth_names import of_name
from node.batch.truth_places import Parts, below, depths, normal
from node.batch.words import Words
from node.errors import ConfigError

UID_HEADINGS = ("study_uid", "study_instance_uid", "studyinstanceuid", "uid")
PATH_HEADINGS = (
    "path_to_study",
    "path",
    "file",
    "file_name",
    "filename",
    "zip",
    "archive",
    "name",
    "study",
)
LABEL_HEADINGS = ("pathology", "truth", "label", "target", "class", "ground_truth")

LABELS = {"0": 0, "1": 1}

SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Truth:
    """A known truth of some studies.

    Attributes
    ----------
    source
        The file; "" for names, and where nothing is known.
    by_uid
        Study Instance UID → 0 or 1.
    by_path
        Path or part of one, ``normal`` as below → 0 or 1; it stands for every study
        that lies there.
    depths
        Name of ``by_path`` → how deep it lies below ``root``; what is called so
        elsewhere is something else. One that is not here may lie at any depth.
    from_names
        Whether the names of files and folders are asked.
    root
        Folder below which the studies lie; what is above it says nothing, nor does
        its own name.
    own
        Name of ``root`` where it is a file: that is a name of the study it is.
    """

    source: str = ""
    by_uid: Mapping[str, int] = field(default_factory=dict)
    by_path: Mapping[str, int] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)
    from_names: bool = False
    root: str = ""
    own: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.source) or self.from_names

    def told_source(self, words: Words) -> str:
        """Return where it comes from."""
        return self.source or words.text("truth_names")

    def told(self, entry: Entry) -> Entry:
        """Return an entry with its truth, as far as there is one.

        What contradicts itself is none: better no truth than a wrong one.
        """
        if self.from_names:
            names = "/".join(below(entry.path, self.root)) or self.own
            return replace(entry, truth=of_name(names))
        labels = {self._label(row) for row in self._rows(entry)}
        return replace(entry, truth=labels.pop() if len(labels) == 1 else None)

    def unknown(self, entries: Iterable[Entry]) -> list[str]:
        """Return what of the table could not be used.

        That is what the run did not come upon, and each study of which several rows
        contradict each other, with those rows.
        """
        seen, unclear = set[str](), set[str]()
        for entry in entries:
            rows = self._rows(entry)
            seen.update(rows)
            if len({self._label(row) for row in rows}) > 1:
                said = ", ".join(f"{row} = {self._label(row)}" for row in rows)
                place = "/".join(below(entry.path, self.root)) or entry.path
                unclear.add(f"{place}: {said}")
        return sorted({*self.by_uid, *self.by_path} - seen) + sorted(unclear)

    def _label(self, row: str) -> int:
        return self.by_uid[row] if row in self.by_uid else self.by_path[row]

    def _rows(self, entry: Entry) -> Sequence[str]:
        """Return what of the table stands for an entry, from the root downwards.

        That is its UID alone; else the longest path, and the names that lie deeper.
        """
        if entry.study_instance_uid in self.by_uid:
            return (entry.study_instance_uid,)
        parts = below(entry.path, self.root)
        end, paths = self._paths(parts)
        return list(dict.fromkeys((*paths, *self._names(parts, end))))

    def _paths(self, parts: Parts) -> tuple[int, list[str]]:
        """Return the rows that write the longest part of a path, and how long it is.

        A study may be written in full, a folder around it too; or from the root.
        """
        for end in range(len(parts), -1, -1):
            place = "/".join(parts[:end])
            is_exact = end == len(parts)
            written = dict.fromkeys((normal(f"{self.root}/{place}"), normal(place)))
            rows = [
                name
                for name in written
                if name in self.by_path and (is_exact or (end and "/" in name))
            ]
            # A row may call what lies in the root as the root itself is called.
            if rows and (end or rows[0] not in self.depths):
                return end, rows
        return 0, []

    def _names(self, parts: Parts, end: int) -> list[str]:
        """Return the rows that are the name of something deeper than ``end``."""
        named = enumerate(map(normal, parts), start=1)
        return [
            name
            for depth, name in named
            if depth > end
            and name in self.by_path
            and self.depths.get(name, depth) == depth
        ]


UNKNOWN = Truth()
"""Nobody has said anything."""


def of_names(root: Path) -> Truth:
    """Return the truth that the names of files and folders tell."""
    own = root.name if root.is_file() else ""
    return Truth(from_names=True, root=str(root), own=own)


def of_file(path: Path, root: Path) -> Truth:
    """Return the truth that a table tells.

    Raises
    ------
    ConfigError
        It cannot be read, has no such columns, or holds a value that is neither 0 nor
        1, or two truths of one study; it names the line.
    """
    rows = _rows(path)
    heading = [_heading(cell) for cell in rows[0]] if rows else []
    uid, place, label = (
        _column(heading, names)
        for names in (UID_HEADINGS, PATH_HEADINGS, LABEL_HEADINGS)
    )
    if label is None or (uid is None and place is None):
        raise ConfigError(
            f"--truth {path}: the first line must name a column study_uid or path, and "
            "a column pathology"
        )
    by_uid: dict[str, int] = {}
    by_path: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        known = _label(_cell(row, label), number, path)
        if name := _cell(row, uid):
            _note(by_uid, name, known, number, path)
        elif name := _cell(row, place):
            _note(by_path, normal(name), known, number, path)
        else:
            raise ConfigError(f"--truth {path}: line {number} names no study")
    # The name of a file that is read alone is written in a table as any other.
    base = root.parent if root.is_file() else root
    found = depths(root, base, [name for name in by_path if "/" not in name])
    return Truth(str(path), by_uid, by_path, found, root=str(base))


def _rows(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"--truth {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"--truth {path}: not UTF-8; save it as CSV UTF-8") from None
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    lines = csv.reader(text.splitlines(), delimiter=separator)
    return [[cell.strip() for cell in row] for row in lines]


def _heading(cell: str) -> str:
    return re.sub(r"[\s-]+", "_", cell.casefold())


def _column(heading: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the first column that has one of the names, the likeliest name first."""
    return next((heading.index(name) for name in names if name in heading), None)


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _label(cell: str, number: int, path: Path) -> int:
    if cell not in LABELS:
        raise ConfigError(
            f"--truth {path}: line {number} says {cell[:20]!r}; write 0 or 1, or "
            "remove the line"
        )
    return LABELS[cell]


def _note(known: dict[str, int], name: str, label: int, line: int, path: Path) -> None:
    if known.setdefault(name, label) != label:
        raise ConfigError(
            f"--truth {path}: line {line} contradicts another of the same study"
        )

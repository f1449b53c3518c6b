"""What is known of the studies of a run: a table of somebody's, or their names.

A truth says 1 where there is pathology and 0 where there is none. Headings and
separators of the table may be anybody's; its values are taken as they stand or refused.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from node.batch.entry import Entry
from node.batch.legible import visible
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

NORMAL_NAMES = frozenset(
    {"control", "healthy", "norm", "norma", "normal", "здоров", "здоровый", "норма"}
)
PATHOLOGY_NAMES = frozenset(
    {
        "abnormal",
        "cancer",
        "covid",
        "effusion",
        "emphysema",
        "nodule",
        "pathology",
        "pneumonia",
        "pneumothorax",
        "pneumotorax",
        "tuberculosis",
        "патология",
        "пневмония",
        "пневмоторакс",
        "рак",
        "туберкулез",
        "туберкулёз",
    }
)
"""Words of a name, whole and in any case, that stand for a truth (docs/output.md)."""

NEGATIONS = frozenset({"no", "non", "not", "without", "без", "не", "нет"})
"""A name with one of them says nothing that can be relied on."""


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
    from_names
        Whether the names of files and folders are asked.
    root
        Folder below which the studies lie; what is above it says nothing.
    """

    source: str = ""
    by_uid: Mapping[str, int] = field(default_factory=dict)
    by_path: Mapping[str, int] = field(default_factory=dict)
    from_names: bool = False
    root: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.source) or self.from_names

    def told_source(self, words: Words) -> str:
        """Return where it comes from."""
        return self.source or words.text("truth_names")

    def told(self, entry: Entry) -> Entry:
        """Return an entry with its truth, as far as there is one."""
        key = self._key(entry)
        if key is not None:
            known = self.by_uid.get(key, self.by_path.get(key))
            return replace(entry, truth=known)
        if self.from_names:
            return replace(entry, truth=of_name(_below(entry.path, self.root)))
        return entry

    def unknown(self, entries: Iterable[Entry]) -> list[str]:
        """Return what the table names and the run did not come upon."""
        seen = {self._key(entry) for entry in entries}
        return sorted({*self.by_uid, *self.by_path} - seen)

    def _key(self, entry: Entry) -> str | None:
        """Return what of the table stands for an entry: its UID, else its place."""
        if entry.study_instance_uid in self.by_uid:
            return entry.study_instance_uid
        names = _names(entry.path, _below(entry.path, self.root))
        return next((name for name in names if name in self.by_path), None)


UNKNOWN = Truth()
"""Nobody has said anything."""


def of_names(root: Path) -> Truth:
    """Return the truth that the names of files and folders tell."""
    return Truth(from_names=True, root=str(root))


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
    return Truth(str(path), by_uid, by_path, root=str(root))


def of_name(path: str) -> int | None:
    """Return what the words of a path say; None where they say nothing, or both.

    >>> of_name("ward 3/Norma_07.zip"), of_name("pneumonia-12"), of_name("no pathology")
    (0, 1, None)
    """
    plain = unicodedata.normalize("NFC", path).casefold()
    words = set(re.findall(r"[^\W\d_]+", plain))
    found = {known for known, names in _NAMES.items() if words & names}
    return found.pop() if len(found) == 1 and not words & NEGATIONS else None


_NAMES = {0: NORMAL_NAMES, 1: PATHOLOGY_NAMES}


def normal(name: str) -> str:
    r"""Return a path as it is compared: any case, separator or ``.zip``.

    >>> normal("C:\\ward\\A.ZIP")
    'c:/ward/a'
    """
    plain = unicodedata.normalize("NFC", name.strip()).casefold()
    return plain.replace("\\", "/").removeprefix("./").rstrip("/").removesuffix(".zip")


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


def _below(path: str, root: str) -> str:
    return path.removeprefix(root).lstrip("/") or PurePosixPath(path).name


def _names(path: str, below: str) -> Iterator[str]:
    """Yield what a study may be called: its path, then what it lies in, deepest first.

    ``ward/a.zip`` may be written in full, from the root, or ``a`` or ``ward`` alone.
    """
    yield normal(path)
    parts = PurePosixPath(visible(below)).parts
    for end in range(len(parts), 0, -1):
        yield normal("/".join(parts[:end]))
        yield normal(parts[end - 1])

"""``pacs-model eda chest_ct``: analyse, report, record and write what passed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.chest_ct.cases.labels import FILE
from models.chest_ct.eda.analysis import Analysis, analyse, found_places
from models.chest_ct.eda.clean_table import write_table
from models.chest_ct.eda.kinds import KINDS
from models.chest_ct.eda.record import write_record
from models.chest_ct.eda.story import headline, tell
from models.eda.pages import Format, write_page
from models.eda.progress import shown

CLEAN, RECORD = "out", "eda.json"

LISTED = 8
"""Remarks of one kind that the terminal lists; the report has all."""


def run(
    data: Path, output: Path, workers: int | None = None, form: Format = "html"
) -> list[str]:
    """Analyse a folder, write everything and return what the terminal says.

    Raises
    ------
    FileNotFoundError
        There is no ``labels.csv`` in ``data``, or nothing beside it.
    ValueError
        ``output`` lies in ``data`` or the reverse, or the table cannot be read.
    """
    check_apart(data, output)
    with shown(len(found_places(data))) as ended:
        analysis = analyse(data, workers, ended)
    output.mkdir(parents=True, exist_ok=True)
    table = write_table(analysis, output / CLEAN)
    record = write_record(analysis, output / RECORD)
    report = write_page(tell(analysis), Path(__file__).parent, output, form)
    places = [("report", report), ("record", record), ("clean table", table)]
    return [*summary(analysis), "", *(f"{word:<11}  {path}" for word, path in places)]


def check_apart(data: Path, output: Path) -> None:
    """Refuse an output that would lie in the data, or swallow them.

    Raises
    ------
    ValueError
        One folder lies in the other.
    """
    one, other = data.resolve(), output.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise ValueError("the data are never written to; give another --output")


def summary(analysis: Analysis) -> Iterator[str]:
    """Yield what was found, in lines for a terminal."""
    yield headline(analysis)
    for fault, words in ((True, "Left out"), (False, "Worth a look, kept")):
        there = analysis.faults if fault else analysis.findings
        if there:
            yield ""
            yield words
        for name, kind in KINDS.items():
            if kind.is_fault is fault:
                yield from _of_kind(analysis, name)
    if len(analysis.passed) < len(analysis.entries):
        yield ""
        yield f"To train on what passed, put the clean table in place of DATA/{FILE}."


def _of_kind(analysis: Analysis, name: str) -> Iterator[str]:
    """Yield the remarks of a kind, then what to do about them."""
    remarks = analysis.of_kind(name)
    if not remarks:
        return
    yield f"  {KINDS[name].title}: {len(remarks)}"
    for remark in remarks[:LISTED]:
        yield f"    {remark.where}: {remark.detail}"
    if len(remarks) > LISTED:
        yield f"    … and {len(remarks) - LISTED} more in the report"
    yield f"    → {KINDS[name].advice}"

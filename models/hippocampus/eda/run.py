"""``pacs-model eda hippocampus``: analyse, report, record and copy what passed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.eda.pages import Format
from models.eda.progress import shown
from models.hippocampus.eda.analysis import Analysis, analyse
from models.hippocampus.eda.clean_copy import check_apart, copy_passed
from models.hippocampus.eda.kinds import KINDS
from models.hippocampus.eda.measurement import find_pairs
from models.hippocampus.eda.plots import short
from models.hippocampus.eda.record import write_record
from models.hippocampus.eda.report import write_report
from models.hippocampus.eda.story import headline, tell

COPY, RECORD = "out", "eda.json"

LISTED = 8
"""Cases of one finding that a line of the terminal names."""


def run(
    data: Path, output: Path, workers: int | None = None, form: Format = "html"
) -> list[str]:
    """Analyse a folder, write everything and return what the terminal says.

    Raises
    ------
    FileNotFoundError
        There are no images and no label maps in ``data``.
    ValueError
        ``output`` lies in ``data`` or the reverse, or ``output/out`` was not made
        by this command.
    """
    check_apart(data, output)
    with shown(len(find_pairs(data))) as ended:
        analysis = analyse(data, workers, ended)
    output.mkdir(parents=True, exist_ok=True)
    copy = copy_passed(analysis, output / COPY)
    record = write_record(analysis, output / RECORD)
    report = write_report(tell(analysis), output, form)
    places = [("report", report), ("record", record), ("clean copy", copy)]
    return [*summary(analysis), "", *(f"{word:<10}  {path}" for word, path in places)]


def summary(analysis: Analysis) -> Iterator[str]:
    """Yield what was found, in lines for a terminal."""
    yield headline(analysis)
    if analysis.broken:
        yield ""
        yield "Broken, left out"
    width = max(map(len, analysis.broken), default=0)
    for name, faults in analysis.broken.items():
        for line, fault in enumerate(faults):
            yield f"  {name if not line else '':<{width}}  {fault.detail}"
    if analysis.findings:
        yield ""
        yield "Worth a look, kept"
    for name, kind in KINDS.items():
        found = dict.fromkeys(short(each.case) for each in analysis.of_kind(name))
        if found and not kind.is_fault:
            more = " …" if len(found) > LISTED else ""
            cases = f"{' '.join(list(found)[:LISTED])}{more}"
            yield f"  {kind.title:<{TITLE}}  {len(found):>3}  {cases}"


TITLE = max(len(kind.title) for kind in KINDS.values() if not kind.is_fault)
"""Width of the column of titles."""

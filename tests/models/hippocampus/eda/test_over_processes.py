"""Processes give what one process gives, tell how far they are, and end cleanly."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from models.eda.progress import shown
from models.hippocampus.eda.analysis import Analysis
from models.hippocampus.eda.measurement import Pair, find_pairs
from models.hippocampus.eda.over_processes import measure_all


def test_processes_measure_what_one_process_measures(sound: Analysis) -> None:
    """In the same order."""
    assert measure_all(find_pairs(sound.folder), workers=2) == list(sound.cases)


def test_without_a_terminal_there_is_a_numbered_line_each(pairs: Path) -> None:
    """No control codes; what is wrong stands beside the name."""
    (pairs_found, stream) = (find_pairs(pairs)[:2], io.StringIO())
    lonely = Pair(pairs_found[0].name, pairs_found[0].image, None)

    with shown(2, Console(file=stream, soft_wrap=True)) as ended:
        measure_all([lonely, pairs_found[1]], workers=1, ended=ended)

    lines = stream.getvalue().splitlines()
    assert sorted(line.split("] ")[1] for line in lines) == [
        "hippocampus_001: no label map",
        "hippocampus_002",
    ]
    assert [line.split(" ")[0] for line in lines] == ["[1/2]", "[2/2]"]


def test_at_a_terminal_there_is_a_bar(pairs: Path) -> None:
    """Which goes away at the end, so that results stand alone."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80, color_system=None)

    with shown(2, console) as ended:
        measure_all(find_pairs(pairs)[:2], workers=1, ended=ended)

    assert "2/2" in stream.getvalue()
    assert "[1/2]" not in stream.getvalue()

"""docs/batch.md tells of every column, option and limit that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from models.chest_ct.learning.assembly.content import ACCEPTANCE, COLUMNS
from node.batch.order import WORKER_MIB
from node.batch.rows import AFTER, BEFORE, COMPARED
from node.config import Settings
from tests.house.programs import commands

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")

SELDOM = {"--input", "--config", "--help"}
"""Options of which the page need not tell."""


def rows_below(heading: str) -> list[str]:
    """Return the first cells of the table that begins with this cell."""
    _, _, below = PAGE.partition(f"\n| {heading} |")
    rows = below.split("\n\n")[0].splitlines()[2:]
    return [row.split(" | ")[0].removeprefix("| ") for row in rows]


def test_every_column_stands_there_in_its_order() -> None:
    """As the rows have them: ours to the right of those that hospitals know."""
    told = [
        name for cell in rows_below("column") for name in re.findall(r"`(\w+)`", cell)
    ]

    moved = [name for name in AFTER if name not in COLUMNS]
    assert told == [*BEFORE, *COLUMNS, *moved, *COMPARED]


def test_every_option_stands_there() -> None:
    """But for those that every command has."""
    options = dict(commands("pacs-node"))["pacs-node batch"].params
    names = {max(option.opts, key=len) for option in options if "--" in option.opts[0]}
    told = set(re.findall(r"(--[a-z-]+)", " ".join(rows_below("option"))))

    assert told == names - SELDOM


def test_limits_are_those_of_the_program() -> None:
    """Which series is read, how much time and memory a study is given."""
    jobs = Settings().jobs
    numbers = [
        f"at least {ACCEPTANCE['min_slices']} slices",
        f"at most {ACCEPTANCE['max_spacing_mm']:g} mm apart",
        f"with {ACCEPTANCE['min_matrix']} rows and columns",
        f"down to {ACCEPTANCE['thin_enough_mm']:g} mm",
        f"longer than {jobs.deadline_s / 60:g} minutes",
        f"more than {jobs.memory_limit_mib // 1024} GiB",
        f"{WORKER_MIB // 1024} GiB is counted",
    ]

    assert [number for number in numbers if number not in PAGE] == []


@pytest.mark.parametrize("service", re.findall(r"up (batch\S*)", PAGE))
def test_docker_is_asked_for_a_service_that_there_is(service: str) -> None:
    """Its name is in the compose file."""
    text = (ROOT / "docker-compose.batch.yml").read_text(encoding="utf-8")

    assert service in yaml.safe_load(text)["services"]

"""``pacs-node jobs`` as a person types it: which jobs, how they look, the live view."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from node.commands.jobs import since_when
from node.commands.jobs_watch import frame
from node.jobs.job import Failed
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import Wish
from node.log import salted
from tests.node.jobs.ledger_stories import T0, queue, result
from tests.node.test_main import ROOT, pacs_node
from tests.processes import ended_with_the_test

RESULTS = ("--results", "results")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger of 60 queued studies, one that failed and one that was read."""
    folder = tmp_path / "results" / ".pacs-node"
    folder.mkdir(parents=True)
    with closing(Ledger(folder)) as ledger:
        for number in range(60):
            queue(ledger, f"1.{number + 1}", now=T0 + timedelta(seconds=number))
        ledger.jobs.claim(T0)
        ledger.jobs.fail(1, Failed("damaged_file", "1 damaged file lies there"), T0)
        ledger.jobs.claim(T0 + timedelta(minutes=1))
        ledger.jobs.report(2, result(), ["A@b:1"], T0 + timedelta(minutes=2))
        yield ledger


def jobs(ledger: Ledger, *arguments: str) -> tuple[int, list[str], str]:
    """Run the command beside the open ledger; return status, lines, errors."""
    folder = ledger.database.path.parents[2]
    status, output, errors = pacs_node(
        "jobs", *RESULTS, *arguments, folder=folder, TZ="UTC"
    )
    return status, output.splitlines(), errors


def numbers(ledger: Ledger, *arguments: str) -> list[int]:
    """Return the numbers of the jobs that are listed."""
    _, (line,), _ = jobs(ledger, "--json", *arguments)
    return [job["job"] for job in json.loads(line)]


def test_fifty_are_listed_and_the_rest_is_counted(ledger: Ledger) -> None:
    """The newest last; two lines each, within 80 columns."""
    status, lines, _ = jobs(ledger)

    assert status == 0
    assert lines[-1] == "10 earlier jobs are not shown: --limit 60; times: UTC"
    assert lines[-4].split()[:2] == ["60", "queued"]
    assert len(lines) == 1 + 2 * 50 + 2
    assert max(map(len, lines)) <= 80


def test_what_is_not_well_says_why(ledger: Ledger) -> None:
    """A reason under the job, and the hash by which the log names the study."""
    _, lines, _ = jobs(ledger, "--state", "failed", "--state", "reported")

    hashed = salted(ledger.site_salt, "1.1")
    assert lines[2] == f"  {hashed}  1.1"
    assert lines[3] == "      damaged_file: 1 damaged file lies there"
    assert lines[-3] == "      on its way: SEG, SR, SC to A@b:1"


def test_a_machine_gets_all_that_it_wishes(ledger: Ledger) -> None:
    """By state, study, hash, model, time and number."""
    assert len(numbers(ledger)) == 60
    assert numbers(ledger, "--state", "failed") == [1]
    assert numbers(ledger, "--study", salted(ledger.site_salt, "1.7")) == [7]
    assert numbers(ledger, "--study", "2.25.2.1", "--model", "hippocampus") == [2]
    assert numbers(ledger, "--since", "2026-01-05T08:00:58+00:00") == [2, 59, 60]
    assert numbers(ledger, "--limit", "1") == [60]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--study", "Ivanov"), 1, "no study is known by that"),
        (("--state", "done"), 2, "states are queued"),
        (("--since", "yesterday"), 2, "write 30m, 2h, 3d"),
        (("--watch", "--json"), 2, "leave out --json"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """The exit status and the words say which."""
    folder = tmp_path / "results" / ".pacs-node"
    folder.mkdir(parents=True)
    Ledger(folder).close()

    found, _, errors = pacs_node(
        "jobs", *RESULTS, *arguments, folder=tmp_path, COLUMNS="200"
    )

    assert (found, words in errors) == (status, True), errors


def test_a_time_is_an_age_or_a_moment() -> None:
    """Without a zone it is local; anything else is refused."""
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert since_when("2h", now) == now - timedelta(hours=2)
    assert since_when("1w", now) == now - timedelta(days=7)
    assert since_when("2026-11-21T10:00:00+03:00", now).hour == 7
    assert since_when("2026-11-21", now).tzinfo is UTC
    with pytest.raises(typer.BadParameter):
        since_when("-1h", now)


@contextmanager
def watching(ledger: Ledger) -> Iterator[subprocess.Popen[str]]:
    """Run the live view without a terminal."""
    with ended_with_the_test(
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "node",
                "jobs",
                *RESULTS,
                "--watch",
                "--every",
                "0.1",
            ],
            cwd=ledger.database.path.parents[2],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
    ) as process:
        yield process


def test_without_a_terminal_a_change_is_a_line_and_ctrl_c_the_end(
    ledger: Ledger,
) -> None:
    """Counts first, then what changes as it changes; Ctrl-C is no error."""
    with watching(ledger) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.3)
        ledger.jobs.claim(T0 + timedelta(minutes=3))
        changed = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)

    assert first.split()[1:] == ["queued", "58", "reported", "1", "failed", "1"]
    hashed = salted(ledger.site_salt, "1.3")
    assert changed.split()[1:] == ["job", "3", "hippocampus", hashed, "running"]
    assert (process.returncode, rest) == (0, "")


@pytest.mark.parametrize("height", [8, 24, 200])
def test_the_live_view_fits_the_window(ledger: Ledger, height: int) -> None:
    """Counts, what runs and since when, then as many of the newest as there is room."""
    started = T0 + timedelta(minutes=3)
    ledger.jobs.claim(started)

    lines = [
        line.plain
        for line in frame(ledger, Wish(), height, started + timedelta(seconds=75))
    ]

    assert len(lines) <= height
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("queued 57  running 1  reported 1  failed 1   ")
    assert "   3  running for 1 min 15 s  hippocampus  " in lines[2]
    assert lines[-1].split()[:2] == ["60", "queued"]

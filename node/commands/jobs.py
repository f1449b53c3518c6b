"""``pacs-node jobs``: what became of every study and model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from node import config, listing
from node.commands.ledgers import of_results, opened, studies_named
from node.commands.options import (
    WHICH,
    ConfigOption,
    JsonOption,
    ModelOption,
    ResultsOption,
    StudyOption,
)
from node.commands.terminal import console, print_json
from node.errors import ConfigError
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import Wish
from node.jobs.ledger_jobs import JobRow
from node.log import salted
from node.moments import zone

LIVE = "Live view"
SHOWN = 50
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def known_states(names: list[str] | None) -> list[str] | None:
    """Return names of states that there are (callback of ``--state``)."""
    for name in names or ():
        if name not in set(JobState):
            known = ", ".join(JobState)
            raise typer.BadParameter(f"{name}: states are {known}")
    return names


def state_names(incomplete: str) -> list[str]:
    """Return the states whose names begin so (shell completion)."""
    return [str(state) for state in JobState if state.startswith(incomplete)]


def since_when(text: str, now: datetime) -> datetime:
    """Return the moment that ``2h``, ``3d`` or an ISO 8601 time means.

    Raises
    ------
    typer.BadParameter
        It is written otherwise.
    """
    ago = re.fullmatch(r"(\d{1,4})([mhdw])", text)
    if ago:
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)  # local without a zone
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text}: write 30m, 2h, 3d, 1w or a time such as 2026-11-21T08:00"
        ) from None


def known_since(text: str | None) -> str | None:
    """Return a time that can be understood (callback of ``--since``)."""
    if text is not None:
        since_when(text, datetime.now(UTC))
    return text


def jobs(
    config_file: ConfigOption = None,
    study: StudyOption = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="Only jobs in this state; may be given again.",
            callback=known_states,
            autocompletion=state_names,
            rich_help_panel=WHICH,
        ),
    ] = None,
    model: ModelOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only queued or ended since: 2h, 3d or ISO 8601.",
            callback=known_since,
            rich_help_panel=WHICH,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help=f"Only the newest; else {SHOWN}, and with --json all.",
            rich_help_panel=WHICH,
        ),
    ] = None,
    results: ResultsOption = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Go on showing what happens, until Ctrl-C.",
            rich_help_panel=LIVE,
        ),
    ] = False,
    every: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="Seconds between two looks.",
            rich_help_panel=LIVE,
        ),
    ] = 2.0,
    as_json: JsonOption = False,
) -> None:
    """List what became of every study and model, the newest last.

    Exit status
    -----------
    0    the list is printed, empty or not; --watch ended by Ctrl-C
    1    --study names no study that is known
    2    wrong use, or no ledger where the settings say
    130  interrupted, without --watch

    Examples
    --------
    pacs-node jobs --state failed --since 2d
        List what failed in the last two days, and why.
    pacs-node jobs --watch
        See the queue, what is being read and what ended.
    pacs-node jobs --study 1.2.840.1 --json
        Print one study's jobs for a machine.
    """
    if watch and as_json:
        raise ConfigError("--watch is for a person: leave out --json")
    settings = of_results(config.load(config_file), results)
    with opened(settings) as ledger:
        wish = _wish(ledger, study, state, model, since)
        if watch:
            from node.commands.jobs_watch import follow

            follow(ledger, wish, every)
        elif as_json:
            print_json(_plain(ledger, ledger.history.newest(wish, limit)))
        else:
            _print(ledger, wish, limit or SHOWN)


def _wish(
    ledger: Ledger,
    study: str | None,
    states: Sequence[str] | None,
    model: str | None,
    since: str | None,
) -> Wish:
    """Return what is asked for.

    Raises
    ------
    NodeError
        No study is known by what was typed.
    """
    studies = studies_named(ledger, study) if study is not None else None
    return Wish(
        studies=tuple(s.study_instance_uid for s in studies) if studies else None,
        states=tuple(states) if states else None,
        model=model,
        since=since_when(since, datetime.now(UTC)) if since else None,
    )


def _plain(ledger: Ledger, rows: Sequence[JobRow]) -> list[dict[str, object]]:
    sent = ledger.deliveries.by_job()
    salt = ledger.site_salt
    return [
        listing.plain(
            row, sent.get(row.job_id, ()), salted(salt, row.study_instance_uid)
        )
        for row in rows
    ]


def _print(ledger: Ledger, wish: Wish, limit: int) -> None:
    """Print two lines per job, and why what is not well is not."""
    rows = ledger.history.newest(wish, limit)
    terminal = console()
    if not rows:
        terminal.print("no job fits" if wish != Wish() else "no job yet")
        return
    terminal.print(listing.TITLES, style="dim")
    for row in rows:
        terminal.print(listing.row_line(row), markup=False)
        study_hash = salted(ledger.site_salt, row.study_instance_uid)
        terminal.print(listing.study_line(row, study_hash), markup=False, style="dim")
        sent = ledger.deliveries.of_job(row.job_id)
        for line in listing.folded(row, sent, terminal.width):
            terminal.print(line, markup=False)
    total = sum(ledger.history.counts(wish).values())
    terminal.print(
        f"\n{_conclusion(len(rows), total)}; times: {zone(rows[-1].queued_at)}"
    )


def _conclusion(shown: int, total: int) -> str:
    """Return how many jobs there are, and how the earlier ones are shown."""
    if total > shown:
        return f"{total - shown} earlier jobs are not shown: --limit {total}"
    return f"{total} jobs" if total != 1 else "1 job"

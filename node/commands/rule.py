"""``pacs-node rule``: which series a model reads, and which header values decided."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import models
from node import config
from node.commands.options import ConfigOption, JsonOption, ModelOption
from node.commands.terminal import print_json
from node.walk import walk

if TYPE_CHECKING:
    from models.contract import SeriesInfo
    from models.volume.acceptance import Check
    from node.rulings import RuleInForce, Ruling, Rulings, StudyRulings

SHOWN = 5
"""Files that are shown by name of those refused for one reason."""


def rule(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            exists=True,
            help="Study folders and DICOM files, in any mix.",
        ),
    ],
    config_file: ConfigOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which series each model reads, and which header values decided.

    The rule is the one of the model's bundle, or what your settings have in its
    place under [models.NAME.accept]. Only headers are read, and nothing is kept.

    Exit status
    -----------
    0  some series is accepted by some model
    1  none is
    2  wrong use, or settings that cannot be

    Examples
    --------
    pacs-node rule ./study
        Why is this study read, or why not?
    pacs-node rule ./study --config other.toml
        What would other settings make of it?
    """
    from node.rulings import rule_on, rules_in_force  # reads DICOM: only here

    settings = config.load(config_file)
    rules = rules_in_force(settings, [model] if model else list(models.MODELS))
    files, named, closed = _files(paths)
    rulings = rule_on(files, rules, settings.jobs.threads or 4)
    shut = tuple((folder, "unreadable") for folder in closed)
    rulings = replace(rulings, unreadable=(*rulings.unreadable, *shut))
    if as_json:
        print_json(_plain(rules, rulings))
    else:
        _print(rules, rulings, frozenset(named))
    if not rulings.accepted:
        raise typer.Exit(1)


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """Return every file at ``paths`` once, those named one by one, closed folders."""
    trees = [walk(path) for path in paths if path.is_dir()]
    found = {file.resolve(): file for tree in trees for file in tree.files}
    named = {
        path.resolve(): path
        for path in paths
        if path.is_file() and path.resolve() not in found
    }
    closed = [folder for tree in trees for folder in tree.closed]
    return [*found.values(), *named.values()], list(named.values()), closed


def _print(
    rules: Sequence[RuleInForce], rulings: Rulings, named: frozenset[Path]
) -> None:
    terminal = Console(highlight=False)
    for part in _page(rules, rulings, named):
        if isinstance(part, Text) and part.no_wrap:
            terminal.print(part, soft_wrap=True)
            continue
        for segments in terminal.render_lines(part, pad=False):
            line = Text.assemble(*((s.text, s.style or "") for s in segments))
            line.rstrip()
            terminal.print(line, soft_wrap=True)


def _page(
    rules: Sequence[RuleInForce], rulings: Rulings, named: frozenset[Path]
) -> Iterator[RenderableType]:
    yield from map(_origin, rules)
    for study in rulings.studies:
        yield ""
        yield from _study(study, named)
    yield from _unreadable(rulings.unreadable)
    if not rulings.studies:
        yield "\nno DICOM image here"


def _origin(in_force: RuleInForce) -> Text:
    """Say whose rule it is."""
    whose = "the rule of its bundle"
    if in_force.site_keys:
        keys = ", ".join(in_force.site_keys)
        whose = f"the rule of this site: {keys} from [models.{in_force.model}.accept]"
    return Text(f"{in_force.model} {in_force.version} judges by {whose}")


def _study(study: StudyRulings, named: frozenset[Path]) -> Iterator[RenderableType]:
    yield _unbroken(f"study {study.study_instance_uid}", style="bold")
    if study.trouble:
        yield Text(f"would fail as {study.trouble}", style="red")
    for ruled in study.series:
        yield ""
        yield Text(_head(ruled.series))
        for ruling in ruled.by_model:
            yield Padding(_verdict(ruling), (0, 0, 0, 2))
            yield _table(ruling.checks)
        if all(instance.path in named for instance in ruled.series.instances):
            yield from _partial(ruled.series)


def _head(series: SeriesInfo) -> str:
    number = "without number" if series.series_number is None else series.series_number
    size = _count(len(series.instances), _kind(series))
    return f"series {number}  {series.series_description!r}  {size}"


def _kind(series: SeriesInfo) -> str:
    if any(instance.frame is not None for instance in series.instances):
        return "frame"
    return "image" if series.rows and series.columns else "object"


def _count(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _verdict(ruling: Ruling) -> Text:
    if not ruling.accepted:
        why = f"refused because {ruling.reason}: {ruling.detail}"
        return Text.assemble(f"{ruling.model}: ", (why, "yellow"))
    rank = "chosen" if ruling.chosen else f"not chosen: it comes {ruling.detail}"
    because = f"accepted as {ruling.because}"
    return Text.assemble(f"{ruling.model}: ", (because, "green"), f"; {rank}")


def _table(checks: Sequence[Check]) -> Padding:
    """Return a row for each check, with all tags that it looked at."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=len("broken"))
    for _ in ("tags", "keywords"):
        table.add_column(no_wrap=True)
    for _ in ("found", "wanted"):
        table.add_column(overflow="fold")
    for check in checks:
        table.add_row(
            Text("ok") if check.holds else Text("broken", style="yellow"),
            "\n".join(check.tags),
            "\n".join(check.keywords),
            Text(check.found),
            Text(check.wanted),
        )
    return _indented(table)


def _partial(series: SeriesInfo) -> Iterator[RenderableType]:
    """Say that these may not be all images of the series, and how to give them all."""
    count = len({instance.path for instance in series.instances})
    named = "the one file" if count == 1 else f"the {count} files"
    yield _indented(Text(f"slices and spacing were judged on {named} that you named;"))
    yield _indented(Text("to judge the whole series, name its folder:"))
    folder = shlex.quote(_shown(series.instances[0].path.parent))
    yield _unbroken(f"    pacs-node rule {folder}")


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 4))


def _unbroken(line: str, style: str = "") -> Text:
    """Return what is to be copied: on one line, however long."""
    return Text(line, style, no_wrap=True, overflow="ignore")


def _unreadable(refused: Sequence[tuple[Path, str]]) -> Iterator[RenderableType]:
    """Count the files that are in no study, by reason, and name some of them."""
    by_reason: dict[str, list[Path]] = defaultdict(list)
    for path, reason in refused:
        by_reason[reason].append(path)
    for reason, paths in sorted(by_reason.items()):
        yield Text(f"\nnot judged, {reason}: {_count(len(paths), 'file')}")
        for path in paths[:SHOWN]:
            yield _unbroken(f"  {_shown(path)}")
        if len(paths) > SHOWN:
            yield Text(f"  and {len(paths) - SHOWN} more: --json lists them all")


def _shown(path: Path) -> str:
    """Return a path without characters that a terminal would obey or refuse."""
    return "".join(c if c.isprintable() else "?" for c in str(path))


def _plain(rules: Sequence[RuleInForce], rulings: Rulings) -> dict[str, Any]:
    """Return everything as JSON has it."""
    return {
        "rules": [asdict(in_force) for in_force in rules],
        "studies": [_plain_study(study) for study in rulings.studies],
        "unreadable": [
            {"path": _shown(path), "reason": reason}
            for path, reason in rulings.unreadable
        ],
    }


def _plain_study(study: StudyRulings) -> dict[str, Any]:
    return {
        "study_instance_uid": study.study_instance_uid,
        "trouble": study.trouble,
        "series": [
            {
                "series_instance_uid": ruled.series.series_instance_uid,
                "series_number": ruled.series.series_number,
                "description": ruled.series.series_description,
                "images": len(ruled.series.instances),
                "models": [_plain_ruling(ruling) for ruling in ruled.by_model],
            }
            for ruled in study.series
        ],
    }


def _plain_ruling(ruling: Ruling) -> dict[str, Any]:
    tagged = [asdict(check) | {"tags": check.tags} for check in ruling.checks]
    return asdict(ruling) | {"accepted": ruling.accepted, "checks": tagged}

"""``pacs-node explain``: what happened to a study, and whether it comes out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node import config
from node.commands.ledgers import of_results, opened, studies_named
from node.commands.options import ConfigOption, JsonOption, ResultsOption
from node.commands.terminal import console, print_json
from node.config import Settings
from node.jobs.ledger import Ledger

if TYPE_CHECKING:
    from node.history.repetition import Repetition
    from node.history.story import Story


def explain(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            help="UID of a study, image or result; accession number; hash.",
        ),
    ],
    config_file: ConfigOption = None,
    results: ResultsOption = None,
    rerun_check: Annotated[
        bool,
        typer.Option(
            "--rerun-check",
            help="Read once more, compare every number and object.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what happened to a study, decision by decision, and why.

    STUDY is a Study Instance UID, the SOP Instance UID of an image or of
    a result, an Accession Number, or the hash that the log has after study=.

    Exit status
    -----------
    0    told; with --rerun-check: everything came out equal
    1    no such study; with --rerun-check: it differs or cannot be repeated
    2    wrong use, or no ledger where the settings say
    130  interrupted

    Examples
    --------
    pacs-node explain 4be1c0ffee12
        Tell the story of a study that the log names so.
    pacs-node explain 1.2.840.1 --rerun-check
        Make the last results once more; nothing is kept of it.
    pacs-node explain 1.2.840.1 --results ./results --json
        Ask the ledger of a batch, for a machine.
    """
    settings = of_results(config.load(config_file), results)
    with opened(settings) as ledger:
        told = _Told(ledger, settings, in_order=results is None)
        is_good = told.tell(wanted, rerun_check=rerun_check, as_json=as_json)
    if not is_good:
        raise typer.Exit(1)


class _Told:
    """Tells a person or a machine."""

    def __init__(self, ledger: Ledger, settings: Settings, *, in_order: bool) -> None:
        from node.history.paths import Objects

        self._ledger = ledger
        self._settings = settings
        self._in_order = in_order
        self._objects = Objects(_results(settings))
        self._terminal = console()

    def tell(self, wanted: str, *, rerun_check: bool, as_json: bool) -> bool:
        """Tell about the studies that are meant; return whether all is as it was."""
        from node.history.story import story_of

        found = studies_named(self._ledger, wanted)
        stories = [story_of(study, self._ledger) for study in found]
        if as_json:
            return self._print_plain(stories, rerun_check=rerun_check)
        if len(stories) > 1:
            return self._list(stories, rerun_check=rerun_check)
        return self._print(stories[0], rerun_check=rerun_check)

    def _print(self, story: Story, *, rerun_check: bool) -> bool:
        from node.history import page

        width = self._terminal.width
        for line in (*page.head(story), *page.decisions(story, width)):
            self._terminal.print(line)
        for job in story.jobs:
            for line in page.job_lines(job, self._objects, width):
                self._terminal.print(line)
        self._print_cards(story)
        return self._check(story, width) if rerun_check else True

    def _print_cards(self, story: Story) -> None:
        from node.history import page
        from node.history.card import bundle_now, card

        for job in story.jobs:
            if job.results:
                model = job.job.model
                bundle = bundle_now(self._settings, model)
                lines = card(story, model, job.results[-1], bundle)
                title = f"Provenance of the {model} result"
                framed = self._terminal.is_terminal
                self._terminal.print(page.panel(title, lines, framed=framed))

    def _check(self, story: Story, width: int) -> bool:
        from node.history import page

        done = self._repeat(story)
        for repetition in done:
            for part in page.comparison(repetition, width):
                self._terminal.print(part)
        if not done:
            self._terminal.print("\nOnce more: there is no result to repeat")
        return _all_equal(done)

    def _repeat(self, story: Story) -> list[Repetition]:
        from node.history.repetition import repeat  # and with it the pipeline

        return [
            repeat(job, self._ledger, self._settings, in_order=self._in_order)
            for job in story.jobs
            if job.results
        ]

    def _list(self, stories: list[Story], *, rerun_check: bool) -> bool:
        from node.history import page

        for line in page.several(stories):
            self._terminal.print(line)
        return not rerun_check

    def _print_plain(self, stories: list[Story], *, rerun_check: bool) -> bool:
        from node.history.plain import plain, plain_repetition

        told, is_good = [], True
        for story in stories:
            content = plain(story, self._settings, self._objects)
            if rerun_check:
                done = self._repeat(story)
                content["rerun_check"] = [plain_repetition(each) for each in done]
                is_good = is_good and _all_equal(done)
            told.append(content)
        print_json({"studies": told})
        return is_good


def _all_equal(done: list[Repetition]) -> bool:
    return bool(done) and all(repetition.is_equal for repetition in done)


def _results(settings: Settings) -> Path:
    """Return where the objects lie: beside an offline ledger, or in the data folder."""
    data_dir = settings.node.data_dir
    node_results = data_dir / "results"
    return node_results if node_results.is_dir() else data_dir.parent

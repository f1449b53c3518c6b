"""``pacs-node retry``: jobs queued anew, results offered again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from node import config, log
from node.commands.asking import agreed, at_terminal, counted, studies_meant
from node.commands.jobs import known_since, since_when
from node.commands.ledgers import opened
from node.commands.options import (
    WHICH,
    ConfigOption,
    JsonOption,
    ModelOption,
    StudyOption,
)
from node.commands.terminal import console, print_json
from node.config import Settings
from node.errors import ConfigError
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_repeats import QUEUED_AGAIN
from node.lock import holder

if TYPE_CHECKING:
    from node.repeat import JobsAgain, Offers, Wanted

FAILED = (JobState.FAILED,)
ANSWERED = (JobState.REPORTED, JobState.SENT)
"""States that are meant where none is named: of all jobs, and of ``--missed``."""

SEND = "Send again"
WHEN_IT_RUNS = "the node does it when it runs: pacs-node run"


def known_states(names: list[str]) -> list[str]:
    """Return names of states in which a job can be wanted again (of ``--state``)."""
    for name in names:
        if name not in QUEUED_AGAIN:
            known = ", ".join(QUEUED_AGAIN)
            raise typer.BadParameter(f"{name}: states that can be retried are {known}")
    return names


def state_names(incomplete: str) -> list[str]:
    """Return the states whose names begin so (shell completion)."""
    return [str(state) for state in QUEUED_AGAIN if state.startswith(incomplete)]


def retry(
    config_file: ConfigOption = None,
    state: Annotated[
        list[str],
        typer.Option(
            metavar="STATE",
            help="Only jobs in this state, else failed; may be given again.",
            callback=known_states,
            autocompletion=state_names,
            rich_help_panel=WHICH,
        ),
    ] = [],  # noqa: B006 - typer wants a list, and nobody changes it
    missed: Annotated[
        bool,
        typer.Option(
            "--missed",
            help="Only results that lack earlier ones, which nobody could look for.",
            rich_help_panel=WHICH,
        ),
    ] = False,
    model: ModelOption = None,
    study: StudyOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only jobs that ended since: 2h, 3d or ISO 8601.",
            callback=known_since,
            rich_help_panel=WHICH,
        ),
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option(
            metavar="AET@HOST:PORT",
            help="Read nothing: send there what it has not got.",
            rich_help_panel=SEND,
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="With --destination: also what it has had.",
            rich_help_panel=SEND,
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Have jobs done again, or results sent again.

    Earlier results of the person that could not be looked for are sought again.

    Exit status
    -----------
    0    something is done again
    1    nothing fits, nothing of it can be done, or the answer was no
    2    wrong use, or no ledger where the settings say
    130  interrupted

    Examples
    --------
    pacs-node retry
        Queue every failed job anew; ask where there are several.
    pacs-node retry --state not_applicable --model hippocampus --since 2d
        Judge studies anew, after a rule or the weights have changed.
    pacs-node retry --missed --since 7d
        Look for earlier results anew, after the archive was away.
    pacs-node retry --destination ORTHANC@127.0.0.1:4242 --again
        Offer the archive what it had and lost; the bytes are the same.
    """
    if again and destination is None:
        raise ConfigError("--again goes with --destination AET@HOST:PORT")
    if destination is not None and (missed or since is not None):
        name = "--missed" if missed else "--since"
        raise ConfigError(f"{name} is about jobs: leave it out with --destination")
    from node.repeat import Wanted  # and with it the network: not for --help

    settings, now = config.load(config_file), datetime.now(UTC)
    with opened(settings, read_only=False) as ledger:
        studies = studies_meant(ledger, study)
        begin = since_when(since, now) if since else None
        wanted = Wanted(model, studies, begin, missed)
        report = _Report(ledger, settings, ask=not yes, as_json=as_json)
        if destination is None:
            states = [JobState(name) for name in state]
            done = report.queue(states or (ANSWERED if missed else FAILED), wanted)
        else:
            done = report.offer(destination, wanted, again=again)
    if not done:
        raise typer.Exit(1)


class _Report:
    """Does what is asked, and tells a person or a machine."""

    def __init__(
        self, ledger: Ledger, settings: Settings, *, ask: bool, as_json: bool
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._ask = ask and not as_json and at_terminal()
        self._as_json = as_json
        self._runs = holder(settings.node.data_dir) is not None
        self._terminal: Console = console()

    def queue(self, states: Sequence[JobState], wanted: Wanted) -> int:
        """Queue jobs anew; return how many."""
        from node.inbound.priors import wait_for_priors
        from node.repeat import jobs_again

        found = jobs_again(self._ledger, states, wanted)
        if not self._as_json:
            self._show_jobs(found, states)
        queued: list[int] = []
        if self._go_on(len(found.ready), "job", "Read {} again?"):
            job_ids = [job.job_id for job in found.ready]
            now, priors = datetime.now(UTC), self._settings.priors
            until = now + wait_for_priors(priors.timeout_s) if priors.enabled else None
            queued = self._ledger.repeats.queue_again(job_ids, now, until)
        if self._as_json:
            print_json(self._plain_jobs(found, queued))
        elif queued:
            self._conclude(f"{counted(len(queued), 'job')} queued again")
        return len(queued)

    def offer(self, destination: str, wanted: Wanted, *, again: bool) -> int:
        """Make deliveries due; return how many."""
        from node.repeat import offers

        self._require_configured(destination)
        found = offers(self._ledger, destination, wanted, again=again)
        if not self._as_json:
            self._show_offers(found, destination, again=again)
        offered: list[int] = []
        if self._go_on(len(found.ready), "object", "Send {} again?"):
            delivery_ids = [delivery.delivery_id for delivery in found.ready]
            now = datetime.now(UTC)
            offered = self._ledger.repeats.offer_again(delivery_ids, now)
        if self._as_json:
            print_json(self._plain_offers(destination, found, offered))
        elif offered:
            self._conclude(f"{counted(len(offered), 'object')} due now")
        return len(offered)

    def _go_on(self, number: int, noun: str, question: str) -> bool:
        """Ask a person where there is more than one; tell whether to go on."""
        if (
            number > 1
            and self._ask
            and not agreed(question.format(counted(number, noun)))
        ):
            self._say("nothing was done")
            return False
        return number > 0

    def _conclude(self, what: str) -> None:
        self._say(
            f"{what}: " + ("the node does it now" if self._runs else WHEN_IT_RUNS)
        )

    def _say(self, line: str) -> None:
        self._terminal.print(line, markup=False)

    def _hash(self, study_instance_uid: str) -> str:
        return log.salted(self._ledger.site_salt, study_instance_uid)

    def _show_jobs(self, found: JobsAgain, states: Sequence[JobState]) -> None:
        if not any((found.ready, found.without_images, found.receiving)):
            self._say(f"nothing fits: no such job is {' or '.join(states)}")
        self._table("To be read again", found.ready)
        self._table(
            "Images were removed, nothing can be read: send these studies again",
            found.without_images,
        )
        self._table("Images arrive: read by itself when all are there", found.receiving)

    def _table(self, title: str, jobs: Sequence[JobRow]) -> None:
        if not jobs:
            return
        self._say(title)
        wide = max(len(job.model) for job in jobs)
        for job in jobs:
            head = f"{job.job_id:>6}  {self._hash(job.study_instance_uid)}"
            line = f"{head}  {job.model:<{wide}}  {job.state:<14}  {job.reason}"
            self._say(line.rstrip())

    def _show_offers(self, found: Offers, destination: str, *, again: bool) -> None:
        if not any((found.ready, found.gone, found.damaged)):
            had = "nothing was made for it" if again else "it has got everything"
            hint = "" if again else "; with --again it is offered all the same"
            self._say(f"nothing fits: {had}{hint}")
        self._objects(f"To be sent to {destination}", found.ready)
        self._objects("The file is gone, cannot be sent", found.gone)
        self._objects("The file is not what was written, is not sent", found.damaged)

    def _objects(self, title: str, deliveries: Sequence[Delivery]) -> None:
        """Print a line per job: its objects and what the last attempt said."""
        if deliveries:
            self._say(title)
        for job_id in dict.fromkeys(delivery.job_id for delivery in deliveries):
            of_job = [delivery for delivery in deliveries if delivery.job_id == job_id]
            kinds = ", ".join(delivery.kind for delivery in of_job)
            study = self._hash(of_job[0].study_instance_uid)
            details = "; ".join(dict.fromkeys(d.detail for d in of_job if d.detail))
            self._say(f"{job_id:>6}  {study}  {kinds}  {details}".rstrip())

    def _require_configured(self, destination: str) -> None:
        from node.send.outbox import destination_name

        names = [destination_name(each) for each in self._settings.destinations]
        if destination not in names:
            raise ConfigError(
                f"{destination} is no destination; configured: {', '.join(names)}"
            )

    def _plain_jobs(self, found: JobsAgain, queued: Sequence[int]) -> dict[str, Any]:
        return {
            "queued": [_plain_job(job) for job in found.ready if job.job_id in queued],
            "without_images": [_plain_job(job) for job in found.without_images],
            "receiving": [_plain_job(job) for job in found.receiving],
            "node_runs": self._runs,
        }

    def _plain_offers(
        self, destination: str, found: Offers, offered: Sequence[int]
    ) -> dict[str, Any]:
        due = [each for each in found.ready if each.delivery_id in offered]
        return {
            "destination": destination,
            "due": list(_plain_objects(due)),
            "gone": list(_plain_objects(found.gone)),
            "damaged": list(_plain_objects(found.damaged)),
            "node_runs": self._runs,
        }


def _plain_job(job: JobRow) -> dict[str, Any]:
    return {
        "job": job.job_id,
        "study_instance_uid": job.study_instance_uid,
        "model": job.model,
        "was": job.state,
        "reason": job.reason,
    }


def _plain_objects(deliveries: Sequence[Delivery]) -> Iterator[dict[str, Any]]:
    for delivery in deliveries:
        yield {
            "job": delivery.job_id,
            "study_instance_uid": delivery.study_instance_uid,
            "kind": delivery.kind,
            "sop_instance_uid": delivery.sop_instance_uid,
        }

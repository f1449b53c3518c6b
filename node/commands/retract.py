"""``pacs-node retract``: what a model's version has sent is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

import models
from models.volume.bundle import BundleError, load_bundle
from node import config, log
from node.commands.asking import agreed, at_terminal, counted, studies_meant
from node.commands.ledgers import opened
from node.commands.options import (
    WHICH,
    ConfigOption,
    JsonOption,
    StudyOption,
    known_model,
    model_names,
)
from node.commands.terminal import console, print_json
from node.config import Settings
from node.errors import ConfigError
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import SentResult
from node.listing import DELIVERY_WORDS
from node.lock import holder

if TYPE_CHECKING:
    from node.retraction.deletion import Deletions

CODES = ("quality", "safety")
NO_REST = "--delete needs the archive's REST: write [archive] rest = true"
NOBODY_TO_ASK = "nobody can be asked here: add --yes to take back without a question"


def known_code(name: str) -> str:
    """Return the name of a reason that there is (of ``--code``)."""
    if name not in CODES:
        raise typer.BadParameter(f"{name}: reasons are {', '.join(CODES)}")
    return name


def code_names(incomplete: str) -> list[str]:
    """Return the reasons that begin so (shell completion)."""
    return [name for name in CODES if name.startswith(incomplete)]


def hexadecimal(text: str) -> str:
    """Return the beginning of a digest in small letters (of ``--weights``)."""
    if not re.fullmatch(r"[0-9a-f]{0,64}", text.lower()):
        raise typer.BadParameter(f"{text}: a SHA-256 has the digits 0-9 and a-f")
    return text.lower()


def retract(
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="The model whose results are taken back.",
            callback=known_model,
            autocompletion=model_names,
            rich_help_panel=WHICH,
        ),
    ],
    version: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="Its version, as in the bundle and in each report.",
            rich_help_panel=WHICH,
        ),
    ],
    weights: Annotated[
        str,
        typer.Option(
            metavar="DIGEST",
            help="Only of weights whose SHA-256 begins so.",
            callback=hexadecimal,
            show_default=False,
            rich_help_panel=WHICH,
        ),
    ] = "",
    study: StudyOption = None,
    reason: Annotated[
        str,
        typer.Option(
            metavar="WORDS",
            help="Why, in words; stands in the rejection note.",
            show_default=False,
        ),
    ] = "",
    code: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            help="Title of the note: quality or safety.",
            callback=known_code,
            autocompletion=code_names,
        ),
    ] = "quality",
    delete: Annotated[
        bool,
        typer.Option(
            "--delete", help="Then delete these objects from Orthanc, no others."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    r"""Take back what a version of a model has sent, by rejection notes.

    Exit status
    -----------
    0    all is taken back, and every note is where the results are
    1    nothing fits, the answer was no, or a note or a deletion failed
    2    wrong use, or nobody can be asked and --yes is not given
    130  interrupted

    Examples
    --------
    pacs-node retract --model hippocampus --version 1.0.0
        List what would be taken back, ask, then send the notes.
    pacs-node retract --model hippocampus --version 1.0.0 --study 1.2.840.1 \
        --code safety --reason "left and right exchanged" --delete --yes
        Take back one study's result, and delete it from Orthanc.
    """
    settings = config.load(config_file)
    if delete and not settings.archive.rest:
        raise ConfigError(NO_REST)
    ask = not yes
    if ask and (as_json or not at_terminal()):
        raise ConfigError(NOBODY_TO_ASK)
    with opened(settings, read_only=False) as ledger:
        studies = studies_meant(ledger, study)

        def find() -> list[SentResult]:
            return ledger.retractions.results(
                model, version, weights=weights, studies=studies
            )

        taking = _Taking(ledger, settings, find, as_json=as_json)
        done = taking.run(code, reason, ask=ask, delete=delete)
    if not done:
        raise typer.Exit(1)


class _Taking:
    """Takes back what is found, and tells a person or a machine."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        find: Callable[[], list[SentResult]],
        *,
        as_json: bool,
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._find = find
        self._as_json = as_json
        self._runs = holder(settings.node.data_dir) is not None
        self._terminal = console()
        log.configure("CRITICAL", salt=ledger.site_salt)  # what is told is told here

    def run(self, code: str, reason: str, *, ask: bool, delete: bool) -> bool:
        """List, ask, take back, deliver, delete; tell whether all succeeded."""
        found = self._find()
        standing = [result for result in found if result.retraction is None]
        self._show(found)
        if not found or not self._is_agreed(standing, ask=ask, delete=delete):
            return False
        taken = self._take_back(standing, code, reason)
        after = self._find()
        self._show_notes([each for each in after if each.result_id in taken])
        deletions = self._delete(after) if delete else None
        if self._as_json:
            print_json(self._plain(self._find(), taken, deletions))
        from node.retraction.deletion import is_on_its_way

        return not any(
            is_on_its_way(each) or _is_refused(each) for each in after
        ) and not (deletions and deletions.kept)

    def _is_agreed(
        self, standing: Sequence[SentResult], *, ask: bool, delete: bool
    ) -> bool:
        what = "Take back " + counted(len(standing), "result") if standing else ""
        if delete:
            what = f"{what} and delete" if what else "Delete what was taken back"
        if not ask or not what or agreed(f"{what}?"):
            return True
        self._say("nothing was done")
        return False

    def _take_back(
        self, standing: Sequence[SentResult], code: str, reason: str
    ) -> list[int]:
        """Take back, and have the notes delivered; return the results taken back."""
        from node.report.rejection import REASONS
        from node.retraction.delivery import deliver, wait_for
        from node.retraction.take_back import Why, take_back

        why, now = Why(REASONS[code], reason), datetime.now(UTC)
        taken = take_back(self._ledger, standing, why, self._settings.report, now)
        if not self._notes_wait():
            return taken
        if not self._runs:
            try:
                deliver(self._ledger, self._settings)
            except ConfigError:  # a node was started meanwhile
                self._runs = True
        if self._runs:
            wait_for(lambda: not self._notes_wait())
        return taken

    def _notes_wait(self) -> bool:
        from node.retraction.deletion import is_on_its_way

        return any(is_on_its_way(result) for result in self._find())

    def _delete(self, results: Sequence[SentResult]) -> Deletions:
        from node.retraction.deletion import delete_all

        done = delete_all(self._ledger, self._settings, results, datetime.now(UTC))
        if done.deleted:
            self._say(f"{counted(len(done.deleted), 'object')} deleted in the archive")
        if done.absent:
            self._say(f"{counted(len(done.absent), 'object')} no more in the archive")
        for why in dict.fromkeys(why for _, why in done.kept):
            self._say(f"not deleted: {why}")
            for uid in (uid for uid, its in done.kept if its == why):
                self._say(f"      {uid}")
        return done

    def _say(self, line: str) -> None:
        if not self._as_json:
            self._terminal.print(line, markup=False)

    def _line(self, result: SentResult, told: str) -> None:
        study = log.salted(self._ledger.site_salt, result.study_instance_uid)
        self._say(f"  {study}  v{result.version}  {told}")

    def _show(self, found: Sequence[SentResult]) -> None:
        if not found:
            self._say("nothing fits: there is no such result")
        for name in {f"{each.model} {each.model_version}" for each in found}:
            self._say(f"{name}: {counted(len(found), 'result')}")
        for result in found:
            kinds = ", ".join(made.kind for made in result.objects)
            made = f"{result.reported_at.astimezone():%Y-%m-%d %H:%M}"
            self._line(result, f"{made}  {kinds}")
            self._say(f"      {_whereabouts(result)}")
            if result.retraction:
                day = result.retraction.retracted_at.astimezone()
                self._say(f"      already taken back on {day:%Y-%m-%d %H:%M}")
        self._show_later(found)

    def _show_later(self, found: Sequence[SentResult]) -> None:
        """Name the results of later exams that rest on these."""
        later = self._later(found)
        if later:
            self._say("Later results tell of them; to read those again afterwards:")
        for study in later:
            name = log.salted(self._ledger.site_salt, study)
            self._say(f"      pacs-node retry --state sent --study {name}")

    def _later(self, found: Sequence[SentResult]) -> list[str]:
        uids = [made.sop_instance_uid for each in found for made in each.objects]
        own = {each.study_instance_uid for each in found}
        return [s for s in self._ledger.priors.tell_of(uids) if s not in own]

    def _show_notes(self, taken: Sequence[SentResult]) -> None:
        if taken:
            self._say(f"{counted(len(taken), 'result')} taken back")
        for result in taken:
            for told in _notes(result):
                self._line(result, told)
        if any("on its way" in told for result in taken for told in _notes(result)):
            does = "is at it" if self._runs else "does it when it runs: pacs-node run"
            self._say(f"what is on its way: the node {does}")
        for name, version in {(each.model, each.model_version) for each in taken}:
            if _still_reads(self._settings, name, version):
                self._say(f"{name} {version} still reads what comes; to stop that:")
                self._say(f"      [models.{name}] enabled = false, and a restart")

    def _plain(
        self,
        results: Sequence[SentResult],
        taken: Sequence[int],
        deletions: Deletions | None,
    ) -> dict[str, Any]:
        kept = deletions.kept if deletions else []
        return {
            "taken_back": len(taken),
            "results": [_plain(result) for result in results],
            "told_in_studies": self._later(results),
            "not_deleted": [{"sop_instance_uid": u, "reason": w} for u, w in kept],
            "node_runs": self._runs,
        }


def _still_reads(settings: Settings, model: str, version: str) -> bool:
    """Tell whether new studies are read with what was just taken back."""
    section = settings.models.of(model)
    try:
        bundle = load_bundle(section.bundle or models.bundle_folder(model))
    except BundleError:
        return False
    return section.enabled and bundle.version == version


def _whereabouts(result: SentResult) -> str:
    """Return in words where the objects of a result are, and where they are not."""
    places: dict[str, set[str]] = {}
    own = {made.sop_instance_uid for made in result.objects}
    for (uid, destination), state in result.states.items():
        if uid in own:
            places.setdefault(state, set()).add(destination)
    told = [
        f"{word} to {', '.join(sorted(places[state]))}"
        for state, word in DELIVERY_WORDS.items()
        if state in places
    ]
    return "; ".join(told) or "addressed to nobody"


def _note_states(result: SentResult) -> dict[str, str]:
    """Return what became of the note of a result, by destination."""
    note = result.retraction.note if result.retraction else None
    return {
        destination: state
        for (uid, destination), state in result.states.items()
        if note is not None and uid == note.sop_instance_uid
    }


def _is_refused(result: SentResult) -> bool:
    return "failed" in _note_states(result).values()


def _notes(result: SentResult) -> list[str]:
    """Return in words what became of the note of a result."""
    if result.retraction is None or result.retraction.note is None:
        return ["no note: its files are gone, nobody knows whose it is"]
    states = _note_states(result)
    if not states:
        return ["nobody has it: no note, and it is not sent any more"]
    return [
        f"note to {name}: {DELIVERY_WORDS[state]}" for name, state in states.items()
    ]


def _plain(result: SentResult) -> dict[str, Any]:
    taken = result.retraction
    gone = taken.deleted if taken else frozenset()
    return {
        "study_instance_uid": result.study_instance_uid,
        "job": result.job_id,
        "model": result.model,
        "model_version": result.model_version,
        "version": result.version,
        "reported_at": result.reported_at.isoformat(),
        "retracted_at": taken.retracted_at.isoformat() if taken else None,
        "code": taken.code if taken else None,
        "note": taken.note.sop_instance_uid if taken and taken.note else None,
        "note_deliveries": _note_states(result),
        "objects": [
            {
                "kind": made.kind,
                "sop_instance_uid": made.sop_instance_uid,
                "sent_to": list(result.sent_to(made.sop_instance_uid)),
                "deleted": made.sop_instance_uid in gone,
            }
            for made in result.objects
        ],
    }

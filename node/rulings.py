"""What every model makes of every series, with the header values that decided.

The same choice as the worker's, made from the same headers; no model is loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import models
from models.contract import Match, SeriesInfo
from models.volume.acceptance import Check, checks, judge
from models.volume.bundle import BundleError, load_bundle
from models.volume.duplicates import ConflictError, settle
from models.volume.headers import DAMAGED
from models.volume.rule import Acceptance
from models.volume.series import StudyHeaders, read_study
from node.config import Settings
from node.errors import ConfigError
from node.inbound.dataset import Identity
from node.inbound.heads import identities
from node.jobs.job import FILE_MISSING
from node.predict.choose import OWN_OUTPUT, Choice, choose
from node.report.provenance import is_own


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """Which series a model reads here.

    Attributes
    ----------
    site_keys
        What the site has written in the place of the bundle's rule.
    """

    model: str
    version: str
    rule: Acceptance
    site_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one model makes of one series.

    Attributes
    ----------
    because
        The evidence for a series that is accepted, in words; "" otherwise.
    chosen
        Whether the model reads it: of several that are accepted it reads one.
    reason, detail
        Why it does not read it; "" for the chosen one.
    checks
        Every condition of the rule; none where the node's own output is refused
        without being judged.
    """

    model: str
    because: str
    chosen: bool
    reason: str
    detail: str
    checks: tuple[Check, ...]

    @property
    def accepted(self) -> bool:
        """Whether the rule holds, whether or not another series comes first."""
        return bool(self.because)


@dataclass(frozen=True, slots=True)
class SeriesRulings:
    """One series, and what each model makes of it."""

    series: SeriesInfo
    by_model: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class StudyRulings:
    """One study, and what each model makes of its series.

    Attributes
    ----------
    trouble
        Reason code and words for which the study would fail whatever is accepted;
        "" when there is nothing.
    """

    study_instance_uid: str
    series: tuple[SeriesRulings, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Rulings:
    """All studies of a set of files, and ``(file, reason)`` of those in none."""

    studies: tuple[StudyRulings, ...]
    unreadable: tuple[tuple[Path, str], ...]

    @property
    def accepted(self) -> bool:
        """Whether some series is accepted by some model."""
        return any(
            ruling.accepted
            for study in self.studies
            for series in study.series
            for ruling in series.by_model
        )


def rules_in_force(settings: Settings, names: Iterable[str]) -> tuple[RuleInForce, ...]:
    """Return the rule by which each model is given series to read.

    Raises
    ------
    ConfigError
        A bundle is missing, incomplete or not what its hashes say.
    """
    return tuple(_rule_in_force(settings, name) for name in names)


def _rule_in_force(settings: Settings, name: str) -> RuleInForce:
    section = settings.models.of(name)
    try:
        bundle = load_bundle(section.bundle or models.bundle_folder(name))
    except BundleError as error:
        raise ConfigError(f"[models.{name}] {error}") from None
    rule = section.accept.over(bundle.acceptance)
    return RuleInForce(name, bundle.version, rule, section.accept.written)


def rule_on(
    files: Sequence[Path], rules: Sequence[RuleInForce], threads: int = 4
) -> Rulings:
    """Judge every series of every study in ``files`` by every rule.

    Parameters
    ----------
    files
        Of any number of studies, in no order; what is no image is listed.
    """
    found = identities(files, threads)
    strangers = [path for path in files if path not in found]
    studies = [
        _study_rulings(read_study([*mine, *strangers], threads), rules, threads)
        for mine in _by_study(found)
    ]
    return Rulings(tuple(studies), read_study(strangers, threads).unreadable)


def _by_study(found: Mapping[Path, Identity]) -> Iterator[list[Path]]:
    """Yield the files of each study, sorted by its UID."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for path, identity in found.items():
        groups[identity.study_instance_uid].append(path)
    for _, files in sorted(groups.items()):
        yield files


def _study_rulings(
    study: StudyHeaders, rules: Sequence[RuleInForce], threads: int
) -> StudyRulings:
    trouble, unreadable = "", study.unreadable
    try:
        study = settle(study, in_order=False, threads=threads)
    except ConflictError as error:
        trouble = f"conflicting_instances: {error}"
    choices = [choose(rule.rule, study, is_own) for rule in rules]
    if study.identity_conflict:
        patients = len(study.patient_ids)
        trouble = f"identity_conflict: images of {patients} patients in one study"
    trouble = trouble or _gone(study, unreadable) or _damage(choices, unreadable)
    ruled = [
        SeriesRulings(
            series,
            tuple(
                _ruling(rule, choice, series)
                for rule, choice in zip(rules, choices, strict=True)
            ),
        )
        for series in study.series
    ]
    return StudyRulings(study.study_instance_uid, tuple(ruled), trouble)


def _gone(study: StudyHeaders, unreadable: Sequence[tuple[Path, str]]) -> str:
    """Name the files that the disk does not give, as the worker does."""
    folders = {
        instance.path.parent for series in study.series for instance in series.instances
    }
    absent = sum(
        reason == "unreadable" and path.parent in folders for path, reason in unreadable
    )
    if not absent:
        return ""
    return f"{FILE_MISSING}: files that are gone or unreadable: {absent}"


def _damage(choices: Sequence[Choice], unreadable: Sequence[tuple[Path, str]]) -> str:
    """Name the damaged files beside a chosen series, as the worker does."""
    folders = {
        instance.path.parent
        for choice in choices
        if choice.chosen is not None
        for instance in choice.chosen.instances
    }
    beside = sum(r in DAMAGED and path.parent in folders for path, r in unreadable)
    if not beside:
        return ""
    return f"damaged_file: damaged files beside those of the chosen series: {beside}"


def _ruling(rule: RuleInForce, choice: Choice, series: SeriesInfo) -> Ruling:
    refusal = choice.refusals.get(series.series_instance_uid)
    if refusal is not None and refusal.reason == OWN_OUTPUT:
        return Ruling(rule.model, "", False, refusal.reason, refusal.detail, ())
    verdict = judge(rule.rule, series)
    return Ruling(
        model=rule.model,
        because=verdict.because if isinstance(verdict, Match) else "",
        chosen=refusal is None,
        reason=refusal.reason if refusal else "",
        detail=refusal.detail if refusal else "",
        checks=checks(rule.rule, series),
    )

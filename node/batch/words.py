"""What a batch says, in the language of the person who ordered it.

The words themselves are tables (``words_en``, ``words_ru``, ``reasons_ru``) with the
same keys and the same placeholders; what is said about a number has a form for each
plural of the language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from models.volume.bundle import Bundle
from node.batch import reasons_en, reasons_ru, words_en, words_ru
from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.batch.tally import Ending, ending_of
from node.errors import ConfigError
from node.jobs.answers import Classified
from node.report.notice_words import Words as Reason

LANGUAGES = ("en", "ru")

SAID_ALREADY = frozenset({"damaged_file"})
"""Reasons whose detail says no more than their words."""

_PER_SERIES = re.compile(r"series (?P<number>\d+|\?): (?P<reason>[a-z_]+)")
"""A line of the ledger about one series that is not read."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; made by ``Words.of``."""

    language: str
    texts: Mapping[str, str]
    stages: Mapping[str, str]
    states: Mapping[str, str]
    flags: Mapping[str, str]
    units: Mapping[str, str]
    parts: Mapping[str, str]
    plurals: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, str]
    reasons: Mapping[str, Reason]

    @classmethod
    def of(cls, language: str) -> Words:
        """Return the words of a language.

        Raises
        ------
        ConfigError
            There are none of that language.
        """
        if language not in LANGUAGES:
            raise ConfigError(f"--lang {language}: languages are en and ru")
        words, reasons = (
            (words_en, reasons_en) if language == "en" else (words_ru, reasons_ru)
        )
        return cls(
            language,
            words.TEXTS,
            words.STAGES,
            words.STATES,
            words.FLAGS,
            words.UNITS,
            words.PARTS,
            words.PLURALS,
            words.METRICS,
            reasons.REASONS,
        )

    def text(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled."""
        return self.texts[key].format(**values)

    def count(self, key: str, number: int) -> str:
        """Return a number with its noun in the right form.

        >>> Words.of("ru").count("studies", 22)
        '22 исследования'
        """
        forms = self.plurals[key]
        return forms[self._form(number)].format(n=number)

    def number(self, value: float, decimals: int) -> str:
        """Return a number with the decimal sign of the language.

        >>> Words.of("ru").number(3.14, 1)
        '3,1'
        """
        return self.decimal(f"{value:.{decimals}f}")

    def decimal(self, printed: str) -> str:
        """Return a printed number with the decimal sign of the language."""
        return printed.replace(".", self.texts["decimal_sign"])

    def duration(self, seconds: float) -> str:
        """Return a time as a person says it.

        >>> Words.of("en").duration(75.2)
        '1 min 15 s'
        """
        if round(seconds, 1) < 60:
            return self.text("seconds", s=self.number(seconds, 1))
        minutes, rest = divmod(round(seconds), 60)
        if minutes < 60:
            return self.text("minutes", m=minutes, s=rest)
        return self.text("hours", h=minutes // 60, m=minutes % 60)

    def stage(self, name: str) -> str:
        """Return what is done with a study; a stage of a model's own stays its name."""
        return self.stages.get(name, self.part(name))

    def state(self, name: str) -> str:
        """Return what became of a study."""
        return self.states[name]

    def flag(self, code: str) -> str:
        """Return a quality flag; that of a model of somebody's own stays its code."""
        return self.flags.get(code, code)

    def unit(self, ucum: str) -> str:
        """Return a unit as a person writes it; one that is not known stays as it is."""
        return self.units.get(ucum, ucum)

    def part(self, name: str) -> str:
        """Return what is measured; that of a model of somebody's own stays its name."""
        return self.parts.get(name, name)

    def metric(self, name: str) -> str:
        """Return what a figure or a count of a comparison is called."""
        return self.metrics[name]

    def answer(self, answer: Classified) -> str:
        """Return what a model decided; what is below the threshold is not normal."""
        if not answer.is_positive:
            return self.text("answer_below")
        return self.text("answer_positive", what=self.part(answer.positive))

    def fast(self, bundle: Bundle) -> str:
        """Return what a model that can be fast leaves out then."""
        return bundle.fast.get(self.language) or bundle.fast["en"]

    def why(self, entry: Entry) -> str:
        """Return why an entry has no result."""
        if ending_of(entry) is Ending.NOT_READ:
            return self.reason(INTERRUPTED)
        detail = entry.job.detail if entry.job else entry.detail
        if entry.job and len(entry.job.verdicts) == 1 and _PER_SERIES.match(detail):
            (only,) = entry.job.verdicts  # nothing is told twice of a single series
            return self.reason(only.reason, only.detail)
        return self.reason(entry.reason_code, detail)

    def reason(self, code: str, detail: str = "") -> str:
        """Return why there are no results.

        Parameters
        ----------
        detail
            As in the ledger: the value that decided, a code in its turn, or a line for
            each series of the study.
        """
        what = self._reason(code).what
        if not detail or code in SAID_ALREADY:
            return what
        if detail in self.reasons:
            return f"{what} {self.reasons[detail].what}"
        if _PER_SERIES.match(detail):
            return f"{what} {self._per_series(detail)}."
        return f"{what.rstrip('.')} ({self.detail(detail)})."

    def remedy(self, entry: Entry) -> str:
        """Return what can be done where an entry has no result.

        Where no study was found, what keeps it from being found says more.
        """
        is_known = entry.reason_code == NO_STUDY and entry.detail in self.reasons
        return self.advice(entry.detail if is_known else entry.reason_code)

    def advice(self, code: str) -> str:
        """Return what can be done about it."""
        return self._reason(code).advice

    def detail(self, text: str) -> str:
        """Return the value that decided, with what is wanted in its place."""
        found, wanted, asked = text.partition(", wanted ")
        if not wanted:
            return " ".join(text.split())
        return self.text("found_wanted", found=found, wanted=asked)

    def _reason(self, code: str) -> Reason:
        unknown = Reason(
            self.text("unknown_reason", code=code), self.text("unknown_advice")
        )
        return self.reasons.get(code, unknown)

    def _per_series(self, detail: str) -> str:
        found = _PER_SERIES.finditer(detail)
        lines = "; ".join(
            self.text(
                "series_reason",
                number=each["number"],
                reason=self.small(self._reason(each["reason"]).what.rstrip(".")),
            )
            for each in found
        )
        return lines[:1].upper() + lines[1:]

    @staticmethod
    def small(sentence: str) -> str:
        """Return a sentence as it reads behind a colon; names in capitals stay."""
        if sentence[1:2].isupper():
            return sentence
        return sentence[:1].lower() + sentence[1:]

    def _form(self, number: int) -> int:
        if self.language == "en":
            return 0 if number == 1 else 1
        tens, ones = number % 100, number % 10
        if ones == 1 and tens != 11:
            return 0
        return 1 if 2 <= ones <= 4 and not 12 <= tens <= 14 else 2

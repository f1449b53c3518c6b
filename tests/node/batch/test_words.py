"""Every word of a batch is there in both languages, and is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from node.batch import reasons_en, reasons_ru, words_en, words_ru
from node.batch.metrics import FIGURES, Metrics
from node.batch.tally import Ending
from node.batch.words import Words
from node.errors import ConfigError
from node.jobs.stage import STAGES
from node.report.notice_words import WORDS

ROOT = Path(__file__).parents[3]
EN, RU = Words.of("en"), Words.of("ru")
TABLES = ("STAGES", "STATES", "FLAGS", "UNITS", "PARTS", "PLURALS", "METRICS", "TEXTS")

RAISED = {
    "JobError",
    "SeriesError",
    "GeometryError",
    "HeaderError",
    "Failed",
    "Refusal",
    "ZipRefusedError",
}
"""Calls whose first argument is a reason code."""

WORDLESS = {"decimal_sign", "share"}
"""Texts without a word in them."""


@cache
def calls() -> tuple[ast.Call, ...]:
    """Return every call in the program."""
    return tuple(node for node in trees() if isinstance(node, ast.Call))


def trees() -> Iterator[ast.AST]:
    """Parse the program."""
    for room in ("node", "models"):
        for path in (ROOT / room).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def literal(node: ast.AST | None) -> str:
    """Return the text that a node of the source spells out, else ""."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else ""  # type: ignore[union-attr]  # is_text says so


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    function = node.func
    return getattr(function, "id", getattr(function, "attr", ""))


def reason_codes() -> set[str]:
    """Return the reason codes that the source names, however it names them."""
    found = set()
    for call in calls():
        if called(call) in RAISED and call.args:
            found.add(literal(call.args[0]))
        if called(call) == "Check":
            found |= {literal(k.value) for k in call.keywords if k.arg == "reason"}
    return found - {""}


def constants() -> set[str]:
    """Return the reason codes that have a name of their own in the source."""
    from node.batch.entry import INTERRUPTED, NO_STUDY
    from node.jobs.job import FILE_MISSING, NO_SPACE
    from node.predict.choose import NOT_CHOSEN, OWN_OUTPUT

    return {INTERRUPTED, NO_STUDY, FILE_MISSING, NO_SPACE, NOT_CHOSEN, OWN_OUTPUT}


def flag_codes() -> set[str]:
    """Return the codes of the quality flags in the source."""
    flags = (call for call in calls() if called(call) == "Flag" and call.args)
    return {literal(call.args[0]) for call in flags} - {""}


def leaves(text: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a text, or the forms of a plural."""
    return (text,) if isinstance(text, str) else text


def placeholders(text: str) -> set[str]:
    """Return the names that a text has filled in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
def test_every_reason_in_the_source_has_words(words: Words) -> None:
    """A new reason is not a row that says nothing."""
    assert len(reason_codes()) > 30
    codes = reason_codes() | constants() | set(WORDS)
    assert sorted(codes - set(words.reasons)) == []


def test_no_reason_waits_for_a_fault_that_is_gone() -> None:
    """A renamed reason takes its words along."""
    spelled: set[str] = set()
    for room in ("node", "models"):
        for path in (ROOT / room).rglob("*.py"):
            if not path.name.startswith(("reasons_", "notice_words")):
                source = path.read_text(encoding="utf-8")
                spelled |= set(re.findall('"([a-z_]+)"', source))

    assert sorted(set(reasons_en.REASONS) - spelled) == []


@pytest.mark.parametrize("words", [EN, RU], ids=["en", "ru"])
def test_every_flag_stage_and_ending_has_words(words: Words) -> None:
    """Neither does a new flag stay a code, nor a new stage end a run."""
    assert len(flag_codes()) > 10
    assert sorted(flag_codes() - set(words.flags)) == []
    assert set(STAGES) <= set(words.stages)
    reader = (ROOT / "models/chest_ct/model.py").read_text(encoding="utf-8")
    own = set(re.findall(r'\.stage\("(\w+)"\)', reader))
    assert len(own) > 3
    assert own <= set(words.stages)
    assert {ending.value for ending in Ending} < set(words.states)
    assert {field.name for field in fields(Metrics)} <= set(words.metrics)
    assert {"studies", *FIGURES} <= set(words.metrics)


@pytest.mark.parametrize("table", TABLES)
def test_both_languages_say_the_same(table: str) -> None:
    """The same keys, and the same places to be filled."""
    english, russian = getattr(words_en, table), getattr(words_ru, table)

    assert list(english) == list(russian)
    for key, text in english.items():
        wanted = placeholders(leaves(text)[0])
        for said in (*leaves(text), *leaves(russian[key])):
            assert placeholders(said) == wanted, key


def test_both_languages_know_the_same_reasons() -> None:
    """And each is a sentence with an advice that is one."""
    assert set(reasons_en.REASONS) == set(reasons_ru.REASONS)
    for reasons in (reasons_en.REASONS, reasons_ru.REASONS):
        for sentence in (text for words in reasons.values() for text in words):
            assert sentence[0].isupper()
            assert re.search(r"[.\d]$", sentence)
            assert "_" not in sentence


def test_english_says_what_the_notice_says() -> None:
    """One truth: only what can be done differs at the desk."""
    same = set(WORDS) - {"interrupted"}

    assert [c for c in same if EN.reasons[c].what != WORDS[c].what] == []


@pytest.mark.parametrize("table", TABLES)
def test_russian_is_written_in_cyrillic(table: str) -> None:
    """No text was left in English, and no letter only looks Russian."""
    for key, text in getattr(words_ru, table).items():
        for said in leaves(text):
            assert key in WORDLESS or re.search("[а-яё]", said.lower()), key
            assert not re.search("[а-яё][a-z]|[a-z][а-яё]", said.lower()), key


def test_russian_reasons_are_written_in_cyrillic() -> None:
    """The same of the sentences."""
    for words in reasons_ru.REASONS.values():
        for said in words:
            assert re.search("[а-яё]", said.lower())
            assert not re.search("[а-яё][a-z]|[a-z][а-яё]", said.lower())


def test_no_words_wait_for_a_use() -> None:
    """Every text and every plural is asked for somewhere in the batch."""
    asked = {f"grade_{grade}" for grade in "ABC"}
    for path in (ROOT / "node").rglob("*.py"):
        if not path.name.startswith("words_"):
            source = path.read_text(encoding="utf-8")
            asked |= set(re.findall("""["']([a-z_]+)["']""", source))

    assert sorted({*words_en.TEXTS, *words_en.PLURALS} - asked) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 исследований"),
        (1, "1 исследование"),
        (2, "2 исследования"),
        (4, "4 исследования"),
        (5, "5 исследований"),
        (11, "11 исследований"),
        (12, "12 исследований"),
        (14, "14 исследований"),
        (21, "21 исследование"),
        (22, "22 исследования"),
        (111, "111 исследований"),
        (1001, "1001 исследование"),
    ],
)
def test_russian_plurals_follow_the_number(number: int, said: str) -> None:
    """One, few and many; eleven to fourteen are many."""
    assert RU.count("studies", number) == said


def test_a_detail_is_told_in_words() -> None:
    """The value in brackets, a code as a sentence, series one by one."""
    lines = "series 3: modality\nseries ?: slice_count\n2 files: unreadable"

    assert RU.reason("no_study", "not_dicom").endswith("Файлы не в формате DICOM.")
    assert EN.reason("slice_gap", "12 mm").endswith("distances differ (12 mm).")
    assert EN.reason("spacing", "3 mm, wanted 1 mm").endswith("(3 mm; wanted: 1 mm).")
    assert EN.reason("no_series_accepted", lines).endswith(
        "Series 3: another modality; "
        "series ?: the series has too few or too many slices."
    )


def test_what_nobody_knows_stays_a_code() -> None:
    """A model of somebody's own may have its own reasons, flags and units."""
    assert "of_their_own" in EN.reason("of_their_own")
    assert EN.flag("of_their_own") == "of_their_own"
    assert RU.unit("[arb'U]") == "[arb'U]"


def test_numbers_and_times_are_written_as_in_the_country() -> None:
    """A decimal comma in Russian."""
    assert RU.duration(1.84) == "1,8 с"
    assert EN.duration(59.99) == "1 min 0 s"
    assert EN.duration(3725) == "1 h 2 min"


def test_another_language_is_refused() -> None:
    """In one line that names those that there are."""
    with pytest.raises(ConfigError, match="en and ru"):
        Words.of("de")

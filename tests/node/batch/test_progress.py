"""What a person sees while a run goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.batch.progress import display
from node.batch.words import Words
from node.jobs.job import JobState, Verdict
from tests.node.batch import results as given

EN = Words.of("en")
SHOW_CURSOR = "\x1b[?25h"


def test_without_a_terminal_each_study_is_a_numbered_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without control codes, on standard error."""
    with display(EN) as shown:
        shown.found([given.reported(), given.failed()])
        shown.working([("a", given.MODEL, "headers")])
        shown.ended(given.reported())
        shown.ended(given.failed())

    output, errors = capsys.readouterr()
    assert [line[:5] for line in errors.splitlines()] == ["[1/2]", "[2/2]"]
    assert "\x1b" not in errors
    assert output == ""


def test_on_a_terminal_what_failed_stays_when_the_bars_are_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also after an interrupt: the cursor is back."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    def run() -> None:
        with display(EN) as shown:
            shown.found([given.reported(), given.failed()])
            shown.ended(given.reported())
            shown.ended(given.failed())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()

    errors = capsys.readouterr().err
    assert errors.count("✗") == 1
    assert EN.text("reading") in errors
    assert SHOW_CURSOR in errors


def test_what_one_of_several_models_does_not_read_is_no_news(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log names the model; on a terminal the table says it."""
    entry = given.failed()
    assert entry.job is not None
    passed = replace(entry, job=replace(entry.job, state=JobState.NOT_APPLICABLE))
    for models in (1, 2):
        with display(EN, models) as shown:
            shown.ended(passed)
    alone, of_two = capsys.readouterr().err.splitlines()
    assert entry.model not in alone
    assert f": {entry.model}: not applicable" in of_two

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    for models, lines in ((1, 1), (2, 0)):
        with display(EN, models) as shown:
            shown.ended(passed)
        assert capsys.readouterr().err.count("not applicable") == lines


def test_on_a_terminal_a_study_that_no_model_reads_has_the_reason_of_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table alone would leave a person before an empty screen."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    entry = given.failed()
    assert entry.job is not None
    passed = replace(entry, job=replace(entry.job, state=JobState.NOT_APPLICABLE))
    with display(EN, 2) as shown:
        shown.ended(passed)
        shown.ended(replace(passed, study_instance_uid="1.9", model="of heads"))
        shown.ended(replace(passed, model="of heads"))

    errors = capsys.readouterr().err
    assert errors.count("not applicable") == 2
    assert "of heads: not applicable" in errors


def test_of_several_series_of_a_study_each_line_says_which(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The path is that of the study; a series without a number is one all the same."""
    entry = given.reported()
    assert entry.job is not None
    verdict = Verdict("1.2", 7, "Crop", 4, chosen=True, reason="", detail="")
    unnumbered = replace(verdict, series_number=None)

    with display(EN) as shown:
        for verdicts in ((verdict,), (unnumbered,), ()):
            job = replace(entry.job, verdicts=verdicts)
            shown.ended(replace(entry, job=job, only_series="1.2"))

    errors = capsys.readouterr().err
    assert [text in errors for text in (", series 7: ", ", series ?: ")] == [True] * 2
    assert errors.count("series") == 2

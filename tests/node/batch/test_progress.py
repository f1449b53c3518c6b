"""What a person sees while a run goes on."""

from __future__ import annotations

import pytest

from node.batch.progress import display
from node.batch.words import Words
from tests.node.batch import results as given

EN = Words.of("en")
SHOW_CURSOR = "\x1b[?25h"


def test_without_a_terminal_each_study_is_a_numbered_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without control codes, on standard error."""
    with display(EN) as shown:
        shown.found(2)
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
            shown.found(2)
            shown.ended(given.reported())
            shown.ended(given.failed())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()

    errors = capsys.readouterr().err
    assert errors.count("✗") == 1
    assert EN.text("reading") in errors
    assert SHOW_CURSOR in errors

"""Questions to the archive: nobody waits, and a dead archive is probed, not flooded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from node.inbound.questions import Questions
from tests.node.inbound.archives import InlineExecutor, PatientExecutor, StoryArchive

T0 = datetime(2026, 11, 21, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a moment of the frozen time."""
    return T0 + timedelta(seconds=seconds)


def test_a_question_returns_at_once_and_wakes_when_answered() -> None:
    """The reply carries the generation of the question."""
    executor, woken = PatientExecutor(), []
    archive = StoryArchive({"1.2": {"1": 3}})
    questions = Questions(archive, executor, lambda: woken.append(True))
    questions.ask("1.2", 7, T0)
    assert questions.replies(T0) == []
    assert not woken
    executor.let_happen()

    (reply,) = questions.replies(T0)
    assert woken
    assert reply.generation == 7
    assert reply.answer is not None
    assert reply.answer.counts == {"1": 3}


def test_while_the_archive_is_down_nobody_is_made_to_wait_for_it() -> None:
    """Until the probe is due the known error is the answer."""
    archive = StoryArchive(error="down")
    questions = Questions(archive, InlineExecutor(), lambda: None)
    questions.ask("1.1", 0, at(0))
    questions.replies(at(0))
    for number in range(10):
        questions.ask(f"1.{number}", 0, at(0.5))
    replies = questions.replies(at(0.5))

    assert len(archive.asked) == 1
    assert [r.answer.error for r in replies if r.answer] == ["down"] * 10


def test_one_question_at_a_time_probes_a_dead_archive() -> None:
    """The others are told what is known."""
    archive, executor = StoryArchive(error="down"), PatientExecutor()
    questions = Questions(archive, executor, lambda: None)
    questions.ask("1.1", 0, at(0))
    executor.let_happen()
    questions.replies(at(0))
    for number in range(10):
        questions.ask(f"1.{number}", 0, at(5))

    assert len(executor.waiting) == 1
    assert len(questions.replies(at(5))) == 9


def test_one_good_answer_opens_the_archive_to_all() -> None:
    """It is up again, and nobody has to wait for a probe."""
    archive, executor = StoryArchive(error="down"), PatientExecutor()
    questions = Questions(archive, executor, lambda: None)
    for moment in (0, 5):
        questions.ask("1.1", 0, at(moment))
        executor.let_happen()
        questions.replies(at(moment))
        archive.error = ""
    for number in range(3):
        questions.ask(f"1.{number}", 0, at(5))

    assert len(executor.waiting) == 3


def test_a_foreign_exception_is_a_reply_like_any_other() -> None:
    """Only its kind is told, and the archive is asked again when it is well."""
    archive, executor = StoryArchive(foreign=RuntimeError("Doe^John")), InlineExecutor()
    questions = Questions(archive, executor, lambda: None)
    questions.ask("1.1", 0, at(0))
    questions.fetch("1.1", 0, ["1"], lambda _: None)
    asked, fetched = questions.replies(at(0))
    assert asked.answer is not None
    assert asked.answer.error == "asking the archive failed: RuntimeError"
    assert fetched.fetch_error == asked.answer.error

    archive.foreign = None
    questions.ask("1.1", 0, at(5))
    questions.replies(at(5))
    questions.ask("1.2", 0, at(5))

    (reply,) = questions.replies(at(5))
    assert reply.was_asked


def test_images_that_cannot_be_fetched_are_a_reply_too() -> None:
    """With the archive's reason."""
    for archive, reason in (
        (StoryArchive(error="down"), "down"),
        (StoryArchive(), "the archive does not know the study"),
        (None, "no archive is configured"),
    ):
        questions = Questions(archive, InlineExecutor(), lambda: None)
        questions.fetch("1.2", 0, ["1"], lambda _: None)
        (reply,) = questions.replies(T0)

        assert reply.fetch_error == reason

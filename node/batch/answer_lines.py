"""What became of one study, line by line: the stages, the answer, the truth."""

from __future__ import annotations

from collections.abc import Iterator

from node.batch.cells import spanned, suspected
from node.batch.entry import Entry
from node.batch.words import Words

Line = tuple[str, str]
"""A label and a text; the label is "" where the one above goes on."""

LEAST_S = 0.05
"""A stage that took less is not told: it would print as 0.0."""


def answer_lines(entry: Entry, words: Words) -> Iterator[Line]:
    """Yield what a model decided, and where it saw it; nothing where it decides not."""
    answer = entry.answer
    if answer is None or entry.job is None:
        return
    told = words.text(
        "answer_told",
        answer=words.answer(answer),
        probability=words.decimal(answer.printed),
        threshold=words.decimal(answer.printed_threshold),
    )
    if answer.decided_by:
        method = words.part(answer.decided_by)
        told = words.text("answer_method", told=told, method=method)
    yield words.text("head_result"), told
    if place := suspected(entry.job):
        x, x_last, y, y_last, z, z_last = place.xyz
        ranges = {"x": spanned(x, x_last), "y": spanned(y, y_last)}
        key, along = "found_at", place.images
        if along is None:  # numbers that a viewer shows tell no image
            key, along = "found_in_slices", (z, z_last)
        what = words.part(place.structure)
        told = words.text(key, what=what, z=spanned(*along), **ranges)
        yield words.text("head_finding"), told
    yield from truth_lines(entry, words)


def truth_lines(entry: Entry, words: Words) -> Iterator[Line]:
    """Yield whether an answer is right, where that is known."""
    if entry.truth is None or entry.answer is None:
        return
    is_right = int(entry.answer.is_positive) == entry.truth
    key = "truth_correct" if is_right else "truth_wrong"
    yield words.text("head_truth"), words.text(key, truth=entry.truth)


def stage_lines(entry: Entry, words: Words) -> Iterator[Line]:
    """Yield how long each stage took; those of the model stand in place of its whole.

    What they leave over of it is told as its own.
    """
    if entry.job is None or not entry.is_reported:
        return
    seconds = dict(entry.job.timings_s)
    inner = {n: s for n, s in seconds.items() if n.startswith("predict.")}
    if inner:
        seconds["predict"] = max(seconds.get("predict", 0.0) - sum(inner.values()), 0.0)
    told = [
        f"{words.stage(name.removeprefix('predict.'))} {words.duration(took)}"
        for name, took in seconds.items()
        if took >= LEAST_S
    ]
    if told:
        yield words.text("head_stages"), " · ".join(told)

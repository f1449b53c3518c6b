"""The tree of errors."""

from __future__ import annotations

import inspect
import pickle

from node import errors


def test_every_error_is_in_the_tree_that_is_drawn() -> None:
    """The drawing at the head of the file names every class."""
    classes = [
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, Exception)
    ]

    assert all(issubclass(cls, errors.NodeError) for cls in classes)
    assert errors.__doc__ is not None
    assert [c.__name__ for c in classes if c.__name__ not in errors.__doc__] == []


def test_a_job_error_crosses_processes_with_its_reason() -> None:
    """Pickling keeps reason, message and permanence."""
    error = errors.JobError("slice_gap", "a slice is missing", permanent=False)

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (again.reason, str(again), again.permanent) == (
        "slice_gap",
        "a slice is missing",
        False,
    )


def test_unfit_pixels_cross_processes_with_what_they_mean() -> None:
    """Whether the model was meant for them decides how the job ends."""
    error = errors.UnfitPixelsError("not_a_chest", "no lungs", not_applicable=True)

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (again.reason, str(again), again.not_applicable) == (
        "not_a_chest",
        "no lungs",
        True,
    )

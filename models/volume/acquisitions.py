"""Several acquisitions in one series: named by the header value that tells them apart.

Two time points, two echoes or two stacks under one Series Instance UID are not one
volume, and which of them is meant cannot be known. Where a header value separates
them, the refusal says so, and not only what the heap of them looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.volume.geometry import GeometryError, Grid, Plane, arrange

SEPARATORS: Mapping[str, str] = {
    "TemporalPositionIdentifier": "time points",
    "TemporalPositionIndex": "time points",
    "StackID": "stacks",
    "KVP": "tube voltages",
    "EchoNumbers": "echoes",
    "AcquisitionNumber": "acquisitions",
}
"""DICOM keyword → what its values count (PS3.3 C.8.3.1, C.7.6.1, C.7.6.16.2.2), in the
order in which they are asked: the one that says most comes first."""

ONE_PER_VOLUME = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "StackID",
    "KVP",
    "EchoNumbers",
)
"""May not vary even where all slices form one grid: half of one echo and half of
the next are no image, nor are two tube voltages. Acquisition Number may, because some
scanners count slices or breath-holds with it."""

DUPLICATE = "duplicate_position"

TOGETHER_IRREGULAR = frozenset(
    {
        DUPLICATE,
        "gantry_tilt",
        "mixed_matrix",
        "mixed_orientation",
        "mixed_spacing",
        "slice_gap",
    }
)
"""What several regular stacks can look like when they are taken for one."""


def arrange_series(planes: Sequence[Plane], marks: Sequence[Mapping[str, str]]) -> Grid:
    """Prove that the planes of a series form one regular grid of one acquisition.

    Parameters
    ----------
    planes
        In any order.
    marks
        What each header says by keyword of ``SEPARATORS``, in the same order; "" or
        absent where it says nothing.

    Raises
    ------
    GeometryError
        As from ``arrange``, or ``several_acquisitions``.
    """
    try:
        grid = arrange(planes)
    except GeometryError as error:
        raise _named(error, planes, marks) from None
    for keyword in ONE_PER_VOLUME:
        values = {mark.get(keyword, "") for mark in marks} - {""}
        if len(values) > 1:
            raise _several(keyword, len(values), "one grid")
    return grid


def _named(
    error: GeometryError, planes: Sequence[Plane], marks: Sequence[Mapping[str, str]]
) -> GeometryError:
    """Return the error that says most about planes which form no grid together."""
    if error.reason not in TOGETHER_IRREGULAR:
        return error
    for keyword in SEPARATORS:
        stacks = _stacks(planes, [mark.get(keyword, "") for mark in marks])
        if len(stacks) > 1 and all(_is_apart(stack, error) for stack in stacks):
            return _several(keyword, len(stacks), str(error))
    return error


def _stacks(planes: Sequence[Plane], values: Sequence[str]) -> list[list[Plane]]:
    """Group the planes by value; a plane without one could belong to any: no groups."""
    if "" in values:
        return []
    return [
        [plane for plane, value in zip(planes, values, strict=True) if value == wanted]
        for wanted in sorted(set(values))
    ]


def _is_apart(stack: Sequence[Plane], together: GeometryError) -> bool:
    """Say whether a stack is rid of what was wrong with all of them together.

    Slices at one position are separated as soon as no two of a stack share one; any
    other fault could be that of a stack, which therefore must be a grid by itself.
    """
    try:
        arrange(stack)
    except GeometryError as alone:
        return together.reason == DUPLICATE and alone.reason != DUPLICATE
    return True


def _several(keyword: str, count: int, together: str) -> GeometryError:
    return GeometryError(
        "several_acquisitions",
        f"{count} {SEPARATORS[keyword]} by {keyword}, together {together}",
    )

"""Slices of the source: what they are called, and which of them are shown."""

from __future__ import annotations

import numpy as np

from models.contract import Findings, LabelMap, Volume
from models.evidence import Location
from node.report.heat import heat_at

MOST = 6
"""On one page."""


def image_numbers(volume: Volume) -> tuple[int, ...] | None:
    """Return the Instance Number of each slice; None where they do not tell slices.

    It is the number that a viewer writes beside an image.
    """
    numbers = tuple(
        instance.instance_number
        for instance in volume.series.instances
        if instance.instance_number is not None
    )
    whole = len(set(numbers)) == len(numbers) == volume.shape[0]
    return numbers if whole else None


def image_name(volume: Volume, index: int) -> str:
    """Return what a slice is called: as in a viewer, else by its place in order.

    Parameters
    ----------
    index
        From 0, in slice order.
    """
    numbers = image_numbers(volume)
    return f"image {numbers[index]}" if numbers else f"slice {index + 1}"


def image_range(volume: Volume, location: Location) -> tuple[int, int] | None:
    """Return lowest and highest Instance Number that a location reaches over.

    They may count against the slices. None where they do not tell slices.
    """
    numbers = image_numbers(volume)
    if numbers is None:
        return None
    ends = numbers[location.first[0]], numbers[location.last[0]]
    return min(ends), max(ends)


def images(volume: Volume, location: Location) -> str:
    """Return the slices that a location reaches over."""
    first, last = location.first[0], location.last[0]
    if first == last:
        return image_name(volume, first)
    found = image_range(volume, location)
    low, high = found or (first + 1, last + 1)
    return f"{'images' if found else 'slices'} {low} to {high}"


def best_slice(volume: Volume, findings: Findings, location: Location) -> int:
    """Return the slice that shows a location best, from 0.

    Where most of its outline lies, else most of the heat, else the middle of its box.
    """
    if location.outline is not None:
        return location.first[0] + int(location.outline.sum(axis=(1, 2)).argmax())
    inside = tuple(
        slice(first, last + 1)
        for first, last in zip(location.first, location.last, strict=True)
    )
    d, h, w = np.ogrid[inside]
    heat = heat_at(volume, findings.heat_map, (d, h, w))
    if heat is None or not heat.any():
        return (location.first[0] + location.last[0]) // 2
    return location.first[0] + int(heat.sum(axis=(1, 2)).argmax())


def spread(volume: Volume, labels: LabelMap) -> list[int]:
    """Return slices spread evenly over what is marked, from the head downwards."""
    marked = np.flatnonzero(np.any(labels, axis=(1, 2)))
    first, last = (marked[0], marked[-1]) if len(marked) else (0, len(labels) - 1)
    room = (last - first) / (MOST + 1)
    even = np.linspace(first + room, last - room, MOST)
    downwards = -1 if volume.affine[2, 0] > 0 else 1
    chosen: list[int] = np.unique(even.round().astype(int))[::downwards].tolist()
    return chosen

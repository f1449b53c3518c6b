"""Whether two ways of reading the same studies made the same objects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydicom import dcmread

KINDS = ("SEG", "SR", "SC")


class DifferenceError(Exception):
    """The objects of two ways are not the same; their seconds mean nothing."""


def label_maps(results: Path) -> dict[str, str]:
    """Return the digest of each study's segmentation, by Study Instance UID.

    UIDs and dates differ between two installations; the pixels of the segmentation
    are what was found.

    Raises
    ------
    DifferenceError
        A study lacks one of its three objects.
    """
    found: dict[str, str] = {}
    for folder in sorted({path.parent for path in results.rglob("*.dcm")}):
        lacking = [kind for kind in KINDS if not (folder / f"{kind}.dcm").is_file()]
        if lacking:
            raise DifferenceError(f"{folder.name}: no {', '.join(lacking)}")
        ds = dcmread(folder / "SEG.dcm")
        found[str(ds.StudyInstanceUID)] = hashlib.sha256(ds.PixelData).hexdigest()
    return found


def compare(ways: Mapping[str, Path], studies: int) -> None:
    """Stop when two ways did not make the same objects of all studies.

    Parameters
    ----------
    ways
        Folder of the results by name of the way.
    studies
        How many there are.

    Raises
    ------
    DifferenceError
        A way has too few studies, or a segmentation differs.
    """
    maps = {way: label_maps(results) for way, results in ways.items()}
    for way, found in maps.items():
        if len(found) != studies:
            raise DifferenceError(f"{way}: objects of {len(found)} of {studies}")
    first, *others = maps
    for way in others:
        unequal = sum(maps[way][uid] != maps[first].get(uid) for uid in maps[way])
        if unequal:
            raise DifferenceError(
                f"{unequal} of {studies} segmentations differ: {first}, {way}"
            )

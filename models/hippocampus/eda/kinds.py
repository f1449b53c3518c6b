"""Every kind of thing the analysis can say about a case, in one table.

A *fault* leaves the case out: it cannot be trained on, or would teach something
wrong. A *finding* is listed and kept: it may be a rare anatomy, a hasty reader or an
odd scanner, and a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault or finding.

    Attributes
    ----------
    title
        As a table of the report names it.
    advice
        What a person does about it.
    is_fault
        The case is left out.
    """

    title: str
    advice: str
    is_fault: bool


def _fault(title: str, advice: str) -> Kind:
    return Kind(title, advice, is_fault=True)


def _finding(title: str, advice: str) -> Kind:
    return Kind(title, advice, is_fault=False)


KINDS = {
    "name": _fault("no number", "Rename it as hippocampus_NNN: subjects go by number."),
    "missing_image": _fault(
        "no image", "Fetch the image of this name, or delete its label map."
    ),
    "missing_labels": _fault(
        "no label map", "Have it drawn, or keep the image for unlabelled use."
    ),
    "unreadable": _fault("unreadable", "Fetch the file again; it is damaged."),
    "shape": _fault(
        "not a crop", "Crop it around one hippocampus, or fetch the right file."
    ),
    "shape_mismatch": _fault(
        "shapes differ", "Image and labels are of two grids; fetch both again."
    ),
    "affine_mismatch": _fault(
        "places differ", "Image and labels lie elsewhere; export both from one grid."
    ),
    "spacing": _fault("not 1 mm", "Resample image and labels to 1 mm."),
    "axes": _fault(
        "axes not RAS", "Reorient both files; right, anterior, superior must grow."
    ),
    "not_finite": _fault(
        "not finite", "Export the image again; it holds NaN or infinity."
    ),
    "constant_image": _fault("constant image", "Export the image again; it is empty."),
    "label_values": _fault(
        "foreign labels", "Map the labels to 0 background, 1 anterior, 2 posterior."
    ),
    "empty_labels": _fault("empty labels", "Have it drawn; nothing is labelled."),
    "missing_class": _fault("a class is missing", "Have the missing part drawn."),
    "back_to_front": _fault(
        "back to front", "Swap labels 1 and 2, or correct the direction of the file."
    ),
    "upside_down": _fault(
        "upside down", "Correct the direction head to foot in both files."
    ),
    "mirrored": _fault(
        "mirrored", "Mirror both files: the others are all of one handedness."
    ),
    "duplicate": _fault("duplicate", "Keep one; a copy leaks between folds."),
    "duplicate_labels": _fault(
        "labels of another case", "Find out to which image these labels belong."
    ),
    "separate_pieces": _finding(
        "separate pieces", "Look; a voxel or two apart is a slip of the pen."
    ),
    "touches_border": _finding(
        "touches the border", "Look whether the crop cuts the hippocampus off."
    ),
    "volume_outlier": _finding(
        "unusual volume", "Look; may be atrophy, may be a slip of the reader."
    ),
    "sides_differ": _finding(
        "two sides far apart", "Look at both files; check that they are one subject."
    ),
    "intensity_outlier": _finding(
        "unusual intensities", "Look; contrast agent, movement, another sequence?"
    ),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing said about one case.

    Attributes
    ----------
    kind
        Key of `KINDS`.
    detail
        The measured facts, in words.
    weight
        How striking, among remarks of the same kind; the gallery shows the most.
    where
        Voxel ``(x, y, z)`` to look at, if it has a place.
    """

    case: str
    kind: str
    detail: str
    weight: float = 0.0
    where: tuple[int, int, int] | None = None

    @property
    def is_fault(self) -> bool:
        """Whether the case is left out for it."""
        return KINDS[self.kind].is_fault

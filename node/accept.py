"""What a site writes in the place of a bundle's rule: ``[models.NAME.accept]``."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from models.volume.bundle import BundleError, load_acceptance
from models.volume.rule import Acceptance
from node.section import Section


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
Modality = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,16}$")]
"""A code string (PS3.5 6.2), without spaces."""

Count = Annotated[int, Field(ge=1)]
Millimetres = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AcceptSettings(Section):
    """Which series the model reads at this site; what is unset is the bundle's."""

    modality: Modality | None = None
    """Modality (0008,0060), equal."""
    description: Pattern | None = None
    """Regular expression searched in Series Description (0008,103E), case ignored."""
    min_slices: Count | None = None
    """Fewest slices."""
    max_slices: Count | None = None
    """Most slices."""
    min_matrix: Count | None = None
    """Fewest rows and columns."""
    max_matrix: Count | None = None
    """Most rows and columns."""
    min_spacing_mm: Millimetres | None = None
    """Smallest spacing along any axis, in millimetres."""
    max_spacing_mm: Millimetres | None = None
    """Largest spacing along any axis, in millimetres."""
    planes: tuple[Literal["axial", "coronal", "sagittal"], ...] | None = None
    """Planes in which the slices may lie, the nearest counts; ``[]``: any."""
    image_types_refused: tuple[str, ...] | None = None
    """Values of Image Type (0008,0008), such as ``"LOCALIZER"`` or ``"MIP"``, of
    which a series may carry none."""
    prefer: (
        tuple[Literal["slices", "original", "coverage", "thin", "kernel"], ...] | None
    ) = None
    """What decides between several series, the weightiest first: most slices, not
    derived, longest, thinnest, kernel."""
    thin_enough_mm: Millimetres | None = None
    """Slice spacing in millimetres below which thinner is no better."""
    kernels: tuple[Pattern, ...] | None = None
    """Regular expressions searched in Convolution Kernel (0018,1210), case ignored,
    the best kernels first."""

    @property
    def written(self) -> tuple[str, ...]:
        """The keys that the site has written."""
        return tuple(self.model_dump(exclude_none=True))

    def over(self, rule: Acceptance) -> Acceptance:
        """Return the rule in force: the bundle's, with what is written in its place.

        Raises
        ------
        ValueError
            A bound of the one is beyond its partner of the other; it names the key.
        """
        return replace(rule, **self.model_dump(exclude_none=True))

    def require_fit(self, bundle: Path) -> None:
        """Check that there is a rule in force over the bundle in this folder.

        Raises
        ------
        ValueError
            As ``over``.
        """
        try:
            rule = load_acceptance(bundle)
        except BundleError:
            return  # said by name where the bundle is loaded
        self.over(rule)

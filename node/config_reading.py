"""Settings of what is read, and of what is said about it. A part of `node.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from node.accept import AcceptSettings
from node.section import Section, TimeZone


class ModelSettings(Section):
    """One model on the wire."""

    enabled: bool = True
    """Whether studies that arrive are read by this model."""
    bundle: Path | None = None
    """Folder of a bundle of your own instead of the shipped one."""
    expected: bool = False
    """Whether every study is meant for this model: one in which it reads nothing
    then makes a notice, as a failed one does."""
    accept: AcceptSettings = AcceptSettings()
    """What stands here in the place of the bundle's rule."""


class HippocampusSettings(ModelSettings):
    """Hippocampal volumetry on the wire."""

    laterality: Literal["", "left", "right"] = ""
    """Side that every series shows which this site sends to the model; empty: not
    declared, and then no side is told."""
    calibration: Path | None = None
    """File that ``pacs-node calibrate`` wrote with controls of this site."""


class ModelsSettings(Section):
    """Which models read what arrives."""

    allow_demonstration: bool = False
    """Let models of status ``demonstration`` speak on the wire."""
    hippocampus: HippocampusSettings = HippocampusSettings()
    """Hippocampal volumetry on MR."""
    chest_ct: ModelSettings = ModelSettings()
    """Chest CT triage, a demonstration: silent unless demonstrations are allowed."""

    def of(self, name: str) -> ModelSettings:
        """Return the settings of one model."""
        section: ModelSettings = getattr(self, name)
        return section


class ReportSettings(Section):
    """The DICOM objects that are made."""

    seg: Literal["auto", "binary", "fractional", "labelmap"] = "auto"
    """Segmentation encoding; ``auto`` is BINARY where viewers read the packed bits
    rightly and FRACTIONAL elsewhere."""
    pdf: bool = False
    """Whether the page is made as an Encapsulated PDF too."""
    series_number: Annotated[int, Field(ge=1)] = 9001
    """Series Number of the first result series; the others follow."""
    institution: str = ""
    """Name printed on the page; empty prints none."""
    timezone: TimeZone = ""
    """IANA name of the zone of the scanner's clock, such as ``Europe/Berlin``, for
    studies that do not say their offset from UTC; empty: the clock of this machine,
    and no offset is written."""

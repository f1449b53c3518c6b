"""What figures of the folds are figures of: settings, data, and the networks.

They say something of a bundle only where that was trained by the same settings on the
same data; any other is refused before hours are spent on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.hippocampus.learning.settings import HippocampusSettings
from models.hippocampus.validation.folds import Fold, read_folds
from models.volume.bundle import load_bundle


@dataclass(frozen=True, slots=True)
class Origin:
    """What the networks of some folds have in common, and which they are.

    Attributes
    ----------
    networks
        Number of the fold → SHA-256 of its weights.
    """

    settings: HippocampusSettings
    data_sha256: str
    networks: Mapping[str, str]

    @classmethod
    def of_folds(cls, folds: Iterable[Fold]) -> Origin:
        """Return the origin of folds.

        Raises
        ------
        ValueError
            They are of several trainings, so what one holds out another may have
            seen.
        """
        found = list(folds)
        first = found[0]
        for fold in found:
            if _recipe(fold) != _recipe(first):
                raise ValueError(
                    f"fold {first.number} and fold {fold.number} differ in settings "
                    "or data: put them into folders of their own"
                )
        networks = {str(fold.number): fold.sha256 for fold in found}
        return cls(*_recipe(first), networks)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Origin:
        """Read what `as_json` gave."""
        settings = HippocampusSettings(**content["settings"])
        return cls(settings, content["data_sha256"], content["networks"])

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads again."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "data_sha256": self.data_sha256,
            "networks": dict(self.networks),
        }

    def require_of(self, bundle: Path) -> None:
        """Do nothing if the bundle may state figures of these folds.

        Raises
        ------
        models.volume.bundle.BundleError
            The bundle is not intact.
        ValueError
            It was trained with other settings or data; one line says what to type.
        """
        training = load_bundle(bundle).training
        settings = training.get("settings")
        same = {
            "settings": settings and HippocampusSettings(**settings) == self.settings,
            "data": training.get("data_sha256") == self.data_sha256,
            "balance": "balance" in training,
        }
        if others := [name for name, is_same in same.items() if not is_same]:
            raise ValueError(
                f"{bundle}: trained with other {' and '.join(others)} than the folds, "
                "whose figures are not its own; make a bundle that takes them with: "
                "pacs-model train hippocampus --data DATA --output BUNDLE"
            )


def _recipe(fold: Fold) -> tuple[HippocampusSettings, str]:
    return fold.settings, fold.data_sha256


def origin_of(folds: Path, bundle: Path | None = None) -> Origin:
    """Return the origin of the folds in a folder, if a bundle may state their figures.

    Raises
    ------
    FileNotFoundError, ValueError, models.volume.bundle.BundleError
        As `models.hippocampus.validation.folds.read_folds` and `Origin` raise them.
    """
    found = Origin.of_folds(read_folds(folds))
    if bundle:
        found.require_of(bundle)
    return found

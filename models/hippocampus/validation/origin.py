"""What figures of the folds are figures of: settings, data, and the networks.

They say something of a bundle only where that was trained by the same settings on the
same data; any other is refused before hours are spent on it. Noise, response and score
enter a bundle here; the figures of ``evaluation`` name the folds that they are of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.hippocampus.cases.folds import Fold, read_folds
from models.hippocampus.settings import HippocampusSettings
from models.volume.bundle import amend, load_bundle


@dataclass(frozen=True, slots=True)
class Origin:
    """What the networks of some folds have in common, and which they are.

    Attributes
    ----------
    networks
        Number of the fold → SHA-256 of its weights.
    every
        Only each so-manieth case was read.
    """

    settings: HippocampusSettings
    data_sha256: str
    networks: Mapping[str, str]
    every: int = 1

    @classmethod
    def of_folds(cls, folds: Iterable[Fold], every: int = 1) -> Origin:
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
        return cls(*_recipe(first), networks, every)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Origin:
        """Read what `as_json` gave."""
        settings = HippocampusSettings(**content["settings"])
        every = content.get("every", 1)
        return cls(settings, content["data_sha256"], content["networks"], every)

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads again."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "data_sha256": self.data_sha256,
            "networks": dict(self.networks),
            "every": self.every,
        }

    @property
    def left_out(self) -> str:
        """What was not read of the cases that a figure should rest on; "" if none."""
        folds = self.settings.split.folds
        if lacking := {str(fold) for fold in range(folds)} - set(self.networks):
            return f"fold {', '.join(sorted(lacking, key=int))} of {folds} is not there"
        return f"only each case of {self.every} was read" if self.every > 1 else ""

    def state(
        self, bundle: Path, place: str, content: Mapping[str, Any], then: str
    ) -> str:
        """Have a bundle state figures of all cases; return a line that says so.

        Figures of a part of the cases are not written: reports would print them.

        Parameters
        ----------
        place
            As `models.volume.bundle.amend` takes it.
        then
            What the bundle does from now on, in words.

        Raises
        ------
        models.volume.bundle.BundleError, ValueError
            As `require_of`.
        """
        self.require_of(bundle)
        if self.left_out:
            return f"{bundle} is as it was: {self.left_out}"
        amend(bundle, {place: {**content, "networks": dict(self.networks)}})
        return f"{bundle}: {then}"

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
        As `models.hippocampus.cases.folds.read_folds` and `Origin` raise them.
    """
    found = Origin.of_folds(read_folds(folds))
    if bundle:
        found.require_of(bundle)
    return found

"""Settings of a training: typed, from one file, resolved and hashed.

A training is told apart from another by the SHA-256 of its resolved settings, which
lies beside the weights it made: defaults that change later do not change what an
earlier training is said to have done.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

RESOLVED = "settings.json"


class TrainingSection(BaseModel):
    """A frozen part of the settings; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Watched(TrainingSection):
    """The figure of the validation that steers a training.

    The averaged weights of the epoch in which it was best are those that the training
    returns.

    Attributes
    ----------
    figure
        Its name, such as ``auc``.
    patience
        Epochs without a better one after which the training ends; None ends only with
        the last epoch.
    every
        Epochs from one look to the next; the last epoch always has one.
    """

    figure: Annotated[str, Field(min_length=1)]
    larger_is_better: bool = True
    patience: Annotated[int, Field(ge=1)] | None = None
    every: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _patience_waits_for_a_look(self) -> Self:
        if self.patience is not None and self.patience < self.every:
            raise ValueError("patience ends before the next look: at least every")
        return self


class Plateau(TrainingSection):
    """When the learning rate falls: the figure that is watched gets no better.

    Attributes
    ----------
    factor
        By which the rate is multiplied.
    patience
        Looks in a row without a better figure that are borne; the next one lowers the
        rate.
    least
        Rate below which it does not fall.
    """

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=0)] = 5
    least: Annotated[float, Field(ge=0)] = 0.0


class Recipe(TrainingSection):
    """How the loop trains, whatever the network and the data.

    Attributes
    ----------
    epochs
        Passes over the cases.
    batch, accumulate
        Cases of one forward pass, and how many of these make one step.
    learning_rate
        Peak of the schedule.
    schedule
        ``one_cycle`` (Smith & Topin 2018: up and, as a cosine, down to nothing, with
        Adam's first beta going the other way, 0.95 to 0.85 and back), ``constant``, or
        ``plateau``, which needs ``watched``.
    clip_norm
        Largest norm of a step's gradient.
    ema
        Decay per step of the averaged weights, which are the ones that ship; 0
        ships the last ones.
    precision
        ``auto`` is fp32, or sixteen bits where the processor has them and a step that
        is timed at start gains by them.
    sampler
        ``weighted`` draws the cases of an epoch with replacement, each as often as
        its weight says (`models.training.sampling`); None takes each case once.
    watched, plateau
        What of the validation steers the training; None lets nothing steer it.
    """

    epochs: Annotated[int, Field(ge=1)]
    seed: int = 0
    batch: Annotated[int, Field(ge=1)] = 4
    accumulate: Annotated[int, Field(ge=1)] = 1
    optimizer: Literal["adamw", "adam"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    schedule: Literal["one_cycle", "constant", "plateau"] = "one_cycle"
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    clip_norm: Annotated[float, Field(gt=0)] = 10.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.998
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    sampler: Literal["weighted"] | None = None
    watched: Watched | None = None
    plateau: Plateau | None = None

    @model_validator(mode="after")
    def _plateau_is_seen(self) -> Self:
        if self.schedule == "plateau" and self.watched is None:
            raise ValueError("schedule plateau needs a [watched] figure")
        if self.plateau is not None and self.schedule != "plateau":
            raise ValueError("[plateau] is of schedule plateau")
        return self

    @model_serializer(mode="wrap")
    def _wished(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not wished: recipes that do not know it keep their hash."""
        written: dict[str, Any] = handler(self)
        return {key: value for key, value in written.items() if value is not None}


Settings = TypeVar("Settings", bound=TrainingSection)


def read_settings(kind: type[Settings], path: Path) -> Settings:
    """Read the settings of a training from a TOML file.

    Raises
    ------
    ValueError
        The file is not TOML, a key is unknown, or a value is out of range: one line.
    """
    try:
        return kind(**tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])  # "" where several clash
        says = first["msg"].removeprefix("Value error, ")
        raise ValueError(": ".join(filter(None, (path.name, place, says)))) from None
    except ValueError as error:
        raise ValueError(f"{path.name} is not TOML: {error}") from None


def as_toml(settings: TrainingSection) -> str:
    """Return every setting as it was resolved, as `read_settings` reads it."""
    return "\n".join(_toml_lines(settings.model_dump(mode="json"), ())).lstrip() + "\n"


def _toml_lines(section: Mapping[str, Any], name: tuple[str, ...]) -> Iterator[str]:
    """Yield the keys of a section, then its own sections; JSON's values are TOML's."""
    inner = {key: value for key, value in section.items() if isinstance(value, dict)}
    several = {key: value for key, value in section.items() if _are_sections(value)}
    for key, value in section.items():
        if key not in inner | several and value is not None:
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in inner.items():
        yield f"\n[{'.'.join((*name, key))}]"
        yield from _toml_lines(value, (*name, key))
    for key, value in several.items():
        for each in value:
            yield f"\n[[{'.'.join((*name, key))}]]"
            yield from _toml_lines(each, (*name, key))


def _are_sections(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def settings_digest(settings: TrainingSection) -> str:
    """Return the SHA-256 of the resolved settings, in hexadecimal."""
    plain = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def write_resolved(settings: TrainingSection, folder: Path) -> Path:
    """Write every setting as it was resolved, with the hash, and return the file."""
    content: dict[str, Any] = {
        "sha256": settings_digest(settings),
        "settings": settings.model_dump(mode="json"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RESOLVED
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path

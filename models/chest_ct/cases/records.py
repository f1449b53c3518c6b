"""What trainings have left: the records of the networks of the folds.

The names of the files are those of `models.chest_ct.learning.train_folds`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.chest_ct.cases.scores import CaseScore
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.settings import ChestSettings

FOLDS, BUNDLE = "folds", "bundle"
"""Folders of records and of what is made of them, where one work is all of it."""

LEARNED_VIEW = "learned_view"
"""Key of a record: how the network saw chests when its map was learned, where its
answer was fitted again on chests that are seen otherwise."""


class LeakError(ValueError):
    """A network was trained on a patient that it should be judged on."""


@dataclass(frozen=True, slots=True)
class Record:
    """A trained network, and what it said of cases that it was not trained on.

    Attributes
    ----------
    name
        Such as ``cnn0``.
    weights, sha256
        The file of the weights, and the SHA-256 that it must have.
    trained_on
        Patients.
    validation, test
        Scores of the cases that chose epoch and threshold, and of those that no
        network has seen; a bundle chooses by the latter which places it tells.
    content
        Everything else of the record.
    """

    name: str
    settings: ChestSettings
    weights: Path
    sha256: str
    trained_on: frozenset[str]
    validation: tuple[CaseScore, ...]
    test: tuple[CaseScore, ...]
    content: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a record.

        Raises
        ------
        FileNotFoundError
            There is none; the line says how to train the network.
        LeakError
            A patient is on both sides.
        ValueError
            It is no record, or of another class than `POSITIVE`.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            validation, test = (
                tuple(CaseScore(**each) for each in content["scores"][part])
                for part in ("validation", "test")
            )
            record = cls(
                name=path.stem,
                settings=ChestSettings(**content["settings"]),
                weights=path.parent / content["weights"]["file"],
                sha256=content["weights"]["sha256"],
                trained_on=frozenset(content["trained_on"]),
                validation=validation,
                test=test,
                content=content,
            )
            positive = content["positive"]
        except FileNotFoundError:
            raise FileNotFoundError(_advice(path)) from None
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path.name} is no record of a training: {error!r}"
            ) from None
        if positive != POSITIVE:
            raise ValueError(
                f"{path.name} is of the class {positive!r}, not {POSITIVE!r}"
            )
        _refuse_leak(record)
        return record


def read_records(folder: Path) -> tuple[tuple[Record, ...], Record]:
    """Return the records of all 3D networks of a split, and that of the slice network.

    Raises
    ------
    FileNotFoundError
        One is missing.
    ValueError
        They are not of one training: settings or data differ, or what one was tested
        on is not what another was.
    LeakError
        One has seen what another is tested on.
    """
    first = Record.read(folder / "cnn0.json")
    numbers = range(1, first.settings.split.folds)
    cnns = (first, *(Record.read(folder / f"cnn{k}.json") for k in numbers))
    slices = Record.read(folder / "slices0.json")
    _require_one_training(cnns)
    _require_one_test((*cnns, slices))
    return cnns, slices


def _require_one_training(cnns: Sequence[Record]) -> None:
    for other in cnns[1:]:
        for what, differs in (
            ("settings", other.settings != cnns[0].settings),
            ("data", _data(other) != _data(cnns[0])),
        ):
            if differs:
                raise ValueError(
                    f"{other.name} was trained with other {what} than {cnns[0].name}: "
                    "put them into folders of their own"
                )
    judged = [score.name for record in cnns for score in record.validation]
    if len(set(judged)) != len(judged):
        raise ValueError("a case is held out by two folds: they are not of one split")


def _require_one_test(records: Sequence[Record]) -> None:
    wanted = _tested(records[0])
    for record in records:
        if _tested(record) != wanted:
            raise ValueError(
                f"{record.name} was tested on other cases than {records[0].name}: train"
                " all networks on the same data with the same seed of the split"
            )


def _refuse_leak(record: Record) -> None:
    judged = {score.patient for score in (*record.validation, *record.test)}
    if seen := judged & record.trained_on:
        raise LeakError(
            f"{record.name} was trained on {len(seen)} of its judged patients"
        )


def _tested(record: Record) -> frozenset[tuple[str, str, bool]]:
    return frozenset((s.name, s.patient, s.is_positive) for s in record.test)


def _data(record: Record) -> str:
    return str(record.content["data"]["sha256"])


def _advice(path: Path) -> str:
    kind = path.stem.rstrip("0123456789")
    fold = path.stem[len(kind) :]
    return (
        f"{path.name} is missing: pacs-model train chest_ct --network {kind} "
        f"--data ... --output {path.parent} --folds {fold}"
    )


def _learned(record: Record) -> dict[str, Any]:
    known = record.content.get(LEARNED_VIEW)
    return {} if known is None else {LEARNED_VIEW: known}


def networks(records: Sequence[Record]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each network's name and what a bundle says of its training."""
    told = ("fold", "parameters", "epochs", "minutes", "processor", "precision")
    for record in records:
        yield (
            record.name,
            {
                "sha256": record.sha256,
                **{name: record.content[name] for name in told},
                "settings_sha256": record.content["settings_sha256"],
                "trained_on_patients": len(record.trained_on),
                **_learned(record),
            },
        )

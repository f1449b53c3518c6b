"""From what a person names as data to prepared cases."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.chest_ct.cases.cache import Kept, Told, keep, key_of
from models.chest_ct.cases.case import Case, LeftOut
from models.chest_ct.cases.found import find_cases
from models.chest_ct.cases.simulated import has_real_nodules, simulated_cases
from models.chest_ct.preprocess import View
from models.chest_ct.simulator.settings import SimulatorSettings, shipped
from models.over_processes import suitable_processes
from models.training.settings import read_settings

SIMULATED = "simulated"
"""What to name for the studies of the shipped settings of the simulator."""

DRAWN_ALONE = "simulated (no real nodules at PACS_AI_DATA: every nodule is drawn)"
"""What the same studies are called where no real nodules are at hand."""

CACHE = "PACS_AI_CACHE"
"""Variable of the environment: the folder in which prepared cases are kept."""

HOME = Path("~/.cache/pacs-ai-node/chest_ct")
"""Where they are kept otherwise."""

Check = Callable[[Sequence[Case]], None]

FEWEST_CASES = 4
"""For which a process is started."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The cases of a training.

    Attributes
    ----------
    name
        Of the data, as a record states it.
    sha256
        Over the prepared cases with their labels and patients.
    """

    name: str
    cases: Sequence[Kept]
    left_out: Sequence[LeftOut]
    sha256: str


def gather(
    data: Path, view: View, told: Told | None = None, check: Check | None = None
) -> Gathered:
    """Find the cases, prepare what is not prepared, and return them.

    Parameters
    ----------
    data
        A folder with ``labels.csv`` and images, ``simulated``, or a settings file of
        the simulator.
    check
        Is given the cases before the first is prepared, and may refuse them.

    Raises
    ------
    FileNotFoundError
        There are no cases.
    ValueError
        Labels or settings cannot be used: one line.
    """
    name, cases, left_out = labelled_cases(data)
    if check is not None:
        check(cases)
    processes = suitable_processes(len(cases), FEWEST_CASES)
    kept, refused = keep(cases, [view], cache_folder(), processes, told)
    chosen = [first for (first,) in kept]
    if not chosen:
        raise FileNotFoundError(f"{name}: no case could be prepared")
    return Gathered(name, chosen, [*left_out, *refused], _digest(chosen))


def prepare_all(
    data: Path, views: Sequence[View], told: Told | None = None, processes: int = 0
) -> tuple[str, int, list[LeftOut]]:
    """Prepare the cases for several networks from one reading of the images.

    Parameters
    ----------
    processes
        0: as many as suit.

    Returns
    -------
    tuple
        Name of the data, how many cases are prepared, and what is left out.

    Raises
    ------
    FileNotFoundError, ValueError
        As `gather` does.
    """
    name, cases, left_out = labelled_cases(data)
    count = processes or suitable_processes(len(cases), FEWEST_CASES)
    kept, refused = keep(cases, views, cache_folder(), count, told)
    return name, len(kept), [*left_out, *refused]


def cache_folder() -> Path:
    """Return the folder of the prepared cases."""
    return Path(os.environ.get(CACHE) or HOME).expanduser()


def labelled_cases(data: Path) -> tuple[str, list[Case], list[LeftOut]]:
    """Return the name of the data, its cases, and what is left out of them.

    Raises
    ------
    FileNotFoundError, ValueError
        As `gather` does.
    """
    if data.is_dir():
        return data.resolve().name, *find_cases(data)
    if data.name == SIMULATED or data.suffix == ".toml":
        is_shipped = data.name == SIMULATED
        settings = shipped() if is_shipped else read_settings(SimulatorSettings, data)
        cases = simulated_cases(settings)
        return SIMULATED if has_real_nodules(cases) else DRAWN_ALONE, cases, []
    raise FileNotFoundError(f"{data} is no folder; or name `{SIMULATED}`")


def digest_of_labelled(data: Path) -> str:
    """Return what changes when images, labels or patients of the data do.

    Raises
    ------
    FileNotFoundError, ValueError
        As `gather` does.
    """
    _, cases, _ = labelled_cases(data)
    return _hash((case.source.digest(), case) for case in cases)


def digest_of_drawn(cases: Sequence[Case], view: View) -> str:
    """Return `Gathered.sha256` of simulated cases, without drawing one of them."""
    return _hash((key_of(case.source.digest(), view), case) for case in cases)


def _digest(cases: Sequence[Kept]) -> str:
    return _hash((kept.path.stem, kept.case) for kept in cases)


def _hash(cases: Iterable[tuple[str, Case]]) -> str:
    lines = sorted(f"{key} {case.patient} {case.is_positive:d}" for key, case in cases)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

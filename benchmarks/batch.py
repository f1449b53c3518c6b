"""The batch beside the original's way, and three stages beside their naive forms.

Small studies (one crop) and large ones (five whole series and a crop) are read in
four ways that take turns: a fresh process per study, one after another, as the
original did; one process that loads the model once; ``pacs-node batch`` with one
worker and with two. Wall clock from the start of the first process to the end of the
last; afterwards the segmentations are compared. Takes about ten minutes::

    python -m benchmarks.batch [--small 40] [--large 8] [--rounds 1] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import Moment, description
from benchmarks.objects import compare
from benchmarks.stages import Stage, chosen_precision, stages, told
from benchmarks.studies import write_large, write_small

GOAL = 8.0
"""How many times faster than the original's way the small studies shall be."""

SMALL_SEED, LARGE_SEED = 1000, 2000
"""Of the first study of each set: no two studies are of one patient."""

ROOT = Path(__file__).parents[1]

ORIGINAL = "a process per study"
ONE_PROCESS = "one process, one model"
BATCH = "pacs-node batch -w {}"
WORKERS = (1, 2)

Write = Callable[[Path, int], Path]


@dataclass(frozen=True, slots=True)
class Studies:
    """Studies to read, each in a folder of its own below ``root``."""

    name: str
    root: Path
    precision: str

    @property
    def folders(self) -> list[Path]:
        """Return the folder of each study."""
        return sorted(self.root.iterdir())


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one set of studies: by way and round, and of each fresh process."""

    name: str
    studies: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    each: list[float] = field(default_factory=list)

    def ratio(self, way: str, peer: str = ORIGINAL) -> float:
        """Return how many times faster than ``peer`` a way is, by their medians."""
        return statistics.median(self.seconds[peer]) / statistics.median(
            self.seconds[way]
        )


def written(root: Path, count: int, write: Write, first_seed: int) -> Path:
    """Write studies below ``root`` and wait until the disk has them."""
    for number in range(count):
        write(root / f"{number:03d}", first_seed + number)
    os.sync()
    return root


def seconds_of(arguments: Sequence[str], precision: str, scratch: Path) -> float:
    """Return the wall clock of a process of this Python; its output is dropped.

    Raises
    ------
    SystemExit
        It did not exit with 0.
    """
    environment = {"PYTHONPATH": str(ROOT), "PACS_NODE_JOBS__PRECISION": precision}
    begin = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - this Python, modules of this repository
        [sys.executable, "-m", *arguments],
        cwd=scratch,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments[:2])}: {done.stdout}{done.stderr}")
    return seconds


def by_original(
    studies: Studies, folders: Sequence[Path], results: Path, scratch: Path
) -> float:
    """Return the seconds of one process of the peer over ``folders``."""
    arguments = ["benchmarks.original", *map(str, folders), "--results", str(results)]
    arguments += ["--precision", studies.precision]
    return seconds_of(arguments, studies.precision, scratch)


def by_batch(studies: Studies, workers: int, results: Path, scratch: Path) -> float:
    """Return the seconds of ``pacs-node batch``."""
    arguments = ["node", "batch", str(studies.root), "--results", str(results)]
    return seconds_of([*arguments, "-w", str(workers)], studies.precision, scratch)


def measure(studies: Studies, rounds: int, scratch: Path) -> Timed:
    """Read the studies in all ways, in turns, and compare what they made.

    Raises
    ------
    benchmarks.objects.DifferenceError
        The ways did not make the same objects.
    """
    timed = Timed(studies.name, len(studies.folders))
    for turn in range(rounds):
        results = scratch / f"{studies.name} {turn}"
        ways = {ORIGINAL: results / "original", ONE_PROCESS: results / "one process"}
        each = [
            by_original(studies, [folder], ways[ORIGINAL], scratch)
            for folder in studies.folders
        ]
        timed.each.extend(each)
        seconds = {ORIGINAL: sum(each)}
        for workers in WORKERS:
            way = BATCH.format(workers)
            ways[way] = results / f"batch {workers}"
            seconds[way] = by_batch(studies, workers, ways[way], scratch)
        seconds[ONE_PROCESS] = by_original(
            studies, studies.folders, ways[ONE_PROCESS], scratch
        )
        compare(ways, timed.studies)
        for way in ways:
            timed.seconds.setdefault(way, []).append(seconds[way])
    return timed


def table(timed: Timed) -> str:
    """Return a set as lines for a terminal."""
    name = f"{timed.studies} {timed.name}"
    heads = f"{'s':>8}{'min to max':>16}{'s/study':>9}{'times':>7}{'of one':>8}"
    lines = [f"{name:<24}{heads}"]
    for way, seconds in timed.seconds.items():
        middle = statistics.median(seconds)
        spread = f"{min(seconds):.1f} to {max(seconds):.1f}"
        lines.append(
            f"  {way:<22}{middle:8.1f}{spread:>16}{middle / timed.studies:9.2f}"
            f"{timed.ratio(way):7.1f}{timed.ratio(way, ONE_PROCESS):8.2f}"
        )
    low, middle, high = min(timed.each), statistics.median(timed.each), max(timed.each)
    lines.append(f"  a fresh process took {middle:.2f} s ({low:.2f} to {high:.2f})")
    return "\n".join(lines)


def goal(timed: Timed) -> str:
    """Return whether the small studies are as much faster as they shall be."""
    best = max((BATCH.format(workers) for workers in WORKERS), key=timed.ratio)
    found = timed.ratio(best)
    met = "met" if found >= GOAL else "NOT met"
    return f"  goal {GOAL:.0f} times on small studies: {met} ({found:.1f}, {best})"


def as_json(
    machine: Mapping[str, object], sets: Sequence[Timed], found: Sequence[Stage]
) -> str:
    """Return everything that was measured, for machines."""
    content: dict[str, Any] = {"machine": machine}
    content["batch"] = [
        {
            "studies": timed.studies,
            "name": timed.name,
            "seconds": timed.seconds,
            "seconds_of_fresh_processes": timed.each,
            "times_the_original": {way: timed.ratio(way) for way in timed.seconds},
            "times_one_process": {
                way: timed.ratio(way, ONE_PROCESS) for way in timed.seconds
            },
        }
        for timed in sets
    ]
    content["stages"] = [
        {
            "name": stage.name,
            "claimed": stage.claimed,
            "seconds": stage.seconds,
            "times_by_means_alone": stage.gain_alone,
            "times_as_we_do_it": stage.gain,
        }
        for stage in found
    ]
    return json.dumps(content, indent=2)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=40, help="studies of one crop")
    parser.add_argument("--large", type=int, default=8, help="studies of six series")
    parser.add_argument("--rounds", type=int, default=1, help="of all four ways")
    parser.add_argument("--precision", default="auto", help="auto, fp32 or bf16")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args()


def run(chosen: argparse.Namespace, scratch: Path) -> None:
    """Measure and print."""
    say: Callable[[str], None] = (lambda _: None) if chosen.json else print
    precision, took = chosen_precision(chosen.precision)
    before = Moment.now()
    say(f"{description()}\n{before}")
    say(f"all ways in {precision}; to choose that took {took:.2f} s, not counted\n")
    small = written(scratch / "small", chosen.small, write_small, SMALL_SEED)
    large = written(scratch / "large", chosen.large, write_large, LARGE_SEED)
    sets = []
    for root in (small, large):
        studies = Studies(f"{root.name} studies", root, precision)
        sets.append(measure(studies, chosen.rounds, scratch))
        say(table(sets[-1]) + "\n")
    say(goal(sets[0]) + "\n")
    found = stages(large / "000", precision)
    say("\n\n".join(map(told, found)) + "\n")
    after = Moment.now()
    say(f"at the end: {after}")
    if chosen.json:
        machine = {
            "description": description(),
            "precision": precision,
            "before": asdict(before),
            "after": asdict(after),
        }
        print(as_json(machine, sets, found))


def main() -> None:
    """Measure in a temporary folder."""
    chosen = options()
    with tempfile.TemporaryDirectory() as scratch:
        run(chosen, Path(scratch))


if __name__ == "__main__":
    main()

"""``pacs-model evaluate chest_ct``: a bundle on studies that nothing of it has seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.chest_ct.cases.cache import PREPARED
from models.chest_ct.cases.case import Case
from models.chest_ct.cases.gather import digest_of_drawn, labelled_cases
from models.chest_ct.cases.journal import Journal
from models.chest_ct.cases.records import Record, read_records
from models.chest_ct.cases.simulated import DATA, Simulated, fresh_cases
from models.chest_ct.reading import READING
from models.chest_ct.validation.evaluation.figures import figures
from models.chest_ct.validation.evaluation.judge import judge
from models.chest_ct.validation.evaluation.judged import MODES, Judged
from models.chest_ct.validation.evaluation.pictures import write_pictures
from models.chest_ct.validation.evaluation.real import read_real_series
from models.chest_ct.validation.evaluation.tables import heading, tables
from models.chest_ct.validation.regions import judge_regions
from models.over_processes import over_processes, suitable_processes
from models.training.classification.threshold import Threshold
from models.volume.bundle import Bundle, amend, load_bundle

SHIPPED = Path(__file__).parents[2]

CASES = "cases.jsonl"
"""What was found out about each study, in the folder that is kept."""

FRESH = "drawn for these figures alone"
"""Which simulated studies are judged."""

FEWEST_CASES = 4
"""For which a process is started."""

Told = Callable[[int, int], None]


def run(
    data: Path,
    folds: Path,
    processes: int | None = None,
    told: Told = lambda _done, _count: None,
    bundle: Path | None = None,
    keep: Path | None = None,
) -> dict[str, Any]:
    """Judge a bundle and return the figures that it states.

    Parameters
    ----------
    data, folds
        That the networks were trained on, and their records: they say who is held
        out. Of simulated studies others are judged, which are drawn for it: the test
        part has been looked at by whoever made the recipe.
    bundle
        Is judged and takes the figures; else the shipped one, which takes none.
    keep
        Folder of a line for each study, from which a broken-off run goes on, and of
        pictures; else nothing is kept.

    Raises
    ------
    FileNotFoundError, ValueError
        Records or studies are missing, or the bundle is not made of these networks.
    models.volume.bundle.BundleError
        The bundle is not whole.
    """
    states = load_bundle(bundle or SHIPPED)
    records = read_records(folds)
    name, held_out = _held_out(data, states, [*records[0], records[1]])
    thresholds = _thresholds(states)
    with TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        judged = _judged(held_out, states, folder / CASES, processes, told)
    said = {"data": name, "version": states.version, "status": states.status}
    content = said | figures(judged, thresholds)
    content["real"] = read_real_series(states.folder)
    content["regions"] = judge_regions(states.folder)
    if keep:
        write_pictures(judged, held_out, thresholds["full"], states, name, keep)
    if bundle:
        amend(bundle, {"metrics.test": content})
    return content


def in_words(content: Mapping[str, Any]) -> str:
    """Return the tables for a terminal."""
    found = [table.as_text() for table in tables(content)]
    return "\n\n".join([heading(content), *found])


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write the figures: as JSON, or the tables of the card as Markdown (``.md``).

    Raises
    ------
    ValueError
        The name ends otherwise.
    """
    if path.suffix == ".json":
        text = json.dumps(dict(content), indent=2, ensure_ascii=False)
    elif path.suffix == ".md":
        found = [table.as_markdown() for table in tables(content)]
        text = "\n\n".join([heading(content), *found])
    else:
        raise ValueError(f"{path.name}: an output ends in .json or .md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def _held_out(
    data: Path, bundle: Bundle, records: Sequence[Record]
) -> tuple[str, list[Case]]:
    """Return the name of the data, and studies that nothing was trained on."""
    for record in records:
        if record.sha256 not in bundle.weights.values():
            raise ValueError(
                f"the bundle is not made of {record.name}: name the networks that it "
                "was assembled from with --folds"
            )
    name, cases, _ = labelled_cases(data)
    source = cases[0].source
    if isinstance(source, Simulated):
        _require_trained_on(cases, records[0])
        return f"{name}, {FRESH}", fresh_cases(source.settings)
    return name, _tested(name, cases, records[0])


def _require_trained_on(cases: Sequence[Case], record: Record) -> None:
    """Refuse other settings of the simulator, or other real nodules."""
    found = digest_of_drawn(cases, record.settings.view)
    if found != record.content["data"]["sha256"]:
        raise ValueError(
            f"{record.name} was trained on other simulated studies: "
            f"{record.content['data']['name']}; name the same, with the same {DATA}"
        )


def _tested(name: str, cases: Sequence[Case], record: Record) -> list[Case]:
    """Return the studies that every network was tested on."""
    wanted = {score.name: score for score in record.test}
    there = [case for case in cases if case.name in wanted]
    others = [
        case
        for case in there
        if (case.patient, case.is_positive)
        != (wanted[case.name].patient, wanted[case.name].is_positive)
    ]
    if others or len(there) != len(wanted) or not there:
        raise ValueError(
            f"{name} holds {len(there) - len(others)} of the {len(wanted)} studies "
            "that the networks were tested on: name the data of their training"
        )
    return there


def _judged(
    cases: Sequence[Case],
    bundle: Bundle,
    path: Path,
    processes: int | None,
    told: Told,
) -> list[Judged]:
    """Judge what has no line yet; one study is in memory for each process."""
    found_by = {"bundle": _identity(bundle), "studies": _digest(cases)}
    journal = Journal(path, found_by)
    missing = [case for case in cases if case.name not in journal.found]
    count = processes or suitable_processes(len(missing), FEWEST_CASES)
    one = partial(judge, bundle=bundle.folder)
    for number, found in enumerate(over_processes(one, missing, count), start=1):
        journal.add(found.study, found.plain())
        told(number, len(missing))
    return [Judged.of(case.name, journal.found[case.name]) for case in cases]


def _digest(cases: Sequence[Case]) -> str:
    plain = json.dumps(sorted((case.name, case.source.digest()) for case in cases))
    return hashlib.sha256(plain.encode()).hexdigest()


def _identity(bundle: Bundle) -> str:
    """Return what answers hang on: weights, views, rules, code; no figure of them."""
    parts = [
        [READING, PREPARED],
        dict(bundle.weights),
        dict(bundle.shared_weights),
        bundle.preprocessing,
        bundle.decision,
    ]
    plain = json.dumps([*parts, bundle.training["z_profile"]], sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def _thresholds(bundle: Bundle) -> dict[str, Threshold]:
    rules = bundle.decision["rules"]
    return {mode: Threshold.of(rules[mode]["threshold"]) for mode in MODES}

"""One entry of a run as one row of the spreadsheet.

The columns on the left are those that the hospital's tables have had before; ours
stand to the right of them. What a model measures is named in its bundle: no column
of a model is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from models.volume.bundle import Bundle
from models.volume.columns import Shows, is_classified
from node.batch.cells import Cell, cells
from node.batch.entry import Entry
from node.batch.tally import for_others
from node.batch.words import Words
from node.errors import ConfigError

Row = Mapping[str, Cell]
"""Name of a column → its cell, in the order of the columns."""

BEFORE = ("path_to_study", "study_uid", "series_uid")
AFTER = (
    "grade",
    "quality_flags",
    "processing_status",
    "time_of_processing",
    "sent",
    "reason",
    "quality",
    "model",
    "model_version",
    "weights",
    "version",
    "note",
    "results",
)

COMPARED = ("truth", "correct")
"""At the end, where a truth is given."""

WEIGHTS_DIGITS = 12
"""So much of a SHA-256 tells the weights apart."""


def sheets_of(
    entries: Iterable[Entry],
    bundles: Mapping[str, Bundle],
    words: Words,
    results: Path,
    *,
    with_truth: bool = False,
) -> dict[str, list[Row]]:
    """Return the rows of every model, by its name; first those that read something.

    Parameters
    ----------
    bundles
        Name of the model → its bundle, for every model that was asked for.
    results
        Folder of the objects of the run.
    with_truth
        Whether models that decide something are compared with a truth.

    Raises
    ------
    ConfigError
        A bundle names a column that every table has already.
    """
    for name, bundle in bundles.items():
        _require_own_columns(name, bundle)
    told = list(entries)
    idle = for_others(told)
    names = sorted(bundles, key=lambda name: name in idle)  # stable
    sheets: dict[str, list[Row]] = {name: [] for name in names}
    for entry in told:
        bundle = bundles[entry.model]
        compared = with_truth and is_classified(bundle.columns)
        row = row_of(entry, bundle, words, results, with_truth=compared)
        sheets[entry.model].append(row)
    return sheets


def _require_own_columns(model: str, bundle: Bundle) -> None:
    """Refuse a column that takes the place of one of every table, or moves none."""
    moved = {name for name, c in bundle.columns.items() if c.shows is Shows.COMMON}
    if taken := {*BEFORE, *AFTER, *COMPARED} & set(bundle.columns) - moved:
        raise ConfigError(
            f"{model}: the bundle's column {min(taken)} is one of every table; "
            "give it another name in bundle.json"
        )
    if strange := moved - set(AFTER):
        raise ConfigError(
            f"{model}: no table has the common column {min(strange)} of the bundle; "
            f"there are {', '.join(AFTER)}"
        )


def row_of(
    entry: Entry,
    bundle: Bundle,
    words: Words,
    results: Path,
    *,
    with_truth: bool = False,
) -> Row:
    """Return the row of one entry.

    Where there is no result, what is measured stays empty and is never 0.
    """
    job = entry.job if entry.is_reported else None
    seconds = None if entry.seconds is None else Decimal(f"{entry.seconds:.2f}")
    flags = flag_codes(entry)
    common: dict[str, Cell] = {
        "grade": job.summary.get("grade") if job else None,
        "quality_flags": ", ".join(flags) or None,
        "processing_status": "SUCCESS" if job else "FAILURE",
        "time_of_processing": seconds,
        "sent": sent(entry, words) or None,
        "reason": reason(entry, words) or None,
        "quality": "; ".join(words.flag(code) for code in flags) or None,
        "model": entry.model,
        **_made_with(entry, bundle),
        "version": f"v{job.version}" if job else None,
        "note": note(bundle, words, is_fast=entry.is_fast),
        "results": str(results_folder(entry, results) or "") or None,
    }
    own = cells(bundle.columns, job, words)
    if with_truth:
        common |= {"truth": entry.truth, "correct": _correct(entry)}
    return {
        "path_to_study": entry.path,
        "study_uid": entry.study_instance_uid or None,
        "series_uid": (job and job.series_instance_uid) or entry.only_series or None,
        **{name: common.pop(name, cell) for name, cell in own.items()},
        **common,
    }


def _correct(entry: Entry) -> str | None:
    if entry.truth is None or entry.answer is None:
        return None
    return "CORRECT" if int(entry.answer.is_positive) == entry.truth else "WRONG"


def flag_codes(entry: Entry) -> list[str]:
    """Return the codes of the quality flags of a result."""
    if entry.job is None or not entry.is_reported:
        return []
    return [code for code in entry.job.summary.get("flags", "").split(", ") if code]


def sent(entry: Entry, words: Words) -> str:
    """Return whether the archive has all objects; "" when nobody asked for it."""
    left = [each for each in entry.deliveries if each.state != "sent"]
    if not entry.deliveries:
        return ""
    if not left:
        return words.text("sent_yes")
    details = sorted({each.detail for each in left if each.detail})
    why = "; ".join(_delivery_reason(detail, words) for detail in details)
    return words.text("sent_no", why=why or words.text("sent_waiting"))


def _delivery_reason(detail: str, words: Words) -> str:
    """Return a reason code in words; what an archive said stays as it was said."""
    if detail in words.reasons:
        return words.small(words.reason(detail).rstrip("."))
    return detail


def reason(entry: Entry, words: Words) -> str:
    """Return why there is no result and what can be done; "" when there is one."""
    if entry.is_reported:
        return ""
    return f"{words.why(entry)} {words.remedy(entry)}"


def note(bundle: Bundle, words: Words, *, is_fast: bool = False) -> str:
    """Return what every row of a model says about it (docs/promises.md 11)."""
    said = [words.text("research")]
    if bundle.status == "demonstration":
        said.insert(0, words.text("demonstration"))
    if is_classified(bundle.columns):
        said.append(words.text("zero_is"))
    if is_fast and bundle.fast:
        said.append(words.text("fast", what=words.fast(bundle)))
    return ". ".join(said)


def results_folder(entry: Entry, results: Path) -> Path | None:
    """Return the folder of the objects of an entry; None when there are none."""
    if entry.job is None or not entry.is_reported:
        return None
    if entry.objects:
        return entry.objects[0].path.parent
    folder = results / entry.study_instance_uid / entry.job.reading
    return folder / f"v{entry.job.version}"


def _made_with(entry: Entry, bundle: Bundle) -> dict[str, Cell]:
    """Return version and weights of the model: of a result, those that made it."""
    version, weights = bundle.version, bundle.weights_digest
    if entry.job is not None and entry.is_reported:
        version = entry.job.model_version or version
        weights = entry.job.weights_digest or weights
    return {"model_version": version, "weights": weights[:WEIGHTS_DIGITS]}

"""One entry of a run as one row of the spreadsheet.

The columns on the left are those that the hospital's tables have had before; ours
stand to the right of them. What a model measures is named in its bundle: no column
of a model is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from models.volume.bundle import Bundle
from models.volume.columns import Column
from node.batch.entry import Entry
from node.batch.words import Words
from node.errors import ConfigError
from node.jobs.job import Measured

Cell = str | int | Decimal | None
"""A Decimal has the digits that are printed; None is an empty cell."""

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

WEIGHTS_DIGITS = 12
"""So much of a SHA-256 tells the weights apart."""


def sheets_of(
    entries: Iterable[Entry],
    bundles: Mapping[str, Bundle],
    words: Words,
    results: Path,
) -> dict[str, list[Row]]:
    """Return the rows of every model, by its name.

    Parameters
    ----------
    bundles
        Name of the model → its bundle, for every model that was asked for.
    results
        Folder of the objects of the run.

    Raises
    ------
    ConfigError
        A bundle names a column that every table has already.
    """
    for name, bundle in bundles.items():
        if taken := {*BEFORE, *AFTER} & set(bundle.columns):
            raise ConfigError(
                f"{name}: the bundle's column {min(taken)} is one of every table; "
                "give it another name in bundle.json"
            )
    sheets: dict[str, list[Row]] = {name: [] for name in bundles}
    for entry in entries:
        sheets[entry.model].append(row_of(entry, bundles[entry.model], words, results))
    return sheets


def row_of(entry: Entry, bundle: Bundle, words: Words, results: Path) -> Row:
    """Return the row of one entry.

    Where there is no result, what is measured stays empty and is never 0.
    """
    job = entry.job if entry.is_reported else None
    seconds = None if entry.seconds is None else Decimal(f"{entry.seconds:.2f}")
    flags = flag_codes(entry)
    row: dict[str, Cell] = {
        "path_to_study": entry.path,
        "study_uid": entry.study_instance_uid or None,
        "series_uid": job.series_instance_uid if job else None,
        **measured(bundle.columns, job.measurements if job else ()),
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
        "note": note(bundle, words),
        "results": str(results_folder(entry, results) or "") or None,
    }
    return row


def measured(
    columns: Mapping[str, Column], measurements: Sequence[Measured]
) -> dict[str, Cell]:
    """Return the cells of the columns that a bundle names; None where no number is."""
    printed = {(each.structure, each.unit): each.printed for each in measurements}
    found = {
        name: printed.get((column.structure, column.unit))
        for name, column in columns.items()
    }
    return {
        name: None if text is None else Decimal(text) for name, text in found.items()
    }


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
    return f"{words.why(entry)} {words.advice(entry.reason_code)}"


def note(bundle: Bundle, words: Words) -> str:
    """Return what every row of a model says about it (docs/promises.md 11)."""
    research = words.text("research")
    if bundle.status == "demonstration":
        return f"{words.text('demonstration')}. {research}"
    return research


def results_folder(entry: Entry, results: Path) -> Path | None:
    """Return the folder of the objects of an entry; None when there are none."""
    if entry.job is None or not entry.is_reported:
        return None
    if entry.objects:
        return entry.objects[0].path.parent
    return results / entry.study_instance_uid / entry.model / f"v{entry.job.version}"


def _made_with(entry: Entry, bundle: Bundle) -> dict[str, Cell]:
    """Return version and weights of the model: of a result, those that made it."""
    version, weights = bundle.version, bundle.weights_digest
    if entry.job is not None and entry.is_reported:
        version = entry.job.model_version or version
        weights = entry.job.weights_digest or weights
    return {"model_version": version, "weights": weights[:WEIGHTS_DIGITS]}

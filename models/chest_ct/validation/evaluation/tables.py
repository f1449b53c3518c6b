"""The figures as tables, for a terminal and for the model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.chest_ct.validation.evaluation.pairs import NEAR

DEMONSTRATION = "demonstration"
"""Status of a bundle whose figures are of no patients."""

DASH, NOTHING = "\N{EN DASH}", "-"

NAMES = {
    "full": "everything",
    "fast": "fast mode",
    "cnn_3d": "3D network alone",
    "slices": "slice network alone",
    "z_profile": "Z-profile alone",
    "mean_hu": "mean lung HU alone",
}

SHORT = {"fast": "fast", "Z-profile": "z_profile", "lung HU": "mean_hu"}
"""Column → the score whose area stands in it, beside that of everything."""

OF_BOTH = ("kernel", "thickness")
"""Groups in which the studies without disease are divided as well."""

ANSWERS = {True: "pathology", False: "below threshold", None: NOTHING}

GROUPS = {
    "kind": "By kind of disease (studies that hold it, against all without disease)",
    "size": "By size (against all without disease; the first three show nothing else)",
    "kernel": "By kernel (studies of either label)",
    "thickness": "By thickness of the slices (studies of either label)",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A sentence, names of columns, and rows; the first column is names of rows."""

    sentence: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def as_text(self) -> str:
        """Return the table aligned by blanks."""
        lines = [self.columns, *self.rows]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        text = [
            "  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([f"{self.sentence}.", "", *text])

    def as_markdown(self) -> str:
        """Return the table as Markdown."""
        rule = ("---", *["--:"] * (len(self.columns) - 1))
        lines = [self.columns, rule, *self.rows]
        text = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join([f"{self.sentence}.", "", *text])


def tables(content: Mapping[str, Any]) -> Iterator[Table]:
    """Yield every table of `models.chest_ct.validation.evaluation.figures.figures`."""
    yield _modes(content["modes"])
    yield _alone(content["alone"])
    for group, sentence in GROUPS.items():
        rows = content["strata"][group]
        yield _strata(sentence, rows, is_of_both=group in OF_BOTH)
    yield _pairs(content["kernel_pairs"])
    yield _diffuse(content["kernel_pairs"]["diffuse"])
    yield _places(content["places"])
    if content["real"]:
        yield _real(content["real"])
    if content["regions"]:
        yield _regions(content["regions"])


def heading(content: Mapping[str, Any]) -> str:
    """Return what was judged."""
    refused = content["refused"]
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
    counts = f"{content['studies']} studies of {content['patients']} patients"
    seconds = content["seconds"]
    status = f"{content['status']}: " if content["status"] == DEMONSTRATION else ""
    return (
        f"{status.upper()}{content['data']}, version {content['version']}.\n"
        f"{counts}; not read: {told or 'none'}. 95 % intervals by patient.\n"
        f"Seconds for a study: median {seconds['median']:g}, largest "
        f"{seconds['largest']:g}."
    )


def figure(value: Mapping[str, float | None] | None) -> str:
    """Return a figure with its interval; a dash where nothing can be said."""
    if value is None or value["value"] is None:
        return NOTHING
    if value["low"] is None:
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} ({value['low']:.2f}{DASH}{value['high']:.2f})"


def alone(value: Mapping[str, float | None] | None) -> str:
    """Return a figure without its interval; a dash where nothing can be said."""
    if value is None or value["value"] is None:
        return NOTHING
    return f"{value['value']:.3f}"


def _modes(modes: Mapping[str, Any]) -> Table:
    return Table(
        "All held-out studies at the stored threshold of the probability of pathology",
        ("", "AUC", "sensitivity", "specificity", "threshold", "ECE", "Brier"),
        tuple(
            (
                NAMES[mode],
                figure(found["auc"]),
                figure(found["sensitivity"]),
                figure(found["specificity"]),
                f"{found['threshold']['value']:.3f}",
                f"{found['expected_calibration_error']:.3f}",
                f"{found['brier']:.3f}",
            )
            for mode, found in modes.items()
        ),
    )


def _alone(alone: Mapping[str, Any]) -> Table:
    rows = tuple((NAMES[name], figure(found["auc"])) for name, found in alone.items())
    return Table("Each piece of evidence alone", ("", "AUC"), rows)


def _strata(
    sentence: str, rows: Sequence[Mapping[str, Any]], *, is_of_both: bool
) -> Table:
    """Return rows of studies.

    Parameters
    ----------
    is_of_both
        Studies without disease differ from row to row: else their share of right
        answers is that of all, and stands above.
    """
    last = ("specificity",) if is_of_both else ()
    return Table(
        sentence,
        ("", "with/without", "patients", "AUC", *SHORT, "sensitivity", *last),
        tuple(
            (
                row["name"],
                f"{row['positive']}/{row['negative']}",
                str(row["patients"]),
                figure(row["auc"]["full"]),
                *(alone(row["auc"][name]) for name in SHORT.values()),
                figure(row["sensitivity"]),
                *(figure(row[name]) for name in last),
            )
            for row in rows
        ),
    )


def _pairs(content: Mapping[str, Any]) -> Table:
    return Table(
        f"The same patient in two kernels: {content['pairs']} pairs",
        ("", "median", "largest", f"within {NEAR:g}", "same decision"),
        tuple(
            (
                NAMES[mode],
                f"{found['median']:.3f}",
                f"{found['largest']:.3f}",
                f"{found['within']:.1%}",
                f"{found['same_decision']:.1%}",
            )
            for mode, found in content["modes"].items()
            if found is not None
        ),
    )


def _diffuse(content: Mapping[str, Any]) -> Table:
    names = tuple(next(iter(content.values()))["auc"])
    return Table(
        "Diffuse disease against none, every patient in either kernel",
        ("", "with / without", *(f"AUC {NAMES[name]}" for name in names)),
        tuple(
            (
                f"{kernel} kernels",
                f"{found['positive']} / {found['negative']}",
                *(figure(found["auc"][name]) for name in names),
            )
            for kernel, found in content.items()
        ),
    )


def _places(content: Mapping[str, Any]) -> Table:
    studies = content["studies"]
    rows = {**content["kinds"], "all": content["all"]}
    return Table(
        f"Told places. Of {studies['called']} studies with disease that were called "
        "positive,\n"
        f"a place is on disease in {figure(studies['any_on_disease'])}, the first one "
        f"in {figure(studies['first_on_disease'])}",
        ("", "told", "on disease of the kind", "on any disease"),
        tuple(
            (
                name.replace("_", "-"),
                str(found["told"]),
                figure(found["right"]),
                figure(found["on_disease"]),
            )
            for name, found in rows.items()
        ),
    )


def _real(series: Sequence[Mapping[str, Any]]) -> Table:
    names = {
        "all": "full",
        "fast": "fast",
        "3D": "cnn_3d",
        "slices": "slices",
        "profile": "z_profile",
    }
    return Table(
        "Real series at hand: no figure, and none of them is normal. Of the places "
        "that are told, the first that meets a marked tumour",
        ("", "kernel", "chest", "answer", *names, "lungs mL", "tumour", "flags"),
        tuple(
            (
                each["name"],
                each["kernel"] or NOTHING,
                each["refused"] or f"{each['confidence']:.3f}",
                ANSWERS[each["is_positive"]],
                *(
                    f"{each['scores'][name]:.3f}" if each["scores"] else NOTHING
                    for name in names.values()
                ),
                NOTHING if each["lungs_ml"] is None else str(each["lungs_ml"]),
                _met(each.get("marked")),
                ", ".join(each["flags"]) or NOTHING,
            )
            for each in series
        ),
    )


def _met(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return NOTHING
    if found["first_met"] is None:
        return f"none of {found['told']}"
    return f"{found['first_met']} of {found['told']}: {found['kind'].lower()}"


def _regions(content: Mapping[str, Any]) -> Table:
    parts = ("all", "by_kind", "by_background", "by_diameter")
    rows = [row for part in parts for row in content[part]]
    return Table(
        f"Another experiment: {content['regions']} regions of real lungs of "
        f"{content['patients']} patients, read by the 3D networks.\nBy background "
        "and size: a drawn lesion from a sham",
        ("", "first/second", "patients", "AUC", "lung HU"),
        tuple(
            (
                row["name"],
                f"{row['first']}/{row['second']}",
                str(row["patients"]),
                figure(row["auc"]),
                alone(row["mean_hu_auc"]),
            )
            for row in rows
        ),
    )

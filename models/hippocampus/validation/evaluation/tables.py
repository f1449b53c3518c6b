"""The figures as tables, for a terminal of 80 columns and for the model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.hippocampus.cases.scores import METRICS, PARTS

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Form:
    """How a metric is written: its name, factor, decimals, and whether signed."""

    title: str
    factor: float = 1.0
    decimals: int = 3
    signed: bool = False


FORMS = {
    "dice": Form("Dice"),
    "jaccard": Form("Jaccard"),
    "hd95_mm": Form("HD95 mm", decimals=2),
    "surface_dice_1mm": Form("surface Dice 1 mm"),
    "volume_error": Form("volume error %", 100, 1),
    "volume_bias": Form("volume bias %", 100, 1, signed=True),
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
        return "\n".join([self.sentence, "", *text])

    def as_markdown(self) -> str:
        """Return the table as Markdown; the names of rows to the left."""
        rule = ("---", *["--:"] * (len(self.columns) - 1))
        lines = [self.columns, rule, *self.rows]
        text = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join([self.sentence, "", *text])


def figure(
    value: Mapping[str, float | None], metric: str, *, difference: bool = False
) -> str:
    """Return mean and interval as they are printed; no interval of few subjects."""
    form = FORMS[metric]
    signed = form.signed or difference
    mean, *bounds = (
        _number(number * form.factor, form.decimals, signed=signed)
        for key in ("mean", "low", "high")
        if (number := value[key]) is not None
    )
    return f"{mean} ({(' to ' if signed else DASH).join(bounds)})" if bounds else mean


def _number(value: float, decimals: int, *, signed: bool) -> str:
    text = f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"
    return text.replace("-", MINUS)


def tables(content: Mapping[str, Any]) -> Iterator[Table]:
    """Yield every table of a ``metrics`` object, the most important first."""
    folds = [str(each["fold"]) for each in content["by_fold"]]
    who = f"{_counts(content)}; fold{'s' * (len(folds) > 1)} {', '.join(folds)}"
    yield _by_part(f"As the network gives it ({who}):", content)
    yield _by_part("As it is served, small pieces removed:", content["served"])
    if "by_volume" in content:
        yield _by_volume(content["by_volume"])
    yield _by_fold(content["by_fold"])
    if "baseline" in content:
        yield _beside(content["baseline"])


def _by_part(sentence: str, content: Mapping[str, Any]) -> Table:
    rows = [
        (form.title, *(figure(content[part][metric], metric) for part in PARTS))
        for metric, form in FORMS.items()
    ]
    return Table(sentence, ("", *PARTS), tuple(rows))


def _by_volume(content: Mapping[str, Any]) -> Table:
    slope = content["slope"]
    words = (
        f"; log measured on log true has slope {figure(slope, 'dice')}" if slope else ""
    )
    rows = [
        (
            DASH.join(str(end) for end in quarter["mm3"]),
            str(quarter["cases"]),
            str(quarter["subjects"]),
            figure(quarter["volume_bias"], "volume_bias"),
        )
        for quarter in content["quarters"]
    ]
    return Table(
        f"By true volume{words}:",
        ("true mm³", "cases", "subjects", f"whole {FORMS['volume_bias'].title}"),
        tuple(rows),
    )


def _by_fold(folds: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("fold", "cases", "subjects", *(f"Dice {part}" for part in PARTS))
    rows = [
        (
            str(fold["fold"]),
            str(fold["cases"]),
            str(fold["subjects"]),
            *(f"{fold[part]['dice']['mean']:.3f}" for part in PARTS),
            f"{fold['whole']['hd95_mm']['mean']:.2f}",
            _number(100 * fold["whole"]["volume_bias"]["mean"], 1, signed=True),
        )
        for fold in folds
    ]
    return Table("By fold:", (*columns, "HD95", "bias %"), tuple(rows))


def _beside(content: Mapping[str, Any]) -> Table:
    ours, difference = content["shipped_recipe"], content["difference"]
    folds = ", ".join(str(fold) for fold in content["folds"])
    rows = [
        (
            f"{part} {FORMS[metric].title}",
            f"{_mean(ours[part][metric], metric)}",
            f"{_mean(content[part][metric], metric)}",
            figure(difference[part][metric], metric, difference=True),
        )
        for part in PARTS
        for metric in METRICS
    ]
    sentence = (
        f"Beside the baseline, {content['network']}, {content['epochs']} epochs "
        f"(fold {folds}, {_counts(content)}):"
    )
    return Table(sentence, ("", "ours", "baseline", "difference"), tuple(rows))


def _mean(value: Mapping[str, float], metric: str) -> str:
    form = FORMS[metric]
    return _number(value["mean"] * form.factor, form.decimals, signed=form.signed)


def _counts(content: Mapping[str, Any]) -> str:
    return f"{content['cases']} cases of {content['subjects']} subjects"

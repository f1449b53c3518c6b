"""What the report says, in words; HTML and Markdown only lay it out.

Every sentence with a number is made from the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from models.chest_ct.cases.found import FEWEST_SLICES, SPACING_MM
from models.chest_ct.eda import plots
from models.chest_ct.eda.analysis import Analysis
from models.chest_ct.eda.copies import ALIKE, ALIKE_BY_HEADER
from models.chest_ct.eda.gallery import Exhibit, gallery
from models.chest_ct.eda.kinds import KINDS, Remark
from models.chest_ct.eda.record import counts
from models.chest_ct.eda.telltales import (
    FEWEST,
    LEAST_AUC,
    LEAST_P,
    LUNG_DENSITY,
    PERMUTATIONS,
    p_words,
)


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of fault or finding, with all that has it."""

    title: str
    advice: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure with what it shows."""

    key: str
    title: str
    caption: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Story:
    """All that a report shows, in reading order."""

    headline: str
    lead: str
    warnings: tuple[str, ...]
    tiles: tuple[tuple[str, str], ...]
    left_out: tuple[Group, ...]
    groups: tuple[Group, ...]
    telltales: tuple[tuple[str, ...], ...]
    density: str
    plots: tuple[Plot, ...]
    gallery: tuple[Exhibit, ...]
    method: str
    digest: str


def tell(analysis: Analysis) -> Story:
    """Put an analysis into words and pictures."""
    number = counts(analysis)
    return Story(
        headline=headline(analysis),
        lead=lead(analysis),
        warnings=tuple(
            each.detail[:1].upper() + each.detail[1:]
            for kind in ("one_label", "few_patients", "label_leak")
            for each in analysis.of_kind(kind)
        ),
        tiles=(
            (str(number["passed"]), "studies pass"),
            (str(number["patients"]), "people"),
            (str(number["left_out"]), "lines left out"),
            (str(number["worth_a_look"]), "worth a look"),
        ),
        left_out=tuple(_groups(analysis, fault=True)),
        groups=tuple(_groups(analysis, fault=False)),
        telltales=tuple(_telltale_rows(analysis)),
        density=density(analysis),
        plots=tuple(_plots(analysis)) if analysis.passed else (),
        gallery=tuple(gallery(analysis)),
        method=method(),
        digest=analysis.digest,
    )


def headline(analysis: Analysis) -> str:
    """Say in one sentence what can be learned from."""
    number = counts(analysis)
    people = "1 person" if number["patients"] == 1 else f"{number['patients']} people"
    studies = "study" if number["labelled"] == 1 else "studies"
    return (
        f"{number['passed']} of {number['labelled']} labelled {studies} can be used "
        f"({number['with_pathology']} with pathology, {number['without']} without), "
        f"of {people}."
    )


def lead(analysis: Analysis) -> str:
    """Say what is left out and what to look at."""
    faults, findings = analysis.faults, analysis.findings
    words = [
        f"Left out: {_kinds(faults)}." if faults else "Nothing is left out.",
        f"Worth a look, kept: {_kinds(findings)}."
        if findings
        else "Nothing else is out of the ordinary.",
    ]
    return " ".join(words)


def _kinds(remarks: Sequence[Remark]) -> str:
    """Return the kinds among the remarks, with how many there are of each."""
    found = dict.fromkeys(KINDS, 0)
    for remark in remarks:
        found[remark.kind] += 1
    return ", ".join(f"{KINDS[name].title} ({n})" for name, n in found.items() if n)


def density(analysis: Analysis) -> str:
    """Say what the density of the lungs tells alone: what a network must beat."""
    for each in analysis.telltales:
        if each.name == LUNG_DENSITY:
            return (
                f"The mean lung density alone tells the label with AUC {each.auc:.2f} "
                f"({p_words(each.p)}, {each.studies} studies): a network must beat it."
            )
    return f"Fewer than {FEWEST} studies of a label: nothing is said of what tells it."


def method() -> str:
    """Say how it was judged."""
    low, high = SPACING_MM
    return (
        f"A series is learned from with {FEWEST_SLICES} slices or more, {low:g} to "
        f"{high:g} mm apart, of a chest by its pixels. Two lines show one scan where "
        "small pictures of the lungs, brought to a common sharpness, correlate with "
        f"{ALIKE:.2f} or more, or with {ALIKE_BY_HEADER:.2f} where the headers name "
        "one acquisition. A property gives the label away from an AUC of "
        f"{LEAST_AUC:.2f} that at most {LEAST_P:.1%} of {PERMUTATIONS} tables with "
        "labels dealt out anew reach; studies of one person are dealt out singly."
    )


def _groups(analysis: Analysis, *, fault: bool) -> Iterator[Group]:
    for name, kind in KINDS.items():
        remarks = analysis.of_kind(name)
        if remarks and kind.is_fault is fault:
            rows = tuple((each.where, each.detail) for each in remarks)
            yield Group(kind.title, kind.advice, rows)


def _telltale_rows(analysis: Analysis) -> Iterator[tuple[str, ...]]:
    """Yield a row for each property, the best first."""
    for each in analysis.telltales:
        v = "" if each.cramers_v is None else f"{each.cramers_v:.2f}"
        p = p_words(each.p).removeprefix("p ")
        areas = f"{each.auc:.2f}", f"{each.chance:.2f}"
        yield (each.name, *areas, p, v, str(each.studies), each.detail)


def _plots(analysis: Analysis) -> Iterator[Plot]:
    if analysis.telltales:
        yield Plot(
            "telltales",
            "What tells the label alone",
            f"{density(analysis)} Black mark: chance alone reaches this one time in "
            "twenty. Dotted: from here on a property may give the label away.",
            plots.telltales(analysis),
        )
    yield Plot(
        "people",
        "People",
        _count_said(analysis),
        plots.people(analysis),
    )
    yield Plot(
        "geometry",
        "Acquisition",
        "Both labels should lie in the same places.",
        plots.geometry(analysis),
    )
    yield Plot(
        "kernels",
        "Kernels and manufacturers",
        "Each bar should hold both colours in about the same shares.",
        plots.kernels(analysis),
    )
    yield Plot(
        "patients",
        "Studies of a person",
        "A split is by person: all studies of one are in one part.",
        plots.patients(analysis),
    )


def _count_said(analysis: Analysis) -> str:
    """Say of how many studies age and sex are known."""
    ages = sum(case.entry.age is not None for case in analysis.passed)
    sexes = sum(bool(case.entry.sex) for case in analysis.passed)
    total = len(analysis.passed)
    return f"The age is known of {ages} of {total} studies, the sex of {sexes}."

"""What the report says, in words; HTML and Markdown only lay it out.

Every sentence with a number is made from the numbers, so that it is also true of
other data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure

from models.hippocampus.eda import plots, statistics
from models.hippocampus.eda.analysis import Analysis
from models.hippocampus.eda.cohort import LIMIT
from models.hippocampus.eda.gallery import Exhibit, gallery
from models.hippocampus.eda.kinds import KINDS
from models.hippocampus.eda.plots import short
from models.hippocampus.eda.record import counts

LICENCE = (
    "Data: Task04_Hippocampus of the Medical Segmentation Decathlon "
    "(Antonelli et al., Nature Communications 13, 4128, 2022, "
    "doi 10.1038/s41467-022-30695-9), from Vanderbilt University Medical Center "
    "(Simpson et al., arXiv 1902.09063); licence CC BY-SA 4.0. "
    "This report and its pictures, made from them, are under the same licence."
)
"""Task04 is the set that this model is trained on."""

LEAST_STRANGER = 0.3
"""Correlation of volumes between subjects above which numbering is doubted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One broken case: why it is left out, and what to do."""

    case: str
    reasons: tuple[str, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of finding, with the cases that have it."""

    title: str
    advice: str
    cases: tuple[tuple[str, str], ...]


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
    tiles: tuple[tuple[str, str], ...]
    broken: tuple[Row, ...]
    groups: tuple[Group, ...]
    volumes: tuple[tuple[str, ...], ...]
    plots: tuple[Plot, ...]
    gallery: tuple[Exhibit, ...]
    method: str
    digest: str
    licence: str = LICENCE


def tell(analysis: Analysis) -> Story:
    """Put an analysis into words and pictures."""
    number = counts(analysis)
    return Story(
        headline=headline(analysis),
        lead=lead(analysis),
        tiles=(
            (str(number["passed"]), "pairs pass"),
            (str(number["subjects"]), "subjects"),
            (str(number["broken"]), "left out"),
            (str(number["worth_a_look"]), "worth a look"),
        ),
        broken=tuple(_rows(analysis)),
        groups=tuple(_groups(analysis)),
        volumes=tuple(_volume_rows(analysis)),
        plots=tuple(_plots(analysis)) if analysis.passed else (),
        gallery=tuple(gallery(analysis)),
        method=method(),
        digest=analysis.digest,
    )


def headline(analysis: Analysis) -> str:
    """Say in one sentence what can be trained on."""
    number = counts(analysis)
    people = _count(number["subjects"], "subject")
    return f"{number['passed']} of {number['names']} cases can be used, of {people}."


def lead(analysis: Analysis) -> str:
    """Say what is broken and what to look at."""
    number = counts(analysis)
    broken = (
        f"{_count(number['broken'], 'case')} broken and left out: "
        f"{', '.join(short(name) for name in analysis.broken)}."
        if analysis.broken
        else "Nothing is broken."
    )
    look = (
        f"{_count(number['worth_a_look'], 'more')} worth a look; they are kept."
        if analysis.findings
        else "Nothing else is out of the ordinary."
    )
    return f"{broken} {look}"


def method() -> str:
    """Say how it was judged."""
    return (
        "Each file is read once and measured; a case with a fault is left out, and "
        "outliers are sought among the rest. An outlier lies more than "
        f"{LIMIT} robust standard deviations (1.4826 times the median absolute "
        "deviation) from the median; volumes are judged on their logarithms. "
        "Separate pieces are those that share no face with the largest. "
        "Files 2k - 1 and 2k are one subject. Which of them is left is not known."
    )


def _rows(analysis: Analysis) -> Iterator[Row]:
    for name, faults in analysis.broken.items():
        advice = dict.fromkeys(KINDS[fault.kind].advice for fault in faults)
        yield Row(name, tuple(fault.detail for fault in faults), tuple(advice))


def _groups(analysis: Analysis) -> Iterator[Group]:
    for name, kind in KINDS.items():
        remarks = analysis.of_kind(name)
        if remarks and not kind.is_fault:
            cases = tuple((short(each.case), each.detail) for each in remarks)
            yield Group(kind.title, kind.advice, cases)


def _volume_rows(analysis: Analysis) -> Iterator[tuple[str, ...]]:
    """Yield a head and a row for each number."""
    found = statistics.volumes(analysis.passed)
    yield ("mm³", *found)
    yield ("mean", *(f"{each.mean:.0f}" for each in found.values()))
    yield ("SD", *(f"{each.sd:.0f}" for each in found.values()))
    yield ("least", *(f"{each.minimum:.0f}" for each in found.values()))
    for place, percent in enumerate(statistics.PERCENTILES):
        below = (f"{each.percentiles[place]:.0f}" for each in found.values())
        yield (f"{percent} %", *below)
    yield ("most", *(f"{each.maximum:.0f}" for each in found.values()))


def _plots(analysis: Analysis) -> Iterator[Plot]:
    yield Plot(
        "volumes",
        "Distribution of volumes",
        volumes_caption(analysis),
        plots.volumes(analysis),
    )
    yield Plot(
        "anterior_against_posterior",
        "Anterior against posterior",
        parts_caption(analysis),
        plots.anterior_against_posterior(analysis),
    )
    if plots.has_pairs(analysis.passed):
        figure = plots.two_sides(analysis)
        yield Plot("two_sides", "Two sides", sides_caption(analysis), figure)
    yield Plot("shapes", "Sizes", shapes_caption(analysis), plots.shapes(analysis))
    figure = plots.intensities(analysis)
    yield Plot("intensities", "Intensities", intensities_caption(analysis), figure)


def volumes_caption(analysis: Analysis) -> str:
    """Say what the whole volume is like."""
    whole = statistics.volumes(analysis.passed)["whole"]
    low, middle, high = (whole.percentiles[index] for index in (0, 3, 6))
    return (
        f"Half of the hippocampi have less than {middle:.0f} mm³; 98 of 100 lie "
        f"between {low:.0f} and {high:.0f} mm³. Line: median; dots: 5 and 95 %."
    )


def parts_caption(analysis: Analysis) -> str:
    """Say how the volume is divided."""
    share = statistics.anterior_share(analysis.passed)
    return (
        f"The anterior part has {share.mean:.0f} % of the volume "
        f"(SD {share.sd:.0f} points). Grey lines: equal volumes of the whole, mm³."
    )


def sides_caption(analysis: Analysis) -> str:
    """Say how alike a subject's files are, and how alike strangers are."""
    sides = statistics.two_sides(analysis.passed)
    if sides is None:
        return "Too few subjects have two files to say how alike they are."
    words = (
        f"The two files of {sides.n} subjects differ by "
        f"{sides.difference_percent:.1f} % on average (r = {sides.correlation:.2f}); "
        f"the second is the larger in {sides.second_larger}. "
    )
    strangers = statistics.neighbours(analysis.passed)
    if strangers is None:
        return words + "There are no neighbours of other subjects to compare with."
    words += (
        "Neighbours of different subjects differ by "
        f"{strangers.difference_percent:.1f} % "
        f"(r = {strangers.correlation:.2f}, n = {strangers.n}): "
    )
    if strangers.correlation > LEAST_STRANGER:
        return words + "is the numbering right? Strangers should not be alike."
    return words + "files of one subject must stay in one fold."


def intensities_caption(analysis: Analysis) -> str:
    """Say how far apart the scales of the images are."""
    greatest = [
        case.intensities.percentiles[-1] for case in analysis.passed if case.intensities
    ]
    return (
        f"The greatest value of an image lies between {min(greatest):,.0f} and "
        f"{max(greatest):,.0f}: the scales mean nothing, each image is brought to "
        "mean 0 and standard deviation 1. Below: how the hippocampus stands out "
        "from its own image; ringed cases are outliers."
    )


def shapes_caption(analysis: Analysis) -> str:
    """Say between which sizes the crops lie."""
    shapes = [case.image_grid.shape for case in analysis.passed if case.image_grid]
    ranges = [f"{min(axis)} to {max(axis)}" for axis in zip(*shapes, strict=True)]
    return (
        f"Crops have {ranges[0]} voxels to the right, {ranges[1]} to the front and "
        f"{ranges[2]} upwards."
    )


def _count(number: int, word: str) -> str:
    if word == "subject":
        return f"{number} subject{'' if number == 1 else 's'}"
    verb = "is" if number == 1 else "are"
    plural = "s" if word == "case" and number != 1 else ""
    return f"{number} {word}{plural} {verb}"

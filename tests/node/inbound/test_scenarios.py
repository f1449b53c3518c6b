"""How studies arrive, and when the node calls them complete: one table, played.

``python -m tests.node.inbound.test_scenarios`` prints it as it was played.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.scenario import (
    Decision,
    Played,
    Scenario,
    aborts,
    archive_counts,
    archive_fails,
    comes,
    node_is_killed,
    play,
    releases,
)
from tests.node.inbound.story import CONFIRMED, UNCONFIRMED, Story

OTHER_STUDY, OTHER_SERIES = "1.3", "1.3.1"
UNREAD_SERIES = "1.2.2"

COUNTED = "the archive counts the same images in 1 series"
COUNTED_TWO = "the archive counts the same images in 2 series"
UNKNOWN = "the archive does not know the study"
SILENT = "the archive does not answer"
ABORTED = "; the last association was aborted"

# Quiet time 60 s, longest wait 3600 s (tests.node.inbound.story).
SCENARIOS = (
    Scenario(
        "one association, the archive counts the same",
        ((0, archive_counts(24)), (0, comes(1, 24)), (4, releases())),
        (Decision(4, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "two studies interleaved in one association",
        (
            (0, archive_counts(24)),
            (0, archive_counts(10, study=OTHER_STUDY, series=OTHER_SERIES)),
            (0, comes(1, 12)),
            (1, comes(1, 5, study=OTHER_STUDY, series=OTHER_SERIES)),
            (2, comes(13, 24)),
            (3, comes(6, 10, study=OTHER_STUDY, series=OTHER_SERIES)),
            (4, releases()),
        ),
        (
            Decision(4, CONFIRMED, COUNTED),
            Decision(4, CONFIRMED, COUNTED, OTHER_STUDY),
        ),
    ),
    Scenario(
        "two associations at once, each with half a series",
        (
            (0, archive_counts(24)),
            (0, comes(1, 12, by=1)),
            (0, comes(13, 24, by=2)),
            (3, releases(1)),
            (9, releases(2)),
        ),
        (Decision(9, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "half a contiguous series, the rest 30 s later; the archive has all",
        (
            (0, archive_counts(24)),
            (0, comes(1, 12, by=1)),
            (1, releases(1)),
            (31, comes(13, 24, by=2)),
            (32, releases(2)),
        ),
        (Decision(32, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "half a contiguous series, the rest 30 s later; no archive knows the study",
        (
            (0, comes(1, 12, by=1)),
            (1, releases(1)),
            (31, comes(13, 24, by=2)),
            (32, releases(2)),
        ),
        (Decision(92, UNCONFIRMED, UNKNOWN),),
    ),
    Scenario(
        "half a series, the rest after 90 s; no archive knows the study",
        (
            (0, comes(1, 12, by=1)),
            (1, releases(1)),
            (91, comes(13, 24, by=2)),
            (92, releases(2)),
        ),
        (Decision(61, UNCONFIRMED, UNKNOWN), Decision(152, UNCONFIRMED, UNKNOWN)),
        versions=2,
    ),
    Scenario(
        "a pause of 20 minutes inside an open association",
        (
            (0, archive_counts(24)),
            (0, comes(1, 12)),
            (1200, comes(13, 24)),
            (1204, releases()),
        ),
        (Decision(1204, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "a pause of 20 minutes between associations; the archive has all",
        (
            (0, archive_counts(24)),
            (0, comes(1, 12, by=1)),
            (1, releases(1)),
            (1200, comes(13, 24, by=2)),
            (1204, releases(2)),
        ),
        (Decision(1204, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "a pause of 20 minutes between associations; the archive had only half",
        (
            (0, archive_counts(12)),
            (0, comes(1, 12, by=1)),
            (1, releases(1)),
            (1200, archive_counts(24)),
            (1200, comes(13, 24, by=2)),
            (1204, releases(2)),
        ),
        (Decision(1, CONFIRMED, COUNTED), Decision(1204, CONFIRMED, COUNTED)),
        versions=2,
    ),
    Scenario(
        "an aborted association, everything sent again by the next",
        (
            (0, archive_counts(24)),
            (0, comes(1, 12, by=1)),
            (1, aborts(1)),
            (6, comes(1, 24, by=2)),
            (10, releases(2)),
        ),
        (Decision(10, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "an aborted association, nothing more comes, the archive has all",
        ((0, archive_counts(24)), (0, comes(1, 12)), (1, aborts())),
        (
            Decision(
                3601,
                UNCONFIRMED,
                f"12 images of the archive did not come in time{ABORTED}",
            ),
        ),
    ),
    Scenario(
        "an aborted association, nothing more comes, no archive knows the study",
        ((0, comes(1, 12)), (1, aborts())),
        (Decision(61, UNCONFIRMED, UNKNOWN + ABORTED),),
    ),
    Scenario(
        "everything sent twice",
        (
            (0, archive_counts(24)),
            (0, comes(1, 24, by=1)),
            (1, releases(1)),
            (30, comes(1, 24, by=2)),
            (31, releases(2)),
        ),
        (Decision(1, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "everything sent twice at once, over two associations",
        (
            (0, archive_counts(24)),
            (0, comes(1, 24, by=1)),
            (1, comes(1, 24, by=2)),
            (2, releases(1)),
            (5, releases(2)),
        ),
        (Decision(5, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "a slice that comes late",
        (
            (0, archive_counts(23)),
            (0, comes(1, 23, by=1)),
            (1, releases(1)),
            (300, archive_counts(24)),
            (300, comes(24, 24, by=2)),
            (301, releases(2)),
        ),
        (Decision(1, CONFIRMED, COUNTED), Decision(301, CONFIRMED, COUNTED)),
        versions=2,
    ),
    Scenario(
        "a late series that no model reads",
        (
            (0, archive_counts(24)),
            (0, comes(1, 24, by=1)),
            (1, releases(1)),
            (20, archive_counts(3, series=UNREAD_SERIES)),
            (20, comes(1, 3, by=2, series=UNREAD_SERIES)),
            (21, releases(2)),
        ),
        (Decision(1, CONFIRMED, COUNTED), Decision(21, CONFIRMED, COUNTED_TWO)),
    ),
    Scenario(
        "the same images with the patient's name corrected",
        (
            (0, archive_counts(4)),
            (0, comes(1, 4, by=1)),
            (1, releases(1)),
            (600, comes(1, 4, by=2, patient="Corrected^Patient")),
            (601, releases(2)),
        ),
        (Decision(1, CONFIRMED, COUNTED), Decision(601, CONFIRMED, COUNTED)),
        versions=2,
    ),
    Scenario(
        "the archive cannot be reached",
        ((0, archive_fails()), (0, comes(1, 24)), (1, releases())),
        (Decision(61, UNCONFIRMED, SILENT),),
    ),
    Scenario(
        "the archive cannot be reached for 20 s",
        (
            (0, archive_fails()),
            (0, archive_counts(24)),
            (0, comes(1, 24)),
            (1, releases()),
            (21, archive_fails("")),
        ),
        (Decision(32, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "the archive has two images more, and they never come",
        ((0, archive_counts(24)), (0, comes(1, 22)), (1, releases())),
        (Decision(3601, UNCONFIRMED, "2 images of the archive did not come in time"),),
    ),
    Scenario(
        "the association is never released",
        ((0, archive_counts(24)), (0, comes(1, 24))),
        (Decision(3600, UNCONFIRMED, "the association is open but silent"),),
    ),
    Scenario(
        "the node is killed in the middle, the sender begins again",
        (
            (0, archive_counts(24)),
            (0, comes(1, 12, by=1)),
            (2, node_is_killed()),
            (8, comes(1, 24, by=2)),
            (9, releases(2)),
        ),
        (Decision(9, CONFIRMED, COUNTED),),
    ),
    Scenario(
        "files laid into the drop folder, in two helpings",
        ((0, comes(1, 12, by=None)), (30, comes(13, 24, by=None))),
        (Decision(100, UNCONFIRMED, UNKNOWN),),
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.pattern)
def test_a_pattern_of_arrival_ends_in_its_decisions(
    scenario: Scenario, story: Story
) -> None:
    """When, how sure, why, and how many results: as the table says."""
    played = play(scenario, story)

    assert played.decisions == scenario.decisions
    studies = {decision.study for decision in scenario.decisions}
    assert played.versions == dict.fromkeys(studies, scenario.versions)


def rows(scenario: Scenario, played: Played) -> list[str]:
    """Return the lines of a Markdown table for a scenario as it was played."""
    return [
        f"| {scenario.pattern if first else ''} | {_clock(d.at_s)} "
        f"| {d.completeness} | {d.reason} | {played.versions[d.study]} |"
        for first, d in zip([True] + [False] * 9, played.decisions, strict=False)
    ]


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def print_table() -> None:
    """Play every scenario and print when, how sure, why, and how many versions."""
    lines = [
        "| arrival | decided | state | reason | versions |",
        "|---|--:|---|---|--:|",
    ]
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            story = Story(Path(folder), StoryArchive())
            lines += rows(scenario, play(scenario, story))
            story.ledger.close()
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    print_table()

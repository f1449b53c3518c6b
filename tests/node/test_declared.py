"""What a site declares: read anew for each job, part of a result's identity."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.config_reading import HippocampusSettings, ModelSettings
from node.declared import Declared


def test_nothing_is_declared_by_default() -> None:
    """Then a result is the one that it always was."""
    assert Declared.by(HippocampusSettings()) == Declared("", None)
    assert Declared.by(ModelSettings()) == Declared()
    assert Declared().calibration_digest == ""


def test_the_digest_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    """A file that is moved makes no new result; one that changes does."""
    content = {"made": "2026-01-02", "entries": []}
    for name, indent in (("a", 2), ("b", None)):
        (tmp_path / name).write_text(json.dumps(content, indent=indent))
    (tmp_path / "c").write_text(json.dumps(content | {"made": "2026-01-03"}))

    a, b, c = (
        Declared.by(HippocampusSettings(calibration=tmp_path / n)) for n in "abc"
    )

    assert a.calibration_digest == b.calibration_digest != c.calibration_digest


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file or directory"), ("{", "not JSON"), ("[]", "not an object")],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so(
    tmp_path: Path, content: str | None, why: str
) -> None:
    """The volumes are right all the same: the job does not fail for it."""
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content)

    declared = Declared.by(HippocampusSettings(calibration=path, laterality="left"))

    assert declared == Declared("left", {"unreadable": why})

"""Who types what a document shows is not told that there is no such option."""

from __future__ import annotations

from pathlib import Path

import pytest

import models
from tests.house.command_lines import CommandLine, command_lines, fault

ROOT = Path(__file__).parents[2]

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "models").rglob("README.md")),
]

LINES = [
    pytest.param(line, id=f"{path.relative_to(ROOT)}: {line}")
    for path in DOCUMENTS
    for line in dict.fromkeys(command_lines(path.read_text(encoding="utf-8")))
]


@pytest.fixture(autouse=True)
def _every_model_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page be written before its model is in the list."""
    monkeypatch.setitem(models.MODELS, "chest_ct", "models.chest_ct.model:build")


@pytest.mark.parametrize("line", LINES)
def test_a_line_to_type_is_taken_by_its_program(line: CommandLine) -> None:
    """Commands and options are known, and arguments as many as there should be."""
    assert fault(line) == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("pacs-node batch studies --quick", "No such option"),
        ("./run-batch.sh in out --workers 2 --quick", "No such option"),
        ("pacs-model guess hippocampus", "No such command"),
        ("pacs-model train hippocampus --output out", "Missing option"),
        ("pacs-node infer one two", "unexpected extra argument"),
    ],
)
def test_a_line_that_its_program_would_refuse_is_found(words: str, says: str) -> None:
    """The test above can fail: behind run-batch.sh, too."""
    assert says in fault(CommandLine(tuple(words.split()), whole=True))


def test_prose_may_name_a_part_of_a_line() -> None:
    """An option may not be an invented one there either."""
    assert fault(CommandLine(("pacs-node", "retract", "--delete"), whole=False)) == ""
    assert fault(CommandLine(("pacs-node", "retract", "--undo"), whole=False)) != ""


def test_lines_are_found_in_blocks_and_in_spans() -> None:
    """Continued, commented, behind a variable; not where they are shortened."""
    text = (
        "Type `pacs-node check`, not `pacs-node infer …`, nor `pacs-node`.\n"
        "```sh\nPACS_NODE_X=1 pacs-node batch a \\\n  --fast  # quick\ncat x\n```\n"
        "```python\nx = 'pacs-node nothing'\n```\n"
    )

    assert [(str(line), line.whole) for line in command_lines(text)] == [
        ("pacs-node batch a --fast", True),
        ("pacs-node check", False),
    ]

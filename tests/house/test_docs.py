"""What the documents say is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

import models
from node.config import Settings
from tests.node.batch.test_summary import ENTRY_KEYS, KEYS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        candidates = [inner, *get_args(inner)]
        section = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)),
            None,
        )
        if section is not None:
            yield from keys(section, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("key", list(keys(Settings)))
def test_every_setting_is_documented(key: str) -> None:
    """docs/configuration.md has a row for each key; one for all models does."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    of_any = re.sub(rf"^models\.({'|'.join(models.MODELS)})\.", "models.MODEL.", key)

    assert f"`{key}`" in text or f"`{of_any}`" in text


@pytest.mark.parametrize(
    "document",
    ["README.md", "ARCHITECTURE.md", *(f"docs/{path.name}" for path in DOCUMENTS)],
)
def test_every_relative_link_leads_somewhere(document: str) -> None:
    """A link to a file that is not there fails."""
    path = ROOT / document
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []


def promised_tests() -> list[str]:
    """Return the tests that docs/promises.md names."""
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"`(tests/[^`]+)`", text)))


@pytest.mark.parametrize("name", promised_tests())
def test_every_promised_test_exists(name: str) -> None:
    """A promise does not rest on a test that was renamed or removed."""
    path, _, function = name.partition("::")

    assert f"def {function}" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(KEYS | ENTRY_KEYS))
def test_every_key_of_the_json_is_documented(key: str) -> None:
    """docs/output.md is for those who call the commands from programs."""
    text = (ROOT / "docs" / "output.md").read_text(encoding="utf-8")

    assert f"`{key}`" in text

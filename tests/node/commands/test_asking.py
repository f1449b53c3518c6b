"""Whom ``--study`` means."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from node.commands.asking import studies_meant
from node.errors import ConfigError, NodeError
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import queue


def test_a_study_is_meant_by_its_name_and_all_are_without_one(tmp_path: Path) -> None:
    """Spaces that a person copied along do no harm."""
    with closing(Ledger(tmp_path)) as ledger:
        queue(ledger, "1.1")

        assert studies_meant(ledger, " 1.1 ") == frozenset({"1.1"})
        assert studies_meant(ledger, None) is None


def test_a_study_that_is_not_known_is_no_wrong_use(tmp_path: Path) -> None:
    """Exit status 1, as of ``jobs`` and ``explain``; what was typed may be a name."""
    with (
        closing(Ledger(tmp_path)) as ledger,
        pytest.raises(NodeError, match="no study is known by that") as told,
    ):
        studies_meant(ledger, "Ivanov")

    assert not isinstance(told.value, ConfigError)
    assert "Ivanov" not in str(told.value)

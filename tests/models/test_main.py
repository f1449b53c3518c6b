"""``pacs-model`` as a process ends: one line for what is expected to go wrong."""

from __future__ import annotations

import pytest

from models import __main__ as program
from models.volume.bundle import BundleError


@pytest.mark.parametrize(
    "error",
    [
        BundleError("no readable bundle.json in folder"),
        ChildProcessError("a process was killed"),
        PermissionError(13, "Permission denied", "folds"),
        ValueError("fold is 0 to 4, not 7"),
    ],
)
def test_an_expected_error_is_one_line_and_status_one(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A place that cannot be written, or a killed process, is no defect of ours."""

    def fails() -> None:
        raise error

    monkeypatch.setattr(program, "app", fails)

    with pytest.raises(SystemExit) as ended:
        program.main()

    assert ended.value.code == 1
    assert capsys.readouterr().err == f"pacs-model: {error}\n"

"""A bundle of tiny networks that have learned nothing, made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.models.chest_ct.learning.assembly.made import Assembled


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Assembled:
    """Return a bundle with what it is made of; nobody writes there."""
    from models.chest_ct.learning.assembly import run  # torch: only where it is used
    from tests.models.chest_ct.learning.assembly import made

    root = tmp_path_factory.mktemp("assembled")
    there = made.gathered(root / "cases")
    folds = made.write_folds(there, root / "folds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "gather", lambda *_: there)
        bundle = run.assemble(Path("made"), folds, root / "bundle")
    return made.Assembled(there, folds, bundle)

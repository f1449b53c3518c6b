"""Rules of the house as tests: every module has its layer, files stay small."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def modules(package: str) -> list[str]:
    """Return the dotted names of a package's modules, without ``__init__``."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    )


def layers() -> list[str]:
    """Return the modules and packages that the layers contracts name."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = content["tool"]["importlinter"]["contracts"]
    rows = [row for c in contracts if c["type"] == "layers" for row in c["layers"]]
    return [name.strip() for row in rows for name in row.split("|")]


@pytest.mark.parametrize("module", modules("node") + modules("models/hippocampus"))
def test_every_module_of_node_and_model_is_in_a_layer(module: str) -> None:
    """A new module must be given its place before it can be imported anywhere."""
    assert any(module == name or module.startswith(f"{name}.") for name in layers())


@pytest.mark.parametrize("name", layers())
def test_every_layer_names_something_that_exists(name: str) -> None:
    """A layer that was renamed away would silently check nothing."""
    path = ROOT / name.replace(".", "/")

    assert path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("package", ["node", "models", "tests"])
def test_no_file_is_above_four_hundred_lines(package: str) -> None:
    """One idea per file."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / package).rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }

    assert long == {}

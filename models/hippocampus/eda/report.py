"""The report as a file: one HTML page with its pictures inside, or Markdown."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from models.hippocampus.eda.plots import STYLE
from models.hippocampus.eda.story import Story

Format = Literal["html", "md"]

PICTURES = "pictures"
"""Folder beside a Markdown report."""

DOTS_PER_INCH = 170
"""Of the gallery: a crop has few voxels, and is shown at twice its size at most."""

Picture = Callable[..., str]
"""Takes a figure and its name, and returns where the report finds it."""


def write_report(story: Story, folder: Path, form: Format = "html") -> Path:
    """Write ``report.html`` or ``report.md`` with ``pictures/``; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    if form == "html":
        text = _render("report.html.jinja", story, _embedded_svg, _embedded_png)
    else:
        text = _render(
            "report.md.jinja",
            story,
            lambda figure, name: _saved(folder, f"{name}.svg", svg(figure)),
            lambda figure, name: _saved(folder, f"{name}.png", png(figure)),
        )
    path = folder / f"report.{form}"
    _replace(path, text.encode())
    return path


def svg(figure: Figure) -> bytes:
    """Return a plot as SVG, the same bytes each time."""
    stream = io.BytesIO()
    with mpl.rc_context(STYLE):  # its salt makes the names inside the same each time
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def png(figure: Figure) -> bytes:
    """Return a picture of voxels as PNG."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH)
    return stream.getvalue()


def _render(name: str, story: Story, picture: Picture, photograph: Picture) -> str:
    environment = Environment(
        autoescape=name.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return environment.from_string(template).render(
        story=story, picture=picture, photograph=photograph
    )


def _embedded_svg(figure: Figure) -> str:
    return _embedded("svg+xml", svg(figure))


def _embedded_png(figure: Figure) -> str:
    return _embedded("png", png(figure))


def _embedded(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _saved(folder: Path, name: str, content: bytes) -> str:
    (folder / PICTURES).mkdir(exist_ok=True)
    _replace(folder / PICTURES / name, content)
    return f"{PICTURES}/{name}"


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)

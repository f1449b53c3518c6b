"""The report as a file: one HTML page with its pictures inside, or Markdown."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from matplotlib.figure import Figure

from models.eda.style import STYLE

Format = Literal["html", "md"]

PICTURES = "pictures"
"""Folder beside a Markdown report."""

DOTS_PER_INCH = 170
"""Of the gallery: a crop has few voxels, and is shown at twice its size at most."""


def write_page(
    story: object, templates: Path, folder: Path, form: Format = "html"
) -> Path:
    """Write ``report.html`` or ``report.md`` with ``pictures/``; return its path.

    Parameters
    ----------
    story
        What the templates call ``story``: all that the report says, in reading order.
    templates
        Folder of ``report.html.jinja``, which extends ``base.html.jinja`` beside this
        file, and of ``report.md.jinja``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = _environment(templates).get_template(f"report.{form}.jinja")
    if form == "html":
        text = template.render(
            story=story, picture=_embedded_svg, photograph=_embedded_png
        )
    else:
        text = template.render(
            story=story,
            picture=lambda figure, name: _saved(folder, f"{name}.svg", svg(figure)),
            photograph=lambda figure, name: _saved(folder, f"{name}.png", png(figure)),
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


def _environment(templates: Path) -> Environment:
    return Environment(
        autoescape=select_autoescape(["html.jinja"]),
        loader=FileSystemLoader([templates, Path(__file__).parent]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
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

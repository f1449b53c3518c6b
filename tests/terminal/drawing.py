"""A terminal's screen, drawn by Chromium."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby
from pathlib import Path
from unicodedata import bidirectional

from PIL import Image
from playwright.sync_api import Browser
from pyte.screens import Char
from wcwidth import wcwidth

FONTS = Path(__file__).parents[2] / "node" / "report" / "fonts"
COLOURS = {
    "black": "#1b1f24",
    "red": "#ff7b72",
    "green": "#56d364",
    "brown": "#e3b341",
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#56d4dd",
    "white": "#d0d7de",
    "brightblack": "#8b949e",
    "brightred": "#ffa198",
    "brightgreen": "#7ee787",
    "brightbrown": "#f2cc60",
    "brightblue": "#a5d6ff",
    "brightmagenta": "#e2c5ff",
    "brightcyan": "#b3f0ff",
    "brightwhite": "#ffffff",
}
PAPER, INK = "#0d1117", "#e6edf3"
SCALE = 1.5
SHADES = 256

LINE = 16
"""Height of a line, pixels: that of the font's box drawing, whose signs then join."""

PAGE = """<!doctype html><meta charset="utf-8"><style>
@font-face {{ font-family: cjk; src: url({fonts}/DroidSansFallbackFull.ttf); }}
@font-face {{ font-family: hangul; src: url({fonts}/DroidSansFallbackHangul.ttf); }}
body {{ margin: 0; background: {paper}; }}
#screen {{ display: inline-block; padding: 14px 18px; color: {ink};
  background: {paper};
  font: 14px/{line}px "DejaVu Sans Mono", cjk, hangul, monospace; }}
#screen div {{ white-space: pre; height: {line}px; }}
.wide {{ display: inline-block; width: 2ch; text-align: center; }}
</style><div id="screen">{lines}</div>"""


def page(lines: Iterable[list[Char]]) -> str:
    """Return the HTML of a screen's lines."""
    drawn = "".join(f"<div>{_line(line)}</div>" for line in lines)
    return PAGE.format(
        fonts=FONTS.as_uri(), paper=PAPER, ink=INK, line=LINE, lines=drawn
    )


def _line(signs: list[Char]) -> str:
    """Return a line's HTML: a span for each run of signs that look alike.

    What runs from right to left does so in its own cells: a terminal is a grid.
    """
    runs = groupby(signs, key=lambda s: (s._replace(data=""), _runs_leftwards(s)))
    return "".join(
        f'<span style="{_style(look)}{";unicode-bidi:isolate" * leftwards}">'
        f"{''.join(map(_sign, run))}</span>"
        for (look, leftwards), run in runs
    )


def _runs_leftwards(sign: Char) -> bool:
    return bool(sign.data) and bidirectional(sign.data[0]) in {"R", "AL"}


def _sign(sign: Char) -> str:
    """Return a sign's HTML; a wide one fills two cells, whatever its font says."""
    if sign.data and wcwidth(sign.data[0]) == 2:
        return f'<b class="wide" style="font-weight:inherit">{escape(sign.data)}</b>'
    return escape(sign.data)


def _style(look: Char) -> str:
    """Return the CSS of a run."""
    ink, paper = _colour(look.fg, INK), _colour(look.bg, PAPER)
    if look.reverse:
        ink, paper = paper, ink
    rules = {
        f"color:{ink}": ink != INK,
        f"background:{paper}": paper != PAPER,
        "font-weight:bold": look.bold,
        "font-style:italic": look.italics,
        "text-decoration:underline": look.underscore,
        "opacity:.6": look.blink,  # faint: see FaintScreen
    }
    return ";".join(rule for rule, holds in rules.items() if holds)


def _colour(name: str, default: str) -> str:
    """Return the CSS colour of pyte's name or of its six hexadecimal digits."""
    return default if name == "default" else COLOURS.get(name, f"#{name}")


def draw(lines: Iterable[list[Char]], browser: Browser, scratch: Path) -> Image.Image:
    """Return the picture of a screen's lines.

    Parameters
    ----------
    scratch
        Folder for the page: only a page from a file may load fonts from files.
    """
    html, shot = scratch / "screen.html", scratch / "screen.png"
    html.write_text(page(lines), encoding="utf-8")
    context = browser.new_context(device_scale_factor=SCALE)
    try:
        tab = context.new_page()
        tab.goto(html.as_uri())
        tab.evaluate("document.fonts.ready")
        tab.locator("#screen").screenshot(path=shot)
    finally:
        context.close()
    with Image.open(shot) as image:
        return image.convert("RGB").quantize(SHADES)

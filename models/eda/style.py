"""The looks of every plot of a report: dark on white, narrow for a small screen."""

from __future__ import annotations

from typing import Any

INK, FAINT, RULE, ACCENT = "#1d2733", "#64748b", "#d5dce4", "#c2410c"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "legend.frameon": False,
    "svg.hashsalt": "eda",
}

WIDTH = 5.2
"""Inches."""

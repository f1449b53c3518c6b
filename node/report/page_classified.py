"""The drawn page of a result whose first answer is a decision."""

from __future__ import annotations

from node.report.canvas import Canvas
from node.report.page import compose_page
from node.report.sop import Report


def compose_classified(report: Report) -> Canvas:
    """Draw the page and keep what was written on it."""
    return compose_page(report)

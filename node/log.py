"""One event per line, without a patient in it.

An event is a short name in snake_case with key-value pairs. Identifiers of patients
and UIDs never enter: a UID is logged as ``uid=hashed(...)``, the first twelve
hexadecimal digits of a SHA-256 salted with the site's secret (DESIGN.md §2.9).
"""

from __future__ import annotations

import hashlib
import logging
import sys
from typing import Any, cast

import structlog

_salt = b""


def configure(level: str = "INFO", *, json: bool = False, salt: str = "") -> None:
    """Set up logging to standard error for this process.

    Parameters
    ----------
    level
        Name of the lowest level that is written.
    json
        One JSON object per line instead of ``key=value`` text.
    salt
        Site salt for ``hashed``; without it hashes differ from the node's.
    """
    global _salt  # noqa: PLW0603 - a process has one log and one salt
    _salt = salt.encode()
    for library in ("pydicom", "pynetdicom"):  # they quote values of the data set
        logging.getLogger(library).setLevel(logging.CRITICAL)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def get(stage: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a stage, such as ``"inbound"``."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(stage=stage))


def hashed(identifier: str) -> str:
    """Return twelve hexadecimal digits that stand for an identifier in the log."""
    return hashlib.sha256(_salt + identifier.encode()).hexdigest()[:12]

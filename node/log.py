"""One event per line, without a patient in it.

An event is a short name in snake_case with key-value pairs. Identifiers of patients
and UIDs never enter: a UID is logged as ``uid=hashed(...)``, the first twelve
hexadecimal digits of a SHA-256 salted with the site's secret (docs/promises.md 9).
Of an error that is logged with ``exc_info``, types and places in the code are written:
its text and the variables around it may hold a patient.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import traceback
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

PLACES = 12
"""So many places of an error are written, the innermost first."""

_salt = b""


def configure(
    level: str = "INFO",
    *,
    json: bool = False,
    salt: str = "",
    stream: TextIO | None = None,
) -> None:
    """Set up logging for this process.

    Parameters
    ----------
    level
        Name of the lowest level that is written.
    json
        One JSON object per line instead of ``key=value`` text.
    salt
        Site salt for ``hashed``; without it hashes differ from the node's.
    stream
        Where the lines go; standard error when it is not given.
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
            _name_places,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def get(stage: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a stage, such as ``"inbound"``."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(stage=stage))


def hashed(identifier: str) -> str:
    """Return twelve hexadecimal digits that stand for an identifier in the log."""
    return salted(_salt.decode(), identifier)


def salted(salt: str, identifier: str) -> str:
    """Return what ``hashed`` returns in a process that was configured with ``salt``."""
    return hashlib.sha256(f"{salt}{identifier}".encode()).hexdigest()[:12]


def _name_places(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace ``exc_info`` by one line of types and places (structlog processor)."""
    asked = event.pop("exc_info", None)
    if not asked:
        return event
    error = asked if isinstance(asked, BaseException) else sys.exc_info()[1]
    if error is not None:
        event["traceback"] = places(error)
    return event


def places(error: BaseException) -> str:
    """Return types and places in the code of an error and its causes, on one line."""
    return "; from ".join(islice(_causes(error), PLACES))


def _causes(error: BaseException) -> Iterator[str]:
    """Yield an error and what it came from, each as type and places."""
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)[: -PLACES - 1 : -1]
        places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
        yield f"{type(cause).__name__} at {', '.join(places)}"
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)

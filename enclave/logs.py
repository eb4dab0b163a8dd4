"""Structured logs: one JSON object a line on standard error, with ts, level, part and event.

An exception is told without its local variables: they may hold what was sealed.
"""

from __future__ import annotations

import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_TRACEBACKS = ExceptionDictTransformer(show_locals=False)


def configure(part: str) -> None:
    """Send this process's logs, marked with its part, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.ExceptionRenderer(_TRACEBACKS),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(part=part)

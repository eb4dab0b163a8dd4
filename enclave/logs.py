"""Structured logs: one JSON object a line on standard error, with ts, level, part and event."""

from __future__ import annotations

import sys

import structlog


def configure(part: str) -> None:
    """Send this process's logs, marked with its part, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(part=part)

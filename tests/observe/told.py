"""What the library told: the fields of its records."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = {
    "operation",
    "step",
    "event",
    "outcome",
    "order_digest",
    "charge_id",
    "event_id",
    "request_id",
    "replayed",
    "attempts",
    "http_status",
    "ms",
}


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def kept(*loggers: logging.Logger, level: int = logging.DEBUG) -> Iterator[list[logging.LogRecord]]:
    """Keep what these loggers are told, from this level on."""
    handler = _Kept()
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(level)
    try:
        yield handler.records
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(was)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a record that says something, without their prefix."""
    own = {
        name.removeprefix("tokencharge_"): value
        for name, value in vars(record).items()
        if name[:12] == "tokencharge_"
    }
    return {name: value for name, value in own.items() if value is not None}


def steps(records: Iterable[logging.LogRecord]) -> list[dict[str, Any]]:
    """What was told of requests to Stripe."""
    return [told for record in records if "step" in (told := fields(record))]


def operations(records: Iterable[logging.LogRecord]) -> list[dict[str, Any]]:
    """What was told of operations."""
    return [told for record in records if "operation" in (told := fields(record))]

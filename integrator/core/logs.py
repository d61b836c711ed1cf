"""Logging: one chain for our records and the libraries', as lines of JSON or as text.

Secrets do not reach a log because nobody logs them; the redaction here is the second fence.
"""

from __future__ import annotations

import logging.config
import re
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"(^|[_\W])(pass(wd|word|phrase)?s?|confirm|auth(info|orization)?|keys?|tokens?|secrets?"
    r"|session(_?(id|key))?|cookies?)([_\W]|$)",
    re.IGNORECASE,
)
_SECRET_IN_TEXT = re.compile(
    r"(?P<before>\b(?:passwd|password|confirm|authinfo|auth|token|secret|key)=)[^\s&;,'\"]+"
    r"|(?<=://)(?P<user>[^\s:/@]*):[^\s/@]+(?=@)",
    re.IGNORECASE,
)
_MAX_DEPTH = 6  # a structure nested deeper than this is not something we log


def configure(config: Mapping[str, str]) -> None:
    """Set up logging; named by `LOGGING_CONFIG`, called by Django with `LOGGING`.

    `config` holds `level` (a level's name) and `format` (`json` or `console`).
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.StackInfoRenderer(),
            redact,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    as_json = config["format"] == "json"
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,  # once more: now the traceback is text, too
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "chain": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": last,
                    "foreign_pre_chain": [
                        *shared,
                        structlog.stdlib.ExtraAdder(),
                        _without_task_data,
                        redact,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chain"}},
            "root": {"handlers": ["stderr"], "level": config["level"]},
            "loggers": {
                # Each of these says at INFO what our own records say better.
                "axes": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
            },
        }
    )


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank every value whose name is a secret's, however deep, and `user:password@` in text."""
    return {name: _clean(name, value, 0) for name, value in event.items()}


def _without_task_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove what Celery attaches to its records: the message and the traceback once more."""
    if event.get("logger", "").startswith("celery."):
        event.pop("data", None)
    return event


def _clean(name: object, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if depth > _MAX_DEPTH or (isinstance(name, str) and _SECRET_NAME.search(name)):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_IN_TEXT.sub(_blank, value)
    if isinstance(value, dict):
        return {key: _clean(key, inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(None, inner, depth + 1) for inner in value]
    return value


def _blank(found: re.Match[str]) -> str:
    before = found["before"]
    return f"{before}{REDACTED}" if before else f"{found['user']}:{REDACTED}"

"""Settings of gunicorn beside its command line; its own messages join our log chain."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from gunicorn.glogging import Logger

from integrator.core import logs
from integrator.supervisor import liveness

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.config import Config
    from gunicorn.workers.base import Worker


class ChainLogger(Logger):  # type: ignore[misc] # gunicorn ships no types
    """Hands gunicorn's records to the root logger instead of formatting them its own way."""

    def setup(self, cfg: Config) -> None:
        """Set up for `cfg`, called once in the arbiter."""
        super().setup(cfg)
        logs.configure(
            {
                "level": os.environ.get("LOG_LEVEL", "INFO"),
                "format": os.environ.get("LOG_FORMAT", "console"),
            }
        )
        for name in ("gunicorn.error", "gunicorn.access"):
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    """Give signs of life from the process that answers pages."""
    liveness.start()


worker_class = "gthread"
workers = 1  # pages are small and the work is elsewhere; threads do, and memory is kept
timeout = 60
graceful_timeout = 5
keepalive = 5
logger_class = ChainLogger
loglevel = "warning"
forwarded_allow_ips = ""  # integrator/core/proxies.py decides whom to believe
control_socket_disable = True  # nothing of ours uses it

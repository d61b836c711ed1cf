"""Endpoints for machines: liveness, readiness, and the numbers that Prometheus scrapes."""

from __future__ import annotations

import hmac
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from integrator.web.admin.metrics import Numbers
from integrator.web.layout.access import Role, role_of

if TYPE_CHECKING:
    from django.http import HttpRequest

TEXT = "text/plain; charset=utf-8"
PROBE_BYTES = 1 << 20
"""So much must fit on the disk: a row more than a page of a database."""


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked, so that a slow database restarts nobody."""
    return HttpResponse("ok\n", content_type=TEXT)


@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """The database answers, its tables are those of this version, and there is room to write."""
    try:
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("the database does not answer\n", content_type=TEXT, status=503)
    if behind:
        return HttpResponse("migrations are missing\n", content_type=TEXT, status=503)
    if not _can_write():
        return HttpResponse("VAR_DIR cannot be written to\n", content_type=TEXT, status=503)
    return HttpResponse("ok\n", content_type=TEXT)


def _can_write() -> bool:
    """Whether a file of some size can be written where all of ours are."""
    try:
        with TemporaryFile(dir=settings.VAR_DIR) as file:
            file.write(b"\0" * PROBE_BYTES)
    except OSError:
        return False
    return True


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All numbers, for somebody signed in or for the bearer of ``METRICS_TOKEN``."""
    if not _may_see(request):
        return HttpResponse(
            _("Sign in, or send the metrics token.") + "\n", content_type=TEXT, status=401
        )
    registry = CollectorRegistry()
    registry.register(Numbers())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    return role_of(request.user) >= Role.VIEWER

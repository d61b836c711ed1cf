"""One transport for each registered panel and login, in each process."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from integrator.messages.message import NOTHING
from integrator.models import Panel
from integrator.panel_access.call_log import DatabaseJournal
from integrator.panel_access.panel_stop import PanelStoppedError
from integrator.panel_access.parallel.parallel_limit import DatabaseLimiter
from integrator.panel_access.read_retries import RetryingTransport as Transport
from panels.http.endpoint import Endpoint, Login

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from panels.coremanager.documents import Document
    from panels.http.row_stream import RowStream

LIMITER = DatabaseLimiter()
JOURNAL = DatabaseJournal()

_transports: dict[tuple[object, ...], Transport] = {}
_lock = threading.Lock()


class NoBillManagerError(Exception):
    """No BILLmanager is registered yet."""


class StoppedTransport(Transport):
    """The transport of a login that was refused: it makes no call and raises why."""

    why = NOTHING

    def perform(
        self,
        form: dict[str, str],
        send_by: float | None,  # noqa: ARG002 - nothing is sent
        secret: Collection[str] = (),  # noqa: ARG002 - the same
        begin: Callable[[], RowStream] | None = None,  # noqa: ARG002 - the same
    ) -> Document:
        """Raises PanelStoppedError."""
        raise PanelStoppedError(self.why, panel=self.endpoint.name, func=form["func"])


def transport(
    panel: Panel, *, as_task_staff: bool = False, even_stopped: bool = False
) -> Transport:
    """The shared transport of ``panel``; ``as_task_staff``: with the login that handles tasks.

    ``even_stopped``: for the check that may end a stop.
    Raises PanelStoppedError when the panel is stopped; where that is the staff login alone, each
    call with it raises that instead.
    """
    username, password = panel.username, panel.password
    if as_task_staff and panel.task_username:
        username, password = panel.task_username, panel.task_password
    if panel.stopped and not even_stopped:
        if panel.stopped_login == "":
            raise PanelStoppedError(panel.stopped, panel=panel.name)
        if panel.stopped_login == username:
            return _stopped(panel, Login(username, password))
    secret = hashlib.sha256(password.encode()).hexdigest()
    key = (panel.pk, panel.name, panel.url, username, secret, panel.ca_pem, panel.pin_sha256)
    with _lock:
        found = _transports.get(key)
        if found is None:
            found = _transports[key] = Transport(
                endpoint(panel),
                Login(username, password),
                limiter=LIMITER,
                journal=JOURNAL,
                connect_timeout=settings.CONNECT_TIMEOUT,
                read_timeout=settings.READ_TIMEOUT,
            )
    return found


def _stopped(panel: Panel, login: Login) -> Transport:
    found = StoppedTransport(endpoint(panel), login, limiter=LIMITER, journal=JOURNAL)
    found.why = panel.stopped
    return found


def endpoint(panel: Panel) -> Endpoint:
    """The panel's address and what to trust it by."""
    return Endpoint(
        name=panel.name,
        kind="billmanager" if panel.kind == Panel.Kind.BILLMANAGER else "ispmanager",
        url=panel.url,
        ca_file=_ca_file(panel.ca_pem),
        pin_sha256=panel.pin_sha256 or None,
        allow_insecure=settings.ALLOW_INSECURE_PANELS,
        allow_private=settings.ALLOW_PRIVATE_PANELS,
        max_parallel=panel.max_parallel,
    )


def _ca_file(pem: str) -> str | None:
    """A file with these certificates, since the TLS library reads only files; None for none."""
    if not pem:
        return None
    folder = Path(settings.VAR_DIR) / "ca"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(pem.encode()).hexdigest()[:32]}.pem"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
            file.write(pem)
        Path(file.name).rename(path)
    return str(path)


def billmanager_panel(*columns: str) -> Panel:
    """The registered BILLmanager; where columns are named, these alone are read at once.

    To read it all takes three times as long, since its logins are decrypted.
    Raises NoBillManagerError when there is none.
    """
    billing = Panel.objects.billmanagers()
    billing = billing.only(*columns) if columns else billing.defer("checked", "discovery")
    try:
        return billing.get()
    except Panel.DoesNotExist:
        raise NoBillManagerError from None

"""Deep links: addresses of forms in the panels themselves.

``startform`` opens a form in the panel's own pages (billmanager.md 1.2, of the pass-through key);
where a version does not know it, the panel's first page opens. Where the row of BILLmanager is
not given, it is read.
"""

from __future__ import annotations

from urllib.parse import urlencode

from integrator.models import Panel


def service(service_id: int, billing: Panel | None = None) -> str:
    """The address of a service's form; "" while no BILLmanager is registered."""
    return _form("vhost.edit", service_id, billing)


def task(task_id: int, billing: Panel | None = None) -> str:
    """The address of a task's form; "" while no BILLmanager is registered."""
    return _form("task.edit", task_id, billing)


def client(client_id: int, billing: Panel | None = None) -> str:
    """The address of a client's form; "" while no BILLmanager is registered."""
    return _form("account.edit", client_id, billing)


def user(server: Panel, username: str) -> str:
    """The address of a user's form on its ispmanager."""
    return _address(server, "user.edit", username)


def _form(func: str, elid: int, billing: Panel | None) -> str:
    panel = billing or Panel.objects.billmanager()
    return _address(panel, func, elid) if panel else ""


def _address(panel: Panel, func: str, elid: int | str) -> str:
    return f"{panel.url}?{urlencode({'startform': func, 'elid': elid})}"

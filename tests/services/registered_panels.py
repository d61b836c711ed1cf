"""Registers the sandbox's panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrator.panel_setup import registration

if TYPE_CHECKING:
    from integrator.models import Panel
    from tests.services.sandbox import Sandbox


def billing(sandbox: Sandbox, password: str = "admin-sandbox") -> Panel:
    return registration.register(
        "billmanager", "billing", sandbox.billmanager_url, "admin", password,
        task_username="tasks", task_password="tasks-sandbox",
    )  # fmt: skip


def server(sandbox: Sandbox, number: int = 1, password: str = "root-sandbox") -> Panel:
    url = sandbox.ispmanager_urls[number - 1]
    return registration.register("ispmanager", f"isp{number}", url, "root", password)

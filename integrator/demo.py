"""What `up --demo` shows: the sandbox's panels registered, discovered, and a first run started."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from integrator.core.env import DEMO_FILE
from integrator.core.keys import private_folder
from integrator.matching import matcher
from integrator.models import Panel, Run
from integrator.panel_setup import registration
from integrator.panel_setup.checks import panel_check
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.previews.csv.reader import REQUIRED
from integrator.refresh import account_emails, discovery
from integrator.runs.launch import launch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from integrator.models import Account

HOST = "127.0.0.1"
ACTOR = "demo"
FIRST_RUN = 12
TO_TRY = 12
COLUMNS = (*REQUIRED, "password")

PASSWORDS = "passwords.json"

Passwords = dict[str, dict[str, str]]
"""Server → username → password."""
World = dict[str, Any]
"""The sandbox's truth: {"logins": {kind: {user: password}}, "accounts": [{"server", …}, …]}."""


def prepare(*, billmanager_port: int, ispmanager_ports: Sequence[int]) -> None:
    """Make the demo ready; what is there already is left as it is.

    Raises OSError when the sandbox does not answer, and what registering, discovery and the
    start of a run raise.
    """
    world = _world(billmanager_port)
    servers = list(dict.fromkeys(sorted(account["server"] for account in world["accounts"])))
    for panel in _registered(world, billmanager_port, zip(servers, ispmanager_ports, strict=True)):
        if panel.discovered_at is None:
            discovery.discover(panel, match=False)
            panel_check.check(panel)
    for panel in Panel.objects.filter(kind=Panel.Kind.ISPMANAGER):
        account_emails.read(panel)
    matcher.match_all()
    if not Run.objects.exists():
        _start_first_run(world["accounts"][:FIRST_RUN])
    to_try = world["accounts"][FIRST_RUN : FIRST_RUN + TO_TRY]
    if to_try:
        _keep(_folder() / "accounts.csv", _csv(to_try))
    _keep(_folder() / PASSWORDS, json.dumps(_passwords_of(world["accounts"])))


def is_demo() -> bool:
    """Whether this installation is a demo, whose accounts' passwords are known."""
    return (_folder() / PASSWORDS).exists() and (settings.VAR_DIR / DEMO_FILE).exists()


def passwords(accounts: QuerySet[Account]) -> dict[int, str]:
    """The passwords of these accounts by their ids; empty where this is no demo."""
    if not is_demo():
        return {}
    known: Passwords = json.loads((_folder() / PASSWORDS).read_text(encoding="utf-8"))
    rows = accounts.values_list("pk", "panel__name", "username")
    return {
        pk: known[server][username]
        for pk, server, username in rows
        if username in known.get(server, {})
    }


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "demo"


def _world(port: int) -> World:
    """The sandbox's own account of itself, passwords included."""
    asking = HTTPConnection(HOST, port, timeout=30)
    try:
        asking.request("GET", "/_sandbox/world")
        world: World = json.loads(asking.getresponse().read())
    finally:
        asking.close()
    return world


def _registered(
    world: World, billmanager_port: int, servers: Iterable[tuple[str, int]]
) -> list[Panel]:
    """The demo's panels, BILLmanager first; registered when they are not yet."""
    staff = world["logins"]["billmanager"]
    root = world["logins"]["ispmanager"]["root"]
    present = {panel.name: panel for panel in Panel.objects.all()}
    panels = [
        present.get("billing")
        or registration.register(
            Panel.Kind.BILLMANAGER,
            "billing",
            f"http://{HOST}:{billmanager_port}/billmgr",
            "admin",
            staff["admin"],
            task_username="tasks",
            task_password=staff["tasks"],
        )
    ]
    for name, port in servers:
        url = f"http://{HOST}:{port}/ispmgr"
        panels.append(
            present.get(name)
            or registration.register(Panel.Kind.ISPMANAGER, name, url, "root", root)
        )
    return panels


def _start_first_run(accounts: Sequence[World]) -> None:
    choices = Choices(autoprolong=True, cohort=settings.COHORT)
    made = preview.make_from_csv(choices, _csv(accounts), ACTOR)
    if made.summary["ready"]:
        launch(made, ACTOR)


def _csv(accounts: Sequence[World]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for account in accounts:
        domain = next(iter(account["domains"]), "")
        writer.writerow(
            [account["server"], account["username"], domain, account["email"], account["plan"],
             account["password"]]
        )  # fmt: skip
    return text.getvalue()


def _passwords_of(accounts: Iterable[World]) -> Passwords:
    known: Passwords = defaultdict(dict)
    for account in accounts:
        known[account["server"]][account["username"]] = account["password"]
    return known


def _keep(path: Path, text: str) -> None:
    """Write a file once; only its owner may read it, for it holds passwords."""
    if path.exists():
        return
    private_folder(path.parent)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")

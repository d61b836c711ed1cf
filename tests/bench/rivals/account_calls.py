"""The twelve calls that bind one account of a sandbox, as whoever knows its names writes them.

Both rivals make them: nothing is read twice, nothing is prepared for an outcome that is unknown.
"""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.bench.usage import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CALLS = 12
"""Of one account; what all share is not counted."""
PATIENCE = 30.0
Answer = ET.Element


@dataclass(slots=True)
class Job:
    """One account on its way: what is known of it, and what was found so far."""

    account: dict[str, Any]
    client: str = ""
    service: str = ""
    task: str = ""


class AccountCalls:
    """The calls, from any thread; logs in with both logins unless their sessions are given."""

    def __init__(self, url: str, sessions: tuple[str, str] | None = None) -> None:
        self._url = url
        self._local = threading.local()
        self.sessions = sessions or (
            self._login("admin", "admin-sandbox"),
            self._login("tasks", "tasks-sandbox"),
        )

    def plans(self) -> dict[str, str]:
        """The ids of the plans by name."""
        return {row["name"]: row["id"] for row in self._rows("pricelist")}

    def target_module(self) -> str:
        """The id of the ispmanager's module."""
        rows = self._rows("processing")
        return next(row["id"] for row in rows if row["module"] != "pmdnsmgr")

    def add_manual_module(self, priority: int) -> str:
        """Step 1, once for all: the id of a new manual module with this place in the order."""
        made = self._call(
            "processing.add.settings", module="pmmanual", type="vhost", name="By hand",
            datacenter=1, department=2, orderpriority=priority, clicked_button="finish", sok="ok",
        )  # fmt: skip
        return made.findtext("id", "")

    def switch(self, plans: Iterable[str], *, on: str = "", off: str = "") -> None:
        """Steps 2, 5 and 8, for these plans: one module on, then another one off."""
        for plan in plans:
            for way, module in (("resume", on), ("suspend", off)):
                if module:
                    self._call(f"pricelist.processing.{way}", plid=plan, elid=module)

    def order(self, job: Job, plan: str) -> None:
        """Step 3 in four calls: the client, the balance, the form, the order."""
        account = job.account
        users = self._rows("user", filter="on", email=account["email"])
        job.client = next(row["account_id"] for row in users if row["email"] == account["email"])
        self._call("whoami", su=account["email"])
        what = {"pricelist": plan, "datacenter": 1, "order_period": 1, "su": account["email"]}
        what["domain"] = account["domains"][0]
        self._call("v2.vhost.order.param", **what, out="devel")
        self._call(
            "v2.vhost.order.param", **what, autoprolong="on", licence_agreement="on",
            order_count=1, skipbasket="on", clicked_button="order", sok="ok",
        )  # fmt: skip

    def find_charge(self, job: Job) -> None:
        """Step 4 in two calls: the service and the charge."""
        services = self._rows("vhost", filter="on", account_id=job.client)
        domain = job.account["domains"][0]
        job.service = next(row["id"] for row in services if row["domain"] == domain)
        self._rows("expense", filter="on", account_id=job.client)

    def find_task(self, job: Job) -> None:
        """Step 6 in one call, made again until the task is there."""
        job.task = self._eventually(lambda: self._task_of(job))

    def close(self, job: Job, target: str) -> None:
        """Step 7 in four calls: the task's form, taking it, its form again, closing it."""
        task = job.task
        self._call("task.edit", by_tasks=True, elid=task, out="devel")
        self._call("task.edit", by_tasks=True, elid=task, clicked_button="take", sok="ok")
        self._call("task.edit", by_tasks=True, elid=task, out="devel")
        self._call(
            "task.edit", by_tasks=True, elid=task, processingmodule=target,
            username=job.account["username"], password=job.account["password"],
            clicked_button="close", sok="ok",
        )  # fmt: skip

    def check(self, job: Job, target: str) -> None:
        """One call, made again until the service is active, on that module, with the name."""

        def is_bound() -> bool:
            form = self._call("vhost.edit", elid=job.service)
            return (
                form.findtext("processingmodule") == target
                and form.findtext("username") == job.account["username"]
                and form.findtext("status") in {None, "2"}
            )

        self._eventually(is_bound)

    def _task_of(self, job: Job) -> str:
        rows = self._rows("task", by_tasks=True, filter="on", status=0, item=job.service)
        return rows[0]["id"] if rows else ""

    def _eventually(self, look: Callable[[], Any]) -> Any:
        limit = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > limit:
                raise RuntimeError("the sandbox did not come to it")
            pause(0.05)
        return found

    def _login(self, user: str, password: str) -> str:
        answer = self._post({"func": "auth", "username": user, "password": password, "out": "xml"})
        auth = answer.find("auth")
        if auth is None:
            raise RuntimeError("the sandbox did not let us in")
        return auth.get("id") or auth.text or ""

    def _rows(self, func: str, **params: Any) -> list[dict[str, str]]:
        """The rows of a list; of a node with a raw code, the code."""
        return [
            {node.tag: node.get("orig") or node.text or "" for node in row}
            for row in self._call(func, **params).iter("elem")
        ]

    def _call(self, func: str, *, by_tasks: bool = False, **params: Any) -> Answer:
        auth = self.sessions[by_tasks]
        answer = self._post({"out": "xml", **params, "func": func, "auth": auth})
        error = answer.find("error")
        if error is not None:
            raise RuntimeError(f"{func}: {ET.tostring(error, encoding='unicode')}")
        return answer

    def _post(self, form: dict[str, Any]) -> Answer:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # kind to the rivals: a quarter less of CPU
        return ET.fromstring(session.post(self._url, data=form, timeout=60).content)


def plan_ids(calls: AccountCalls, accounts: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The ids of the plans of these accounts, by name."""
    wanted = {account["plan"] for account in accounts}
    return {name: number for name, number in calls.plans().items() if name in wanted}

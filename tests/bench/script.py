"""The job as a plain script does it: 32 threads, `requests`, 12 calls an account, nothing kept.

Orders for all while the plans sell manually, then their tasks, both modules on, and the closing of
the tasks. It knows this sandbox's names by heart, writes nothing down, checks nothing twice, and
would not survive its own end: the yardstick for what durability may cost.
"""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.bench.usage import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.services.sandbox import Sandbox

THREADS = 32
CALLS = 12
"""Of one account; what all share is not counted."""
PATIENCE = 30.0
Answer = ET.Element


@dataclass(slots=True)
class Job:
    """One account on its way."""

    account: dict[str, Any]
    service: str = ""
    task: str = ""


class Script:
    """Binds accounts of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._url = sandbox.billmanager_url
        self._local = threading.local()
        self._admin = self._login("admin", "admin-sandbox")
        self._tasks = self._login("tasks", "tasks-sandbox")

    @property
    def session(self) -> str:
        """The id of its admin's session on the panel."""
        return self._admin

    def run(self, accounts: Sequence[dict[str, Any]], threads: int = THREADS) -> float:
        """Bind them all; seconds it took."""
        began = time.monotonic()
        plans = {row["name"]: row["id"] for row in self._rows("pricelist")}
        sold = [plans[name] for name in {account["plan"] for account in accounts}]
        target = next(row["id"] for row in self._rows("processing") if row["module"] != "pmdnsmgr")
        manual = self._manual_module()
        jobs = [Job(account) for account in accounts]
        with ThreadPoolExecutor(threads) as pool:

            def all_of(step: Callable[[Job], None]) -> None:
                for _ in pool.map(step, jobs):
                    pass

            self._switch(sold, on=manual, off=target)
            all_of(lambda job: self._order(job, plans[job.account["plan"]]))
            all_of(self._find_task)
            self._switch(sold, on=target)
            all_of(lambda job: self._close(job, target))
            all_of(lambda job: self._check(job, target))
            self._switch(sold, off=manual)
        return time.monotonic() - began

    def _order(self, job: Job, plan: str) -> None:
        """Six calls: the client, the balance, the form, the order, the service, the charge."""
        account = job.account
        users = self._rows("user", filter="on", email=account["email"])
        client = next(row["account_id"] for row in users if row["email"] == account["email"])
        self._call("whoami", su=account["email"])
        what = {"pricelist": plan, "datacenter": 1, "order_period": 1, "su": account["email"]}
        what["domain"] = account["domains"][0]
        self._call("v2.vhost.order.param", **what, out="devel")
        self._call(
            "v2.vhost.order.param", **what, autoprolong="on", licence_agreement="on",
            order_count=1, skipbasket="on", clicked_button="order", sok="ok",
        )  # fmt: skip
        services = self._rows("vhost", filter="on", account_id=client)
        job.service = next(r["id"] for r in services if r["domain"] == what["domain"])
        self._rows("expense", filter="on", account_id=client)

    def _find_task(self, job: Job) -> None:
        """One call."""
        job.task = self._eventually(lambda: self._task_of(job))

    def _close(self, job: Job, target: str) -> None:
        """Four calls: the task's form, taking it, its form again, closing it."""
        task = job.task
        self._call("task.edit", by_tasks=True, elid=task, out="devel")
        self._call("task.edit", by_tasks=True, elid=task, clicked_button="take", sok="ok")
        self._call("task.edit", by_tasks=True, elid=task, out="devel")
        self._call(
            "task.edit", by_tasks=True, elid=task, processingmodule=target,
            username=job.account["username"], password=job.account["password"],
            clicked_button="close", sok="ok",
        )  # fmt: skip

    def _task_of(self, job: Job) -> str:
        rows = self._rows("task", by_tasks=True, filter="on", status=0, item=job.service)
        return rows[0]["id"] if rows else ""

    def _check(self, job: Job, target: str) -> None:
        """One call: the service is active, on our module, with the account's name."""

        def is_bound() -> bool:
            form = self._call("vhost.edit", elid=job.service)
            return (
                form.findtext("processingmodule") == target
                and form.findtext("username") == job.account["username"]
                and form.findtext("status") in {None, "2"}
            )

        self._eventually(is_bound)

    def _manual_module(self) -> str:
        made = self._call(
            "processing.add.settings", module="pmmanual", type="vhost", name="By hand",
            datacenter=1, department=2, orderpriority=100, clicked_button="finish", sok="ok",
        )  # fmt: skip
        return made.findtext("id", "")

    def _switch(self, plans: Iterable[str], *, on: str = "", off: str = "") -> None:
        for plan in plans:
            for way, module in (("resume", on), ("suspend", off)):
                if module:
                    self._call(f"pricelist.processing.{way}", plid=plan, elid=module)

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
        auth = self._tasks if by_tasks else self._admin
        answer = self._post({"out": "xml", **params, "func": func, "auth": auth})
        error = answer.find("error")
        if error is not None:
            raise RuntimeError(f"{func}: {ET.tostring(error, encoding='unicode')}")
        return answer

    def _post(self, form: dict[str, Any]) -> Answer:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # kind to the script: a quarter less of CPU
        return ET.fromstring(session.post(self._url, data=form, timeout=60).content)

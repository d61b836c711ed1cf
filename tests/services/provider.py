"""A hosting provider for tests: real panels' stand-ins, registered and discovered, and workers.

The workers are threads of this process that do what Celery's would; wake-ups reach them through
the same door. What a killed process leaves behind is tested in tests/chaos.
"""

from __future__ import annotations

import csv
import io
import queue
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from django.db import connections

from integrator.bindings.work import dispatch
from integrator.core.clock import now
from integrator.maintenance import sweep, wake_ups
from integrator.matching import matcher
from integrator.models import Binding, Panel, Run, Window
from integrator.previews import preview
from integrator.previews.choices import Choices
from integrator.refresh import discovery
from integrator.runs import run_start
from integrator.windows.post_checks import closed_window
from tests.services.ledger_comparison import other_plans, other_services
from tests.services.registered_panels import billing, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.services.sandbox import Sandbox

ACTOR = "anna"
LIMIT = 200.0
COLUMNS = ("server", "username", "domain", "client", "plan", "password", "autoprolong", "expires")


class Workers:
    """Threads that take wake-ups, and a sweep every few hundredths of a second."""

    def __init__(self, threads: int = 8) -> None:
        self.errors: list[BaseException] = []
        self._messages: queue.Queue[tuple[Callable[[int], None], int] | None] = queue.Queue()
        self._awake = threading.Event()
        self._awake.set()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        jobs: dict[str, Callable[[int], None]] = {
            "window": dispatch.look_at_window,
            "run": dispatch.prepare_run,
            "recheck": closed_window.look,
        }
        for kind, job in jobs.items():
            wake_ups.register(kind, self._sender(job))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._messages.put(None)
        for thread in self._threads:
            thread.join(30)
        for kind in ("window", "run", "recheck"):
            wake_ups.register(kind, lambda _row: None)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Nobody begins with what wakes them, until the test has changed what it came to change."""
        self._awake.clear()
        try:
            yield
        finally:
            self._awake.set()

    def _sender(self, job: Callable[[int], None]) -> wake_ups.Send:
        return lambda row: self._messages.put((job, row))

    def _serve(self) -> None:
        while (message := self._messages.get()) is not None:
            job, row = message
            self._awake.wait()
            try:
                job(row)
            except BaseException as error:  # noqa: BLE001 - shown by the test that waits
                self.errors.append(error)
        connections.close_all()

    def until(self, over: Callable[[], bool], limit: float = LIMIT) -> None:
        """Sweep until ``over``; an error in a worker, or the limit, fails the test."""
        deadline = time.monotonic() + limit
        pause = threading.Event()
        while not over():
            if self.errors:
                raise self.errors[0]
            assert time.monotonic() < deadline, where_everything_is()
            sweep.sweep()
            pause.wait(0.05)
        if self.errors:
            raise self.errors[0]

    @contextmanager
    def sweeping(self) -> Iterator[None]:
        """Sweep from a thread of its own, while the test does something else."""
        over = threading.Event()

        def again() -> None:
            while not over.wait(0.1):
                try:
                    sweep.sweep()
                except BaseException as error:  # noqa: BLE001 - shown at the end
                    self.errors.append(error)
                    break
            connections.close_all()

        thread = threading.Thread(target=again, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)
        if self.errors:
            raise self.errors[0]

    def finish(self, run: Run, limit: float = LIMIT) -> Run:
        """Let the run come to where nothing moves without a person, and its windows close."""

        def over() -> bool:
            run.refresh_from_db()
            return run.state != "running" and not open_windows()

        self.until(over, limit)
        return run


class Provider:
    """The registered sandbox and its truth."""

    def __init__(self, sandbox: Sandbox, **overrides: str) -> None:
        self.sandbox = sandbox
        self.panel = billing(sandbox)
        Panel.objects.filter(pk=self.panel.pk).update(overrides=overrides)
        self.panel.refresh_from_db()
        servers = [server(sandbox, n) for n in range(1, len(sandbox.ispmanager_ports) + 1)]
        for each in (self.panel, *servers):
            discovery.discover(each)
        matcher.match_all()
        self.accounts: list[dict[str, Any]] = [
            account
            for account in sandbox.world()["accounts"]
            if account["client"] and account["plan"] and account["domains"]
        ]

    def csv(self, accounts: Iterable[dict[str, Any]], **columns: Any) -> str:
        """A CSV that binds these accounts rightly, but for the given columns."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for account in accounts:
            row = {
                "server": account["server"],
                "username": account["username"],
                "domain": account["domains"][0],
                "client": account["email"],
                "plan": account["plan"],
                "password": account["password"],
                "autoprolong": "on",
                "expires": "",
                **columns,
            }
            writer.writerow([row[name] for name in COLUMNS])
        return text.getvalue()

    def start(self, count: int = 6, *, rows: str = "", **choices: Any) -> Run:
        """Preview and start a run over the first ``count`` accounts, or over CSV ``rows``."""
        chosen = Choices(autoprolong=True, **choices)
        made = preview.make_from_csv(chosen, rows or self.csv(self.accounts[:count]), ACTOR)
        return run_start.start(made.pk, ACTOR)

    def start_without_passwords(self, workers: Workers, count: int = 1) -> Run:
        """A run whose bindings have none any more, as one that was cancelled and is retried."""
        with workers.asleep():
            run = self.start(count)
            lost = {"password": "", "prepared": False, "waiting_for": "password"}
            run.bindings.update(**lost, due_at=now())
        return run

    def ordered_twice(self, workers: Workers) -> tuple[Run, int]:
        """A run whose order's answer is late while its client orders the same; our service's id.

        On a dialect whose services do not show our marker, nobody can tell which one is ours.
        """
        late = {"func": "vhost.order.param", "kind": "slow_after", "seconds": 4, "times": 1}
        self.sandbox.faults({"panel": None, **late})
        run = self.start(1)
        workers.until(lambda: len(self.sandbox.ledger()["services"]) == 1)
        ours = self.sandbox.ledger()["services"][0]["id"]
        self.ordered_by_its_client()
        return run, ours

    def ordered_by_its_client(self) -> int:
        """The client of the only binding orders the same by himself; his service's id."""
        mine = only()
        order = {"client": mine.client.remote_id, "plan": mine.plan.remote_id}
        return int(self.sandbox.act(act="order", domain=mine.domain, **order)["service"])

    def sound(self, *, done: int | None = None) -> dict[str, Any]:
        """Check the ledger: nothing doubled, no window open, plans as they were; the ledger."""
        ledger = self.sandbox.ledger()
        assert ledger["violations"] == []
        assert ledger["hosting_accounts_created"] == []
        right = {plan["id"]: ([11, 12], [13]) for plan in ledger["plans"]}
        assert not [*other_plans(ledger, right)]
        assert not open_windows()
        bound = list(Binding.objects.filter(state="done").select_related("account"))
        if done is not None:
            assert len(bound) == done
        wanted = (
            (one.service_id, {"username": one.account.username, "module_id": one.module_id,
                              "remoteid": one.marker})
            for one in bound
        )  # fmt: skip
        assert not [*other_services(ledger, wanted)]
        for binding in bound:
            charges = [row for row in ledger["charges"] if row["service"] == binding.service_id]
            assert len(charges) == (1 if binding.price else 0)
            assert binding.password == ""
        return ledger


def only(**found_by: Any) -> Binding:
    """The one binding that is found so, with what belongs to it."""
    return Binding.objects.select_related("account__panel", "client", "plan", "run__preview").get(
        **found_by
    )


def compared(workers: Workers) -> None:
    """Wait until the effects of every window have been compared."""
    workers.until(lambda: not Window.objects.filter(compared_at=None).exists())


def close_by_hand(provider: Provider) -> None:
    """A colleague does step 7 of the only binding, rightly."""
    binding = Binding.objects.select_related("account").get()
    provider.sandbox.act(
        act="close_task",
        service=binding.service_id,
        module=binding.module_id,
        username=binding.account.username,
    )


def open_windows() -> list[Window]:
    """Windows that are not closed."""
    return list(Window.objects.exclude(phase="closed"))


def where_everything_is() -> str:
    """For a test that waited in vain."""
    bindings = Binding.objects.values_list("pk", "state", "step", "waiting_for", "cause", "due_at")
    windows = Window.objects.values_list("pk", "phase", "held", "closing", "cause", "due_at")
    return f"bindings: {list(bindings)}\nwindows: {list(windows)}"

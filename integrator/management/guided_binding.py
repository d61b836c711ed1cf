"""`bind --guided`: walks a person at the terminal through the first binding, step by step."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from integrator.bindings.operator import guided, report
from integrator.bindings.work import expiry
from integrator.core.errors import ActionRefused, Refused
from integrator.inventory import lookup
from integrator.maintenance import health
from integrator.management.output import actor
from integrator.management.run_wait import wait_for
from integrator.messages.message import of_json
from integrator.models.states import RunState
from integrator.panel_setup.dialect import dialect_entries
from integrator.previews.rehearsal import guided_expectations

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrator.models import Binding, Preview, Run, Window
    from integrator.previews.rehearsal.guided_expectations import GuidedStep

POLL_SECONDS = 0.3
GO_ON, STOP, OTHERWISE = {"", "g"}, {"s"}, {"o"}

_never = threading.Event()


def need_terminal(preview: Preview) -> None:
    """Raise Refused, with where to go instead, when nobody sits at a terminal."""
    if sys.stdin.isatty():
        return
    raise Refused(
        _("--guided asks before each step, and nobody can answer here: this is no terminal."),
        [
            _("Run it at a terminal, or start it on the page: %(url)s (tick “Guided”).")
            % {"url": page_url(reverse("preview", args=[preview.pk]))}
        ],
    )


def begun(run: Run, preview: Preview) -> str:
    """The first message: the account that is bound, how many others are ready, the page's URL."""
    binding = guided.binding_of(run)
    return _(
        "Run %(run)s binds %(account)s on %(server)s, step by step; %(others)d other accounts wait"
        " for a run of their own. Its page: %(url)s"
    ) % {
        "run": run,
        "account": binding.account.username,
        "server": binding.account.panel.name,
        "others": preview.summary["ready"] - 1,
        "url": page_url(reverse("guided", args=[run.pk])),
    }


def page_url(path: str) -> str:
    """An address of the pages, by the first host that the settings name.

    Without a public origin it is `up`'s own, on its usual port.
    """
    origins = list(settings.CSRF_TRUSTED_ORIGINS)
    hosts = [host for host in settings.ALLOWED_HOSTS if host and "*" not in host]
    base = origins[0] if origins else f"http://{hosts[0]}:8000" if hosts else ""
    return f"{base.rstrip('/')}{path}"


def walk(run: Run, say: Callable[[str], None]) -> None:
    """Ask before each step until the run asks nothing more; end as `wait_for` does.

    When the terminal is closed in between, nothing more is said; the window closes in time.
    """
    shown: set[int] = set()
    while _moves(run):
        window = guided.asking(run)
        _show_seen(guided.binding_of(run), shown, say)
        if window is not None:
            if not _ask(run, window, say):
                return
        elif not health.health().workers:
            say(_("No worker is running; start “manage.py up”."))
            _never.wait(10 * POLL_SECONDS)
        else:
            _never.wait(POLL_SECONDS)
    wait_for(run, say)
    _show_seen(guided.binding_of(run), shown, say)


def _moves(run: Run) -> bool:
    run.refresh_from_db(fields=["state", "why"])
    return run.state == RunState.RUNNING


def _show_seen(binding: Binding, shown: set[int], say: Callable[[str], None]) -> None:
    """Print what was seen of steps that are done since the last call."""
    for step in report.timeline(binding):
        if step.state == "done" and step.number not in shown:
            shown.add(step.number)
            seen = ", ".join(
                f"{name}: {of_json(value) if name == expiry.WHY else value}"
                for name, value in step.evidence.items()
            )
            say(
                _("Step %(n)d, %(title)s: seen. %(seen)s")
                % {"n": step.number, "title": step.title, "seen": seen}
            )


def _ask(run: Run, window: Window, say: Callable[[str], None]) -> bool:
    """Show the step and do what is answered; False: the terminal is closed."""
    step = next(
        s for s in guided_expectations.steps(guided.binding_of(run)) if s.number == window.asks
    )
    for line in [
        *_before(step),
        _("The window closes by itself at %(at)s UTC.")
        % {"at": f"{guided.closes_at(window):%H:%M:%S}"},
    ]:
        say(line)
    say(_("go on [Enter] / stop and put back [s] / called otherwise [o]"))
    line = sys.stdin.readline()
    if not line:
        return False
    answer = line.strip().lower()
    try:
        if answer in GO_ON:
            guided.go_on(run.pk, step.number, actor())
        elif answer in STOP:
            guided.stop(run.pk, actor())
        elif answer in OTHERWISE:
            for text in _otherwise(step):
                say(text)
    except ActionRefused as refused:
        say(refused.text)
    return True


def _before(step: GuidedStep) -> list[str]:
    lines = ["", _("Before step %(n)d: %(title)s") % {"n": step.number, "title": step.title}]
    lines += [f"  {_sent(call)}" for call in step.sends] or [
        "  " + _("Nothing is sent: it is there already, or this step only reads.")
    ]
    return [*lines, _("  expected then: %(text)s") % {"text": step.expects}]


def _sent(call: dict[str, Any]) -> str:
    params = " ".join(f"{name}={value}" for name, value in call["params"].items())
    return _("%(func)s as %(login)s: %(params)s") % {
        "func": call["func"],
        "login": call["as"],
        "params": params,
    }


def _otherwise(step: GuidedStep) -> list[str]:
    """Lines with the names that the step uses, and how each is set."""
    panel = lookup.billmanager()
    used = [one for one in dialect_entries.entries(panel) if one.name in step.entries]
    lines = [_("What step %(n)d uses on %(panel)s:") % {"n": step.number, "panel": panel.name}]
    for one in used:
        lines += [f"  {one.name} = {one.value or '–'}", f"    {one.look}"]
    names = " ".join(f"{one.name}=…" for one in used[:2])
    return [
        *lines,
        _("Set them in another shell, then answer here: manage.py panel set %(panel)s %(names)s")
        % {"panel": panel.name, "names": names},
    ]

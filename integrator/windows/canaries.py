"""The canary: the first account of a run is compared on its server before and after its window.

Whether closing a task changes the account behind it is not known of an installation until one
task has been closed (billmanager.md 13). So a run's first account goes alone, and the run goes on
only when the account's state, limits and password are seen to be what they were.

Nor is it known whether a task can be closed at all. Until one has been closed with what is known of
the panel now, one binding of all runs is under way at a time: whoever is charged beside it would
be charged for what cannot be brought to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrator.bindings import rows
from integrator.bindings.work import password_attempts
from integrator.core import clock
from integrator.messages.message import NOTHING, Message, named, say, several, verbatim
from integrator.models import Binding, Canary
from integrator.models.states import BindingState, Phase
from integrator.panel_access import panel_connections, proven_names, transports
from integrator.panel_access.parallel import senders
from integrator.steps.verdicts import Failed
from integrator.windows import members
from panels.coremanager.errors import PanelError
from panels.ispmanager import PasswordCheck

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from integrator.models import Run
    from integrator.models.binding import BindingQuerySet
    from integrator.windows.lease import Driver
    from panels.ispmanager import IspManager

RIGHT = "right"
FACTS = ("active", "owner", "preset", "disk_limit")


def is_wanted(run_id: int) -> bool:
    """Whether this run has yet to bring its first account to its end."""
    return not Binding.objects.filter(run=run_id, state=BindingState.DONE).exists()


def is_pending(run: Run) -> bool:
    """Whether a canary of this run has not been compared yet, so that nothing more may begin."""
    return Canary.objects.filter(binding__run=run, state=Canary.State.WATCHED).exists()


def must_go_alone() -> bool:
    """Whether only one binding of all runs may be under way, since no close of a task is proven."""
    return not proven_names.is_close_proven(transports.billmanager_panel(*proven_names.COLUMNS))


def under_way() -> BindingQuerySet:
    """Bindings in open windows that the product goes on with by itself."""
    in_windows = Binding.objects.moving().filter(window__isnull=False)
    return in_windows.exclude(window__phase=Phase.CLOSED)


def may_order(bindings: Collection[int]) -> bool:
    """Whether these may order or pay now; False: one must be under way alone, and is not."""
    if not must_go_alone():
        return True
    return len(bindings) == 1 and not under_way().exclude(pk__in=bindings).exists()


def let_one_stay(driver: Driver) -> None:
    """In a window that has changed nothing yet, as many members stay as may go at once.

    That one alone may go can have come out since it was drawn: the panel was upgraded, or a name
    was corrected. Raises LeaseLostError.
    """
    if not driver.window.wants_orders or not must_go_alone():
        return
    staying = rows.of_window(driver.window)
    staying.sort(key=lambda one: (-one.step, one.number))
    with driver.holding():
        for binding in staying[1:]:
            members.leave(binding, why=say("binding.alone"))


def watch(driver: Driver, bindings: Sequence[Binding]) -> list[tuple[Binding, Failed]]:
    """Record the accounts of first bindings as they are; those that cannot go, and why.

    Raises TooSoonError when no password may be tried yet, LeaseLostError, and what ``panels``
    raises; called again, it goes on with the accounts that are still to be recorded.
    """
    window = driver.window
    wanted = {run: is_wanted(run) for run in {binding.run_id for binding in bindings}}
    cannot = []
    for binding in bindings:
        if not wanted[binding.run_id]:
            continue
        if Canary.objects.filter(binding=binding, window=window).exists():
            continue  # recorded before a crash
        if binding.password:
            password_attempts.mind_turn(binding.account.panel)
        isp = panel_connections.ispmanager(binding.account.panel)
        failed = _record(driver, binding, isp)
        if failed is not None:
            cannot.append((binding, failed))
    return cannot


def _record(driver: Driver, binding: Binding, isp: IspManager) -> Failed | None:
    username = binding.account.username
    server = binding.account.panel.name
    facts = _facts(isp, username)
    if facts is None:
        return Failed("account_gone", say("account.missing", server=server, username=username))
    facts["username"] = username
    password = binding.password
    if password:
        facts["password"] = _password(binding, username, isp, password)
        if facts["password"] == "wrong":  # noqa: S105 - a verdict
            text = say("password.refused", server=server, username=username)
            return Failed("wrong_password", text)
    recorded = {
        "window": driver.window,
        "state": Canary.State.WATCHED,
        "before": facts,
        "after": {},
        "why": NOTHING,
        "password": password if facts.get("password") == RIGHT else "",
        "compared_at": None,
    }
    with driver.holding():  # nobody would compare it any more in a window that has closed
        Canary.objects.update_or_create(binding=binding, defaults=recorded)
    return None


def compare(canary: Canary) -> Canary:
    """Look at the account once more and say whether it is as it was; the password is wiped.

    Raises TooSoonError and what ``panels`` raises; then nothing is known yet.
    """
    binding = canary.binding
    if canary.password:
        password_attempts.mind_turn(binding.account.panel)
    isp = panel_connections.ispmanager(binding.account.panel)
    # The account that was recorded, should the binding's have been corrected meanwhile.
    username = canary.before.get("username") or binding.account.username
    after = _facts(isp, username)
    changed: list[Message] = []
    unproven = NOTHING
    if after is None:
        changed = [say("account.gone")]
        after = {}
    else:
        changed = differences(canary.before, after)
        after["username"] = username
        if canary.password:
            after["password"] = _password(binding, username, isp, canary.password)
            if after["password"] == "wrong":  # noqa: S105 - a verdict
                changed.append(say("password.another"))
            elif after["password"] != RIGHT:
                unproven = say("password.untried", why=named("login", after["password"]))
    canary.after = after
    canary.why = several(changed) or unproven
    canary.state = Canary.State.UNCHANGED
    if changed:
        canary.state = Canary.State.CHANGED
    elif unproven:
        canary.state = Canary.State.UNPROVEN
    finish(canary)
    return canary


def give_up(canary: Canary, why: Message) -> None:
    """The account could not be looked at again in time."""
    canary.state, canary.why = Canary.State.UNPROVEN, why
    finish(canary)


def finish(canary: Canary) -> None:
    """Write what was found and forget the password."""
    canary.password = ""
    canary.compared_at = clock.now()
    canary.save()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Message]:
    """What of the account's state and limits is not as before."""
    old, new = before.get("limits", {}), after.get("limits", {})
    pairs = [(name, before.get(name), after.get(name)) for name in FACTS]
    pairs += [(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]
    return [
        say("account.changed", field=named("field", name), before=_value(was), after=_value(now))
        for name, was, now in pairs
        if was != now
    ]


def _value(value: object) -> Message:
    if isinstance(value, bool):
        return named("value", "yes" if value else "no")
    return verbatim("–" if value is None else value)


def _facts(isp: IspManager, username: str) -> dict[str, Any] | None:
    """State and limits of an account; None when the server has none of this name."""
    row, limits = senders.together(lambda: isp.account(username), lambda: _limits(isp, username))
    if row is None:
        return None
    if isinstance(limits, PanelError):
        raise limits
    return {
        "active": row.active,
        "owner": row.owner,
        "preset": row.preset,
        "disk_limit": row.disk_limit,
        "limits": limits,
    }


def _limits(isp: IspManager, username: str) -> dict[str, Any] | PanelError:
    """The limits of an account, or why they could not be read: as when there is none."""
    try:
        return isp.limits(username)
    except PanelError as error:
        return error


def _password(binding: Binding, username: str, isp: IspManager, password: str) -> str:
    """``right``, ``wrong``, or why it cannot be told; one try, which counts as all tries do."""
    result = password_attempts.one(binding.account.panel, isp, username, password)
    if result == PasswordCheck.RIGHT:
        return RIGHT
    if result == PasswordCheck.WRONG:
        return "wrong"
    return result.reason or "blocked"

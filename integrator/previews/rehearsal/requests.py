"""The requests that a run would send for one account of a preview; ``?`` for unknown parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.models.states import Payment, RowState

if TYPE_CHECKING:
    from integrator.models import Preview, PreviewRow
    from panels.billmanager import BillManager

OPEN = "?"
"""Stands for a name that the canary finds out."""


def sends(row: PreviewRow, preview: Preview, bm: BillManager) -> list[dict[str, Any]]:
    """The calls that have an effect, in order: {"step", "func", "as", "params"}; no secrets.

    Empty for a row that is not ready. ``as``: the login, or the client's user, it is sent as.
    What stands in <…> is taken from the panel's answers before.
    """
    if row.state != RowState.READY or row.plan is None or row.su is None:
        return []
    staff = bm.task_transport.username
    task = _task(bm)
    found = []
    if preview.payment == Payment.CREDIT and row.credit:
        add = {
            "amount": f"{row.credit:.2f}",
            "paymethod": str(preview.paymethod_id or ""),
            "payment_currency": row.currency,
            "randomnumber": _("<from its form>"),
        }
        paid = {"elid": _("<the new payment>")}
        found += [
            _call(4, "payment.add", str(row.su), add),
            _call(4, "payment.setpaid", bm.transport.username, paid),
        ]
    found.append(_call(3, *_order(row, bm)))
    if row.expires is not None:
        params = {"elid": _("<the new service>"), "expiredate": row.expires.isoformat()}
        found.append(_call(7, "vhost.edit", bm.transport.username, params))
    if bm.dialect.task_take is None or bm.dialect.task_take.kind != "none":
        found.append(_call(7, task["take_func"], staff, task["take"]))
    module = {task["module"]: str(row.module_id or OPEN)}
    account = {task["username"]: row.account.username, task["password"]: _("<its password>")}
    found.append(_call(7, "task.edit", staff, {**module, **account, **task["close"]}))
    return found


def _order(row: PreviewRow, bm: BillManager) -> tuple[str, str, dict[str, str]]:
    dialect, plan = bm.dialect, row.plan
    if dialect.order is None or plan is None or row.datacenter_id is None:
        return OPEN, str(row.su), {}
    params = bm.orders.params(
        plan.remote_id,
        row.datacenter_id,
        row.period,
        row.domain,
        autoprolong=row.autoprolong,
        remoteid=_("<our mark>"),
    )
    return bm.orders.func, str(row.su), {name: str(value) for name, value in params.items()}


def _task(bm: BillManager) -> dict[str, Any]:
    """The names of the task form, each ``?`` while it is not known."""
    dialect = bm.dialect
    take, close = dialect.task_take, dialect.task_close
    names = {
        "module": dialect.task_module.value if dialect.task_module else f"{OPEN}module",
        "username": dialect.task_username.value if dialect.task_username else f"{OPEN}username",
        "password": dialect.task_password.value if dialect.task_password else f"{OPEN}password",
    }
    taking: dict[str, str] = {"elid": _("<the task>")}
    if take is None:
        taking["clicked_button"] = OPEN
    elif take.kind == "button":
        taking["clicked_button"] = take.name
    elif take.kind == "field":
        taking[take.name] = take.value or bm.task_transport.username
    closing = {"clicked_button": OPEN}
    if close is not None:
        is_field = close.kind == "field"
        closing = {close.name: close.value} if is_field else {"clicked_button": close.name}
    func = take.name if take is not None and take.kind == "toolbar" else "task.edit"
    return {**names, "take_func": func, "take": taking, "close": closing}


def _call(step: int, func: str, login: str, params: dict[str, str]) -> dict[str, Any]:
    return {"step": step, "func": func, "as": login, "params": params}

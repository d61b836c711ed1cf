"""Discovery of an installation's dialect, by lists and forms alone.

A group action acts when it is called (billmanager.md 13), so such functions are judged by the
toolbar that names them and never tried. Where something is not found, or two things would do, the
entry stays None and `places` says what was looked for; an administrator may set it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from panels.billmanager.context import VHOST
from panels.billmanager.dialect import vocabulary
from panels.billmanager.dialect.dialect import FROM_TASK_FORM
from panels.billmanager.dialect.names import Found, Take
from panels.billmanager.discovery import modules, plan_modules
from panels.billmanager.discovery.search import SAMPLE, Search
from panels.billmanager.optional_reads import (
    exists,
    is_form,
    numbered,
    options,
    read_optional,
    read_optional_form,
)
from panels.billmanager.tasks import recognition
from panels.coremanager.errors import AccessDenied, LoginRefused, Refused
from panels.coremanager.listing import UNSET, number
from panels.notes import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.billmanager.dialect.dialect import Dialect
    from panels.coremanager.documents import Document
    from panels.coremanager.forms import Option
    from panels.http.transport import Transport


NO_USER = note("place.no_department")
"""Where the staff login is seen to be in no department, so that it handles nobody's tasks."""
NO_SU = note("place.no_su")
"""What was looked for as a client where our login lacks that right."""


def discover(
    transport: Transport,
    task_transport: Transport | None = None,
    *,
    known: Dialect | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Dialect:
    """Discover what can be found now; nothing on the panel is changed.

    `overrides` are an administrator's words: what depends on them is looked for by them, they
    themselves are not part of the result. `known` is an earlier result: what was set in it stays,
    and what was learned from task forms stays while the panel's version is the same. Raises what a
    read raises when the panel cannot be reached or lets nobody in; a single function that is
    refused only leaves its entry open.
    """
    search = Search(transport, task_transport or transport, overrides or {})
    for step in (
        _version,
        _product_type,
        modules.modules,
        plan_modules.plan_modules,
        _services,
        _ordering,
        _money,
        _tasks,
    ):
        step(search)
    choices = {**search.found.choices, **search.choices}
    found = replace(search.found, places=search.places, choices=choices)
    return found if known is None else found.keeping(known)


def _version(search: Search) -> None:
    answer: Document | None = search.transport.read("whoami")
    search.keep(version=(answer.version if answer else None) or "")
    if search.task_transport is not search.transport:
        answer = read_optional(search.task_transport, "whoami")
    user = answer.attributes("user") if answer else {}
    own = (search.task_transport.username, *(user.get(n, "") for n in ("name", "id", "realname")))
    search.listed("whoami", staff_names=tuple(dict.fromkeys(name for name in own if name)))


def _product_type(search: Search) -> None:
    answer = read_optional(search.transport, "itemtype", filter="on", intname=VHOST, p_cnt=SAMPLE)
    for row in answer.listing().rows if answer else ():
        if row.get("intname") == VHOST:
            where = note("place.list", func="itemtype")
            search.keep(
                itemtype_id=Found(row.text("id"), where),
                itemtype_name=Found(row.get("name"), where) if row.get("name") else None,
            )


def _services(search: Search) -> None:
    """Discover which field of the filter takes a client's id (billmanager.md 7.1 names two)."""
    form = read_optional_form(search.transport, "vhost.filter")
    if form is None:
        return
    for name in ("account_id", "account"):
        if name in form.fields:
            search.keep(
                client_filter=Found(name, note("place.form", func="vhost.filter"), sure=False)
            )
            return


def _ordering(search: Search) -> None:
    """Generation of the order and the cart, asked as some client: staff are sent away."""
    su = search.su = some_user(search.transport)
    if su is None:
        search.places |= dict.fromkeys(("order", "cart"), note("place.no_client"))
        return
    if not _may_su(search, su):
        search.su = None
        search.places |= dict.fromkeys(("order", "cart"), NO_SU)
        return
    for entry, ways in (
        ("order", {"v2": "v2.vhost.order.param", "old": "vhost.order.param"}),
        ("cart", {"cart": "cart", "basket": "basket"}),
    ):
        kind = next(
            (kind for kind, func in ways.items() if exists(search.transport, func, su=su)), None
        )
        if kind is not None:
            search.keep(**{entry: Found(kind, note("place.as_client", place=ways[kind]))})
        else:
            search.places[entry] = note("place.neither", names=", ".join(ways.values()))


def _may_su(search: Search, su: str) -> bool:
    """Whether our login may act as a client: what is refused to whoami is refused to all."""
    try:
        search.transport.read("whoami", su=su)
    except AccessDenied:
        return False
    except LoginRefused:
        raise
    except Refused:
        return True  # some other matter, which the next call will tell
    return True


def _money(search: Search) -> None:
    """Payment methods (billmanager.md 5) and currencies, by id; the token against repeats."""
    for entry, func, titles in (
        ("paymethods", "paymethod", ("name",)),
        ("currencies", "currency", ("iso", "name")),
    ):
        answer = read_optional(search.transport, func, filter="off", p_cnt=SAMPLE)
        rows = answer.listing().rows if answer is not None and not is_form(answer) else ()
        named = tuple(
            (key, row.get(*titles)) for row in rows if (key := number(row.get("id") or None))
        )
        search.listed(note("place.list", func=func), **{entry: named})
    if search.su and not search.found.currencies:
        _currency_of(search, search.su)
    form = None
    if search.su:
        form = read_optional_form(search.transport, "payment.add.method", su=search.su)
    where = note("place.form", func="payment.add.method")
    if form is not None and "randomnumber" in form.fields:
        search.keep(randomnumber=Found("randomnumber", note("place.as_client", place=where)))


def _currency_of(search: Search, su: str) -> None:
    """A client's own currency, where the list of all is not shown (billmanager.md 1.2)."""
    answer = read_optional(search.transport, "whoami", su=su)
    user = answer.attributes("user") if answer else {}
    key = number(user.get("currency_id"))
    if key is not None and user.get("currency"):
        search.listed(
            note("place.as_client", place="whoami"), currencies=((key, user["currency"]),)
        )


def _tasks(search: Search) -> None:
    """Discover how tasks are taken and closed, as far as the list and one form show."""
    opening = options(read_optional_form(search.task_transport, "task.filter"), "type")
    types = tuple(option.key for option in opening if _is_opening(option))
    if types:
        search.listed(note("place.form", func="task.filter"), task_open_types=types)
    elif opening:
        keys = [option.key for option in opening if option.key not in UNSET]
        where = note("place.form", func="task.filter")
        why = note("place.several", place=where, names=", ".join(keys))
        search.unclear("task_open_types", keys, why)
    answer = read_optional(
        search.task_transport, "task", devel=True, filter="off", p_cnt=SAMPLE, p_col="-id"
    )
    if answer is None or is_form(answer):
        search.places["task_take"] = note("place.refused", func="task")
        return
    _task_departments(search)
    funcs = recognition.take_functions(answer.toolbar().buttons)
    if len(funcs) == 1:
        search.keep(
            task_take=Take(
                "toolbar", funcs[0], where=note("place.toolbar", func="task"), sure=False
            )
        )
    _task_form(search, answer)


def _task_form(search: Search, tasks: Document) -> None:
    types = search.dialect.task_open_types
    rows = [row for row in tasks.listing().rows if row.code_or_none("type") in types]
    # One that nobody has taken shows how that is done.
    for status in ("0", "1"):
        for row in rows:
            if row.code_or_none("status") == status:
                form = read_optional_form(search.task_transport, "task.edit", elid=row.text("id"))
                if form is not None:
                    search.found = search.found.learn_task_form(form)
                return
    for name in FROM_TASK_FORM:
        if getattr(search.found, name) is None:
            search.places[name] = note("place.no_task")


def _task_departments(search: Search) -> None:
    """The staff login's own departments: what its list of them and its filter both offer.

    Task visibility follows the department (billmanager.md 9); that a list `department` exists
    and shows only one's own is inferred. Either may show more than may be handled, so that the
    narrower counts; a filter that offers none says that no tasks are to be seen at all.
    """
    listed = filtered = None
    answer = read_optional(search.task_transport, "department", filter="off", p_cnt=SAMPLE)
    where = note("place.as_staff", place=note("place.list", func="department"))
    if answer is not None and not is_form(answer):
        listed = tuple((row.int("id"), row.get("name")) for row in answer.listing().rows)
    form = read_optional_form(search.task_transport, "task.filter")
    if form is not None and form.fields.get("department") is not None:
        choices = form.fields["department"].options
        filtered = None if choices is None else numbered(choices)
    if listed is None or filtered is None:
        known = filtered if listed is None else listed
        if known is not None and listed is None:
            where = note("place.form", func="task.filter")
    else:
        own = {key for key, _title in filtered}
        known = tuple((key, title) for key, title in listed if key in own)
    if known:
        search.listed(where, task_departments=known)
    elif known is not None:
        search.places["task_departments"] = NO_USER


def some_user(transport: Transport) -> str | None:
    """Give the id of some active client's user, to ask as a client; None when there is none."""
    answer = read_optional(transport, "user", filter="off", p_cnt=SAMPLE)
    for row in answer.listing().rows if answer else ():
        client = row.get("account_id", "account")
        off = (row.code_or_none("active", "status") or "on").lower() in {"off", "disabled"}
        if client and not off and row.get("level") in {"", "16"}:
            return row.text("id")
    return None


def _is_opening(task_type: Option) -> bool:
    """Whether a task of this type opens a service: `postopen` is documented (6.1)."""
    return task_type.key in {"postopen", "open"} or bool(vocabulary.OPENING.search(task_type.label))

"""The keys of the sandbox's dialect file, with the values that an installation has shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from panels.billmanager.dialect import markers
from panels.billmanager.dialect.codes import MARKERS
from panels.coremanager.listing import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from panels.billmanager.dialect.dialect import Dialect
    from panels.billmanager.dialect.names import Found
    from panels.billmanager.dialect.shapes import Shape
    from panels.coremanager.listing import Row

Key = tuple[str, str]
"""A value, and where it was seen."""

_CARTS = {
    "cart": ("cart", "cart.empty", "cartorder.create.confirm"),
    "basket": ("basket", "basket.clear", "basket.pay"),
}
"""List, emptying and paying of each cart (billmanager.md 4.2)."""
_MAY_BE_EMPTY = frozenset({"task.work_form"})
_LANGUAGES = frozenset({"en", "ru"})
AFTER = " after taking"
"""Behind the name of a function: its form once the task was taken, where taking led to it."""


@dataclass
class Seen:
    """What was read.

    `rows` never leave this program. `language`: of texts though English was asked for, `core`: the
    core's version; each '' when absent.
    """

    username: str
    lists: dict[str, Shape] = field(default_factory=dict)
    forms: dict[str, Shape] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    language: str = ""
    core: str = ""

    def fields(self, func: str) -> dict[str, Shape]:
        """The fields of a form by name; empty where it was not seen."""
        return {one["name"]: one for one in self.forms.get(func, {"fields": ()})["fields"]}

    def buttons(self, func: str) -> list[str]:
        """The names of a form's buttons; empty where it was not seen."""
        return [one["name"] for one in self.forms.get(func, {"buttons": ()})["buttons"]]

    def tool(self, func: str, called: str) -> str:
        """The name of the button above a list that calls a function; '' when it was not seen."""
        tools = self.lists.get(func, {"tools": ()})["tools"]
        return next((str(tool["name"]) for tool in tools if tool["func"] == called), "")


def keys_of(dialect: Dialect, seen: Seen) -> dict[str, Key]:
    """Give each key that is known, with its value and where it was seen."""
    found: dict[str, Key] = {}
    for part in (_panel, _modules, _plan_modules, _order, _task, _task_list, _service):
        for key, value, where in part(dialect, seen):
            if value or key in _MAY_BE_EMPTY:
                found[key] = (value, where)
    return found


def _panel(dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    yield "version", dialect.version, "whoami"
    yield "core_version", seen.core, "whoami"
    if seen.language in _LANGUAGES:
        yield "language", seen.language, "whoami, asked in English"
        yield "language.fixed", "off" if seen.language == "en" else "on", "whoami"
    for key, iso in dialect.currencies[:1]:
        yield "currency.id", str(key), "currency list"
        yield "currency.iso", iso, "currency list"
    yield from _named("itemtype.vhost", dialect.itemtype_id)
    if account_key := seen.lists.get("account", {}).get("key"):
        yield "rows.account_key", str(account_key), "account list"


def _modules(dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    titles = dict(dialect.module_titles)
    yield from _named("modules.manual", dialect.manual_module)
    names = [name for name in dialect.ispmanager_modules if name in titles]
    names = names or list(dialect.ispmanager_modules)
    where = dialect.places.get("ispmanager_modules", "")
    if names:
        yield "modules.ispmanager", names[0], where
        yield "modules.ispmanager_title", _plain(titles.get(names[0], "")), where
    if dialect.manual_module is not None:
        title = _plain(titles.get(dialect.manual_module.value, ""))
        yield "modules.manual_title", title, dialect.manual_module.where
    rows = seen.rows.get("processing", [])
    if rows and titles:
        internal = any(row.code_or_none("module") in titles for row in rows)
        yield "modules.column", "intname" if internal else "title", "processing list"
    yield from _named("modules.create", dialect.module_create)
    yield from _named("modules.create_button", dialect.module_button)
    urls = [name for name in seen.fields("processing.edit") if name.lower().endswith("url")]
    if len(urls) == 1:
        yield "modules.url_field", urls[0], "processing.edit form"


def _plan_modules(dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    listed = dialect.plan_modules_list
    if listed is None:
        return
    yield from _named("plan_modules.list", listed)
    yield "plan_modules.toolbar_name", seen.tool("pricelist", listed.value), listed.where
    yield from _named("plan_modules.parent", dialect.plan_modules_parent)
    for key, entry in (
        ("enable", dialect.plan_modules_enable),
        ("disable", dialect.plan_modules_disable),
    ):
        if entry is not None:
            yield f"plan_modules.{key}", entry.value, entry.where
            yield f"plan_modules.{key}_button", seen.tool(listed.value, entry.value), entry.where
    if dialect.plan_modules_enable is not None and dialect.plan_modules_enable.kind:
        yield "plan_modules.button_kind", dialect.plan_modules_enable.kind, listed.where
    yield from _plan_marker(dialect, seen.rows.get(listed.value, []), f"{listed.value} list")


def _plan_marker(dialect: Dialect, rows: list[Row], where: str) -> Iterator[tuple[str, str, str]]:
    """The marker of a plan's modules, and the columns that could be mistaken for it."""
    if dialect.plan_modules_marker is None:
        return
    marker = markers.parse(dialect.plan_modules_marker.value)
    yield "plan_modules.flag", marker.column, where
    others = [name for name in MARKERS if name != marker.column]
    own = next((name for name in others if any(row.has(name) for row in rows)), "")
    yield "plan_modules.own_switch", own, where
    for key, codes in (("on", marker.on), ("off", marker.off or ())):
        yield f"plan_modules.{key}", next(iter(codes), ""), where
    if not marker.on:
        absent = any(not row.has(marker.column) for row in rows)
        yield "plan_modules.off_cell", "absent" if absent else "shown", where
        if any(markers.code_of(row, marker.column) == markers.EMPTY for row in rows):
            yield "plan_modules.on", markers.EMPTY, where


def _order(dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    if dialect.order is not None:
        v2 = dialect.order.value == "v2"
        func = "v2.vhost.order.param" if v2 else "vhost.order.param"
        period, button = ("order_period", "order") if v2 else ("period", "finish")
        yield "order.param", func, dialect.order.where
        if period in seen.fields(func):
            yield "order.period_field", period, f"{func} form"
        if button in seen.buttons(func):
            yield "order.button", button, f"{func} form"
    if dialect.cart is not None:
        kind = dialect.cart.value
        yield "cart.kind", kind, dialect.cart.where
        for name, func in zip(("list", "empty", "pay"), _CARTS[kind], strict=True):
            yield f"cart.{name}", func, dialect.cart.where


def _task(dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    if "task_open_types" in dialect.places:
        where = dialect.places["task_open_types"]
        yield "task.type_open", dialect.task_open_types[0], where
    second = next((f.removesuffix(AFTER) for f in seen.forms if f.endswith(AFTER)), "")
    take, close = dialect.task_take, dialect.task_close
    if take is not None:
        kind: str = take.kind
        if kind == "button" and second:
            kind = "form"
        elif kind == "field" and take.value:
            kind = "status"
        yield "task.take", kind, take.where
        yield "task.take_button", take.name, take.where
        yield "task.work_form", second, take.where
        if kind == "none":
            yield "task.close_needs_take", "off", take.where
    if close is not None:
        kind = "checkbox" if close.kind == "field" and close.value == "on" else close.kind
        next_button = close.name if kind == "next" else "".join(close.before[:1])
        yield "task.next_button", next_button, close.where
        if kind != "next":
            yield "task.close_kind", kind, close.where
        key = {"button": "close_button", "checkbox": "close_field", "field": "status_field"}
        if kind in key:
            yield f"task.{key[kind]}", close.name, close.where
    yield from _named("task.field.module", dialect.task_module)
    yield from _named("task.field.username", dialect.task_username)
    secret = dialect.task_password
    yield from _named("task.field.password", secret)
    form = f"{second}{AFTER}" if second else "task.edit"
    if secret is not None and secret.value in seen.fields(form):
        required = seen.fields(form)[secret.value].get("required", False)
        yield "task.password_required", "on" if required else "off", f"{form} form"


def _task_list(dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    rows = seen.rows.get("task", [])
    if not rows:
        return
    plain = "id" if all(number(row.get("item")) is not None for row in rows) else "title"
    yield "task.item", _reference(rows, "item", plain=plain), "task list"
    for performer in {row.get("performer") for row in rows} & set(dialect.staff_names):
        ways = {seen.username: "login"}
        named = "id" if performer.isdigit() else "realname"
        yield "task.performer", ways.get(performer, named), "task list"


def _service(_dialect: Dialect, seen: Seen) -> Iterator[tuple[str, str, str]]:
    rows = seen.rows.get("vhost", [])
    if rows:
        yield "service.row_ids", _reference(rows, "pricelist", plain="none"), "vhost list"
        listed = any(row.has("remoteid") for row in rows)
        yield "service.remoteid_in_list", "on" if listed else "off", "vhost list"
    if fields := seen.fields("vhost.edit"):
        known = "on" if "remoteid" in fields else "off"
        yield "service.remoteid_in_form", known, "vhost.edit form"


def _reference(rows: list[Row], name: str, *, plain: str) -> str:
    """The form in which a cell names another object: raw code, an id beside it, or neither."""
    if any(row.has(f"{name}_id") for row in rows):
        return "beside"
    return "orig" if any(row.code_or_none(name) != row.get(name) for row in rows) else plain


def _named(key: str, entry: Found | None) -> Iterator[tuple[str, str, str]]:
    if entry is not None:
        yield key, entry.value, entry.where


def _plain(title: str) -> str:
    """A module's title, unless somebody has put an address into it."""
    return "" if "@" in title else title

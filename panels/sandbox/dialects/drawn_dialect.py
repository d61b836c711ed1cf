"""Draws a dialect from a seed: every choice that the documents leave open, each at random.

What is drawn is assumed, all of it; section 13 of billmanager.md is the list of what is not known.
Names are the ones that a panel might have, or Russian ones in Latin letters, or nonsense; beside
them stand things that are easily taken for them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from panels.sandbox.dialect import Dialect, load
from panels.sandbox.dialects import words

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class Drawn:
    """A dialect, and what an administrator who looks at BILLmanager's own pages would say of it.

    ``truth``: each entry of the client's dialect, as a person sets it. ``waiting_task``: an
    activation task waits, so that its form can be looked at. ``credit``: one client has to be
    credited first. ``empty_plan``, ``odd_plan``: there is a plan without any module, and one whose
    modules cannot be listed.
    """

    seed: int
    dialect: Dialect
    truth: dict[str, str] = field(default_factory=dict)
    waiting_task: bool = False
    credit: bool = False
    empty_plan: bool = False
    odd_plan: bool = False

    @property
    def summary(self) -> str:
        """The choices that matter most, in a line."""
        keys = ("plan_modules.list", "plan_modules.enable", "plan_modules.flag", "task.take",
                "task.close_kind", "task.next_button", "prices.export")  # fmt: skip
        said = [f"{key}={self.dialect[key]}" for key in keys]
        marks = [n for n in ("waiting_task", "credit", "empty_plan", "odd_plan")
                 if getattr(self, n)]  # fmt: skip
        return ", ".join([*said, *marks])


def draw(seed: int) -> Drawn:
    """Draw the dialect of a seed; always the same of the same."""
    return _Draw(seed).all()


class _Draw:
    """The state of one drawing."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = random.Random(f"dialect {seed}")  # noqa: S311 - chance of a rehearsal
        self.keys: dict[str, str] = {}
        self.truth: dict[str, str] = {}
        self.forms: dict[str, dict[str, list[Any]]] = {}
        self.lists: dict[str, dict[str, list[Any]]] = {}
        self.labels: dict[str, dict[str, str]] = {}
        self.icons: dict[str, dict[str, str]] = {}
        self.nonsense = list(words.NONSENSE)
        self.chance.shuffle(self.nonsense)

    def all(self) -> Drawn:
        """Draw everything."""
        likely = self.likely
        generation = self.chance.choice(("v2", "old"))
        cart = self.chance.choice(("cart", "basket"))
        self._panel(generation)
        self._modules()
        self._plan_modules()
        self._order(generation, cart)
        self._task()
        self._rows()
        base = load("billmanager6" if generation == "v2" else "billmanager5")
        carts = load("billmanager6" if cart == "cart" else "billmanager5").values
        self.keys |= {key: text for key, text in carts.items() if key.startswith("cart.")}
        plain = Dialect(
            f"drawn-{self.seed}", base.values, self.forms, self.lists, self.labels, self.icons
        )
        made = plain.upgraded(self.keys)
        return Drawn(
            self.seed, made, self.truth, waiting_task=likely(60), credit=likely(40),
            empty_plan=likely(25), odd_plan=likely(25),
        )  # fmt: skip

    # -- how it is drawn -------------------------------------------------------------------
    def likely(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    def one(self, some: Sequence[str]) -> str:
        return self.chance.choice(some)

    def odd(self) -> str:
        """A word that says nothing."""
        return self.nonsense.pop()

    def name(self, some: Sequence[str], nonsense: int = 15) -> tuple[str, bool]:
        """A name, and whether it is one that can be understood."""
        return (self.odd(), False) if self.likely(nonsense) else (self.one(some), True)

    def label(self, func: str, name: str, some: Sequence[str], percent: int) -> None:
        if self.likely(percent):
            self.labels.setdefault(func, {})[name] = self.one(some)

    # -- what is drawn ---------------------------------------------------------------------
    def _panel(self, generation: str) -> None:
        iso, key = self.chance.choice(words.CURRENCIES)
        russian = self.likely(40)
        new, old = "6.9{}.1-2024.05.17_10:21", "5.3{}0.0-2023.02.01_09:00"
        version = (new if generation == "v2" else old).format(self.seed % 10)
        self.keys |= {
            "version": version,
            "language": "ru" if russian else "en",
            "language.fixed": "on" if russian and self.likely(50) else "off",
            "currency.iso": iso,
            "currency.id": key,
            "itemtype.vhost": self.one(("84", "7", "12", "3")),
            "department.list": self.one(("own", "own", "all")),
        }
        narrow = self.keys["department.list"] == "all"
        self.keys["department.filter"] = "own" if narrow else self.one(("off", "own"))
        self.truth |= {"itemtype_id": self.keys["itemtype.vhost"], "task_departments": "2"}

    def _modules(self) -> None:
        manual, plain = self.name(words.MANUAL_MODULES, 20)
        titles = words.MANUAL_TITLES if plain or self.likely(70) else (f"Module {self.odd()}",)
        server, known = self.name(words.ISPMANAGER_MODULES, 20)
        own = words.ISPMANAGER_TITLES if known or self.likely(60) else (f"Hosting {self.odd()}",)
        create, _ = self.name(words.CREATE_STEPS, 5)
        self.keys |= {
            "modules.manual": manual if plain else f"pm{manual}",
            "modules.manual_title": self.one(titles),
            "modules.ispmanager": server if known else f"pm{server}",
            "modules.ispmanager_title": self.one(own),
            "modules.column": self.one(("intname", "title")),
            "modules.create": f"processing.add.{create}",
            "modules.create_button": self.one(words.CREATE_BUTTONS),
            "modules.url_field": self.one(words.URL_FIELDS),
            "module_chosen": self.one(("opening", "order")),
        }
        self.truth |= {
            "manual_module": self.keys["modules.manual"],
            "ispmanager_modules": self.keys["modules.ispmanager"],
            "module_create": self.keys["modules.create"],
            "module_button": self.keys["modules.create_button"],
        }

    def _plan_modules(self) -> None:
        word, _ = self.name(words.MODULE_LISTS, 20)
        func = f"pricelist.{word}"
        self.keys |= {
            "plan_modules.list": func,
            "plan_modules.toolbar_name": self.one((word, "modules", self.odd())),
            "plan_modules.parent": self.one(("elid", "plid")),
            "plan_modules.in_order_of_plan": self.one(("on", "off")),
            "plan_modules.button_kind": self.one(("group", "group", "groupform")),
        }
        self.truth |= {"plan_modules_list": func,
                       "plan_modules_parent": self.keys["plan_modules.parent"]}  # fmt: skip
        if self.likely(35):
            self.keys["plan_modules.second_list"] = func + self.one(words.SECOND)
            self.keys["plan_modules.second_rows"] = self.one(("others", "others", "modules"))
        self._marker()
        self._switches(func)

    def _marker(self) -> None:
        flag = self.odd() if self.likely(15) else self.one(words.FLAGS)
        kind = self.one(("word", "word", "coded", "coded", "property", "inverted"))
        on, off, written = "", "", flag
        if kind == "coded":
            on, off = self.chance.choice(words.CODES)
            written = f"{flag}={on}/{off}"
        elif kind == "property":
            on, off = "+", "-"
        elif kind == "inverted":
            on, off = "-", "+"
            written = f"{flag}=-/+"
        elif self.likely(20):
            self.keys["plan_modules.off_cell"] = "absent"
        self.keys |= {"plan_modules.flag": flag, "plan_modules.on": on, "plan_modules.off": off}
        if self.likely(35):
            own = [name for name in ("active", "enabled", "working") if name != flag]
            self.keys["plan_modules.own_switch"] = self.one(own)
        self.keys["plan_modules.told"] = "off" if self.likely(7) else "on"
        self.truth["plan_modules_marker"] = written

    def _switches(self, func: str) -> None:
        enable, disable = self.chance.choice(words.SWITCHES)
        kind = self.one(("name",) * 5 + ("label", "icon", "hides", "nothing"))
        if kind != "name":
            enable, disable = self.odd(), self.odd()
        if kind == "label":
            shown = self.chance.choice(words.SWITCH_LABELS)
            self.labels[func] = dict(zip((enable, disable), shown, strict=True))
        if kind == "icon":
            shown = self.chance.choice(words.SWITCH_ICONS)
            self.icons[func] = dict(zip((enable, disable), shown, strict=True))
        self.keys["plan_modules.hides"] = "on" if kind == "hides" or self.likely(20) else "off"
        names = {"enable": f"{func}.{enable}", "disable": f"{func}.{disable}"}
        if kind == "name" and self.likely(20):
            # The name of the button alone can be understood, or that of the function alone.
            enable, disable = self.odd(), self.odd()
        for way, button in (("enable", enable), ("disable", disable)):
            self.keys |= {f"plan_modules.{way}": names[way], f"plan_modules.{way}_button": button}
            self.truth[f"plan_modules_{way}"] = names[way]
        tools = self.chance.sample(words.MORE_TOOLS, self.chance.randrange(4))
        self.lists[func] = {
            "tools": [{"name": n, "func": f"{func}.{n}", "kind": kind} for n, _, kind in tools]
        }
        self.labels.setdefault(func, {}).update({n: label for n, label, _ in tools})
        if self.likely(4):
            more = [("log_on", "Enable the log"), ("log_off", "Disable the log")]
            self.lists[func]["tools"] += [
                {"name": n, "func": f"{func}.{n}", "kind": "group"} for n, _ in more
            ]
            self.labels[func].update(more)

    def _order(self, generation: str, cart: str) -> None:
        self.keys |= {
            "order.sums": self.one(("on", "off")),
            "order.read_period": self.one(("period", "order_period")),
            "order.refused_leaves": self.one(("service", "line", "nothing")),
            "prices.export": self.one(("full",) * 8 + ("silent", "empty", "refused")),
            "payment.new": self.one(("1", "8")),
            "payment.setpaid_twice": self.one(("refused", "accepted")),
            "payment.randomnumber": self.one(("refused", "accepted")),
        }
        if generation == "old":
            self.keys["order.read_period"] = "period"
        self.truth |= {"order": generation, "cart": cart}

    def _task(self) -> None:
        self.keys |= {
            "task.type_open": self.one(words.OPEN_TYPES),
            "task.item": self.one(("orig", "id", "title", "beside")),
            "task.performer": self.one(("login", "realname", "id")),
            "task.offers": self.one(("enabled", "all")),
            "task.close_needs_take": self.one(("on", "on", "off")),
            "task.password_required": self.one(("on", "off")),
            "task.work_form": "",
        }
        self.truth["task_open_types"] = self.keys["task.type_open"]
        take = self._take()
        form = "task.edit"
        if take == "form":
            func = self.one(("task.work.edit", "task.edit", f"task.{self.odd()}"))
            self.keys["task.work_form"] = func
            form = f"{func} after taking"
        second = f"{form.removesuffix(' after taking')} second"
        steps = []
        if self.likely(20):
            button, plain = self.name(words.NEXT_BUTTONS)
            self.keys["task.next_button"] = button
            self.label(form, button, words.NEXT_LABELS, 40 if plain else 75)
            steps, last = [f"button:{button}"], second
        else:
            last = form
        self._close(steps, last)
        self._fields(last)
        self._decoys(form, last)

    def _take(self) -> str:
        take = self.one(("button", "button", "form", "toolbar", "field", "status", "save", "none"))
        self.keys["task.take"] = take
        if take == "none":
            self.keys["task.close_needs_take"] = "off"
        form, name = "task.edit", ""
        self.truth["task_take"] = take
        if take in {"button", "form"}:
            name, plain = self.name(words.TAKE_BUTTONS)
            self.label(form, name, words.TAKE_LABELS, 40 if plain else 75)
            self.truth["task_take"] = f"button:{name}"
        elif take == "toolbar":
            name, plain = self.name(words.TAKE_FUNCTIONS)
            name = name if plain else f"task.{name}"
            self.label("task", "take", words.TAKE_LABELS, 40 if plain else 75)
            self.truth["task_take"] = f"toolbar:{name}"
        elif take == "field":
            name, plain = self.name(words.PERFORMERS)
            self.label(form, name, words.PERFORMER_LABELS, 40 if plain else 75)
            self.truth["task_take"] = f"field:{name}"
        self.keys["task.take_button"] = name
        self.keys["task.status_field"] = "status"
        if self.likely(30):
            self.keys["task.status_field"] = self.one((*words.STATUSES[1:], self.odd()))
        if take == "status":
            self.truth["task_take"] = f"field:{self.keys['task.status_field']}=1"
        return take

    def _close(self, steps: list[str], form: str) -> None:
        kind = self.one(("button", "button", "field", "checkbox"))
        self.keys["task.close_kind"] = kind
        self.keys["task.close_button"] = "close"
        if kind == "button":
            name, plain = self.name(words.CLOSE_BUTTONS)
            self.keys["task.close_button"] = name
            self.label(form, name, words.CLOSE_LABELS, 40 if plain else 75)
            last = f"button:{name}"
        elif kind == "field":
            last = f"field:{self.keys['task.status_field']}=2"
        else:
            name, plain = self.name(words.CHECKBOXES)
            self.keys["task.close_field"] = name
            self.label(form, name, words.CHECKBOX_LABELS, 40 if plain else 75)
            last = f"field:{name}=on"
        self.truth["task_close"] = ">".join([*steps, last])

    def _fields(self, last: str) -> None:
        module, _ = self.name(words.MODULE_FIELDS)
        username, plain = self.name(words.USERNAME_FIELDS)
        password, known = self.name(words.PASSWORD_FIELDS)
        self.label(last, username, words.USERNAME_LABELS, 40 if plain else 70)
        self.label(last, password, words.PASSWORD_LABELS, 40 if known else 70)
        self.keys |= {
            "task.field.module": module,
            "task.field.username": username,
            "task.field.password": password,
            "task.password_kind": "text" if self.likely(15) else "password",
        }
        self.truth |= {"task_module": module, "task_username": username, "task_password": password}

    def _decoys(self, first: str, last: str) -> None:
        """Draw further fields of the form: most of them harmless, some required."""
        begin: list[dict[str, Any]] = []
        more: list[dict[str, Any]] = []
        buttons: list[dict[str, Any]] = []
        if self.likely(40):
            self.keys["task.token"] = self.one(("form_token", "step_id", self.odd()))
        if self.likely(25):
            begin.append({"name": "module_state", "kind": "select", "options": ["old", "new"],
                          "filled": True})  # fmt: skip
        if self.likely(20):
            more.append({"name": "ftp_login", "kind": "input"})
        if self.likely(20):
            begin.append({"name": "notify_client", "kind": "input"})
        if self.likely(20):
            name = f"reason_{self.odd()}"
            more.append({"name": name, "kind": "select", "options": ["", "std"], "required": True})
        if self.likely(7):
            name = f"note_{self.odd()}"
            more.append({"name": name, "kind": "input", "required": True})
            self.truth["task_fields"] = f"{name}=bound"
        if self.likely(30):
            buttons.append({"name": "print"})
        if self.likely(4) and self.keys["task.close_kind"] == "button":
            buttons.append({"name": "close_all"})
        for name, fields in ((first, begin), (last, more)):
            known = self.forms.setdefault(name, {"fields": [], "buttons": []})
            known["fields"] += fields
        self.forms[last]["buttons"] += buttons

    def _rows(self) -> None:
        choices = {
            "service.row_ids": ("orig", "none", "beside"),
            "service.remoteid_in_list": ("on", "off"),
            "service.remoteid_in_form": ("on", "off"),
            "rows.symbol": ("code", "symbol", "word"),
            "rows.unit": ("after", "after", "before"),
            "rows.thousands": ("none", "space", "nbsp", "nnbsp", "apostrophe"),
            "rows.decimal": (".", ","),
            "rows.decimals": ("2", "4"),
            "rows.true_minus": ("on", "off"),
            "rows.raw_amounts": ("on", "off"),
            "rows.status": ("both", "item", "item_real"),
            "rows.client": ("id", "title"),
            "rows.pmmodule": ("on", "off"),
            "rows.deleted": ("asked", "listed", "hidden"),
            "rows.expiry": ("date", "words"),
            "rows.expiry_opens": ("always", "after"),
            "rows.account_key": ("id", "elid"),
        }
        self.keys |= {key: self.one(some) for key, some in choices.items()}

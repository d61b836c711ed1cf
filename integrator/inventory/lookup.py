"""Finds the one panel, plan or client that a person means by a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.core.numbers import row_id
from integrator.messages.message import Message, say
from integrator.models import Client, ClientUser, Panel, Plan
from integrator.panel_access.panel_url import AddressError, normalise
from panels.normal_forms import email_spellings, login_key, name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def billmanager() -> Panel:
    """The registered BILLmanager.

    Raises Refused when none has been registered yet.
    """
    panel = Panel.objects.billmanager()
    if panel is None:
        raise Refused(
            _(
                "No BILLmanager is registered yet; add it with “manage.py panel add … --kind"
                " billmanager” or on the Panels page."
            )
        )
    return panel


def client(word: str) -> Client | None:
    """The client with this id, or with a user of this e-mail; None: none, or several."""
    if word.isdecimal():
        return Client.objects.filter(remote_id=row_id(word), gone_at=None).first()
    users = ClientUser.objects.filter(
        email__in=email_spellings(word), gone_at=None, client__gone_at=None
    )
    found = Client.objects.filter(pk__in=users.values("client"))
    return found[0] if len(found) == 1 else None


def panel(word: str) -> Panel:
    """The panel with this name, or this address.

    Raises Refused when there is none.
    """
    found = PanelNames(Panel.objects.all()).find(word)
    if found is None:
        names = ", ".join(Panel.objects.values_list("name", flat=True)) or _("none")
        raise Refused(
            _("No panel is called “%(word)s”. Registered are: %(names)s.")
            % {"word": word, "names": names}
        )
    return found


class PanelNames:
    """Panels by name (exactly, else in whatever case) and by address."""

    def __init__(self, panels: Iterable[Panel]) -> None:
        self._panels = list(panels)
        self._exact = {name_key(one.name): one for one in self._panels}
        self._address = {one.address: one for one in self._panels}
        self._folded: dict[str, list[Panel]] = {}
        for one in self._panels:
            self._folded.setdefault(login_key(one.name), []).append(one)

    def find(self, word: str) -> Panel | None:
        """The panel that is meant; None when there is none, or when two differ only in case."""
        exact = self._exact.get(name_key(word))
        if exact is not None:
            return exact
        alike = self._folded.get(login_key(word), [])
        if len(alike) == 1:
            return alike[0]
        try:
            return self._address.get(normalise(word, Panel.Kind.ISPMANAGER)[1])
        except AddressError:
            return None


@dataclass(frozen=True, slots=True)
class PlanNames:
    """Plans by id and by exact name; those that are gone are left out."""

    by_id: dict[int, Plan]
    by_name: dict[str, list[Plan]]

    @classmethod
    def load(cls) -> PlanNames:
        """All plans that discovery last saw."""
        plans = list(Plan.objects.filter(gone_at=None))
        by_name: dict[str, list[Plan]] = {}
        for plan in plans:
            by_name.setdefault(name_key(plan.name), []).append(plan)
        return cls({plan.remote_id: plan for plan in plans}, by_name)

    def find(self, word: str) -> Plan:
        """The plan that ``look`` finds. Raises Refused, and says why, when it finds none."""
        found = self.look(word)
        if isinstance(found, Message):
            raise Refused(str(found))
        return found

    def look(self, word: str) -> Plan | Message:
        """The plan with this id, else with exactly this name.

        A message when there is none, when several have the name, or when it is the id of one and
        the name of another.
        """
        word = name_key(word)
        numbered = self.by_id.get(row_id(word))
        named = self.by_name.get(word, [])
        others = [plan for plan in named if plan != numbered]
        if numbered is not None and others:
            return say("csv.plan_twice", word=word, one=numbered.name, ids=_ids(others))
        if numbered is not None:
            return numbered
        if len(named) == 1:
            return named[0]
        if named:
            return say("csv.several_plans", name=word, ids=_ids(named))
        return say("csv.no_plan", name=word)


def _ids(plans: Sequence[Plan]) -> str:
    return ", ".join(str(plan.remote_id) for plan in plans)

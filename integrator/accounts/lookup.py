"""Finds the one panel, plan or client that a person means by a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrator.accounts.refusals import Refused
from integrator.models import Panel, Plan
from integrator.panel_access.address import AddressError, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable


def billmanager() -> Panel:
    """The registered BILLmanager.

    Raises Refused when none has been registered yet.
    """
    panel = Panel.objects.filter(kind=Panel.Kind.BILLMANAGER).first()
    if panel is None:
        raise Refused(
            _(
                "No BILLmanager is registered yet; add it with “manage.py panel add … --kind"
                " billmanager” or on the Panels page."
            )
        )
    return panel


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
        self._exact = {one.name: one for one in self._panels}
        self._address = {one.address: one for one in self._panels}
        self._folded: dict[str, list[Panel]] = {}
        for one in self._panels:
            self._folded.setdefault(one.name.casefold(), []).append(one)

    def find(self, word: str) -> Panel | None:
        """The panel that is meant; None when there is none, or when two differ only in case."""
        if word in self._exact:
            return self._exact[word]
        alike = self._folded.get(word.casefold(), [])
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
            by_name.setdefault(plan.name.strip(), []).append(plan)
        return cls({plan.remote_id: plan for plan in plans}, by_name)

    def find(self, word: str) -> Plan:
        """The plan with this id, else with exactly this name.

        Raises Refused when there is none, or when several have the name.
        """
        word = word.strip()
        if word.isascii() and word.isdecimal() and int(word) in self.by_id:
            return self.by_id[int(word)]
        named = self.by_name.get(word, [])
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(str(plan.remote_id) for plan in named)
            raise Refused(
                _("Several plans are called “%(name)s”; give the id of one: %(ids)s.")
                % {"name": word, "ids": ids}
            )
        raise Refused(_("BILLmanager has no plan “%(name)s” for hosting.") % {"name": word})

"""The batch of a simulation: its CSV as a person writes it, with slips that are found later."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any
from unittest import mock

from integrator.models import Binding, Preview, PreviewRow
from integrator.models.states import RowState
from integrator.previews import confirmations, freshness, passwords, preview
from integrator.previews.choices import Choices
from integrator.previews.corrections import Wish
from integrator.runs import run_start
from panels.sandbox.ledger import truth
from panels.sandbox.world import acts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from panels.sandbox.world.world import World
    from tests.simulation.scenario import Scenario

ANNA = "anna"
PAYMETHOD = "1"
COLUMNS = ("server", "username", "domain", "client", "plan", "password", "expires")
SLIPS = ("password", "client", "domain", "weak")
"""What a line can have wrong. With each the password is wrong or missing too, so that the line
fails before anything is ordered; one that is only too weak fails when its task is closed."""
WRONG, WEAK = "slip-of-the-pen", "Zq7!x"
"""Passwords that are not the account's, and the shortest one that BILLmanager takes is longer."""
MIN_PASSWORD = 8

Key = tuple[str, str]


def _ready(made: Preview) -> QuerySet[PreviewRow]:
    return made.rows.filter(state=RowState.READY)


class Batch:
    """The accounts to be bound, by server and username, and the right values for each."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self._scenario = scenario
        self._world = world
        everyone = [a for a in truth(world)["accounts"] if a["domains"]]
        self._others = everyone
        self.accounts: dict[Key, Mapping[str, Any]] = {
            (a["server"], a["username"]): a for a in everyone[: scenario.accounts]
        }
        if scenario.one_payer:
            payer = next({"client": a["client"], "email": a["email"]} for a in everyone)
            self.accounts = {key: {**a, **payer} for key, a in self.accounts.items()}
        self.has_debts = bool(scenario.debt)
        self.is_strict = "weak" in scenario.slips
        if self.is_strict:
            world.dials.turn({"password_min": MIN_PASSWORD})

    def begin(self) -> None:
        """Write the CSV, slips and all, and start the run."""
        rows = [self._right(account) for account in self.accounts.values()]
        for row, account, slip in zip(
            rows, self.accounts.values(), self._scenario.slips, strict=False
        ):
            self._slip(row, account, slip)
        left_out = self._start(rows)
        assert not left_out, left_out

    def again(self, key: Key) -> bool:
        """Bind one account in a run of its own, without slips; whether it was started."""
        return not self._start([self._right(self.accounts[key])])

    def wish(self, binding: Binding) -> Wish:
        """The corrections of this binding where it is not as it was meant."""
        meant = self.accounts[key_of(binding)]
        client = "" if binding.client.remote_id == meant["client"] else meant["email"]
        domain = meant["domains"][0]
        return Wish(client=client, domain="" if binding.domain == domain else domain)

    def upload_wrongly(self) -> None:
        """Upload a CSV that would sell one site twice: it must be refused."""
        rows = [self._right(account) for account in self.accounts.values()]
        if self._scenario.first_csv == "one site twice":
            rows[0]["domain"] = rows[1]["domain"].upper()
        else:
            ordered = acts.stranger_orders(self._world, {"act": "stranger_orders"})
            rows[0]["domain"] = self._world.services[int(str(ordered["service"]))].domain
        made = self._preview(rows, anew=True)
        confirmations.confirm_all(made, "domain", ANNA)
        ready = made.rows.filter(domain__iexact=rows[0]["domain"], state=RowState.READY)
        assert not ready.exists(), f"{rows[0]['domain']} would be sold twice"

    def _right(self, account: Mapping[str, Any]) -> dict[str, str]:
        return {
            "server": account["server"],
            "username": account["username"],
            "domain": account["domains"][0],
            "client": account["email"],
            "plan": account["plan"],
            "password": "" if self._scenario.passwords == "reset" else account["password"],
            "expires": "2026-12-31" if self._scenario.expires else "",
        }

    def _slip(self, row: dict[str, str], account: Mapping[str, Any], slip: str) -> None:
        if slip == "weak":
            row["password"] = WEAK
            return
        row["password"] = WRONG if self._scenario.passwords == "check" else ""
        if slip == "client":
            other = next(a for a in self._others if a["client"] not in (None, account["client"]))
            row["client"] = other["email"]
        elif slip == "domain":
            row["domain"] = f"mistyped-{row['domain']}"

    def _start(self, rows: Iterable[Mapping[str, str]]) -> list[str]:
        """Preview and start a run over these lines; why lines were left out of it."""
        made = self._preview(rows, anew=self.has_debts)
        # A slip in a domain is asked about, and she says in a hurry that it is meant.
        confirmations.confirm_all(made, "domain", ANNA)
        if self._scenario.debt:
            self._confirm_debts(made)
        with mock.patch.object(passwords, "bindable", _ready):
            # Slips without a password go along, as in runs of before such rows were left out, and
            # as what was cancelled and is retried: a binding without one stops before its order.
            run_start.start(made.pk, ANNA)
        left_out = PreviewRow.objects.filter(preview=made).exclude(state=RowState.READY)
        return [str(row.reasons) for row in left_out]

    def _confirm_debts(self, made: Preview) -> None:
        """Confirm each debt: none is credited without a person's word."""
        ready = PreviewRow.objects.filter(preview=made, state=RowState.READY)
        for row in ready.select_related("client"):
            owes = row.client is not None and self._world.clients[row.client.remote_id].balance < 0
            assert not owes, f"line {row.number} is ready, though its client owes money"
        confirmations.confirm_all(made, "debt", ANNA)

    def _preview(self, rows: Iterable[Mapping[str, str]], *, anew: bool) -> Preview:
        """Upload these lines. ``anew``: what is known of the panels is older than what is there."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        chosen = self._scenario
        choices = Choices(
            autoprolong=True,
            payment=chosen.payment,
            paymethod=PAYMETHOD if chosen.payment == "credit" else "",
            check_passwords=chosen.passwords == "check",
            reset_passwords=chosen.passwords == "reset",
            cohort=chosen.cohort,
            hold_letters=chosen.hold_letters,
        )
        made = preview.make_from_csv(choices, text.getvalue(), ANNA)
        if anew:
            freshness.reread(made)
            made = preview.make_from_csv(choices, text.getvalue(), ANNA)
        return made


def key_of(binding: Binding) -> Key:
    """By what a binding's account is known here."""
    return binding.account.panel.name, binding.account.username

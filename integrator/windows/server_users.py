"""The users of the servers that a plan sells on, before and after each window.

Should an ispmanager module open one of our services all the same, a *new* hosting user appears.
Of each new user it is found out whose it is: one that belongs to a service of ours stops the runs
of that server, with the evidence; others are real customers' and are only listed (design.md,
section 5).
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.db.models import Q

from integrator.core import clock
from integrator.messages.message import Message, say, several
from integrator.models import Binding, NewUser, Panel, ServerUsers, Window
from integrator.models.states import Phase
from integrator.panel_access import panel_connections
from integrator.panel_access.parallel import senders
from integrator.steps.same_service import same_domain
from integrator.windows import foreign_orders
from panels.coremanager.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from panels.billmanager import BillManager
    from panels.ispmanager import IspManager

MAX_LIST_AGE = dt.timedelta(seconds=60)
"""A list that was read so recently serves as the one before a window: it covers more, not less."""
MAX_ASKED = 50
"""For so many new users BILLmanager is asked one by one whose they are."""
MAX_DIGITS = 2
"""How many digits behind a name still look like a second try at it."""


def of_window(window: Window) -> list[Panel]:
    """The registered servers on which a service of this plan could be opened in this window."""
    rows = (window.snapshot or {"modules": []})["modules"]
    modules = {row["id"] for row in rows if row["enabled"]}
    modules |= set(Binding.objects.filter(window=window).values_list("module_id", flat=True))
    return list(Panel.objects.filter(kind=Panel.Kind.ISPMANAGER, module_id__in=modules))


def is_fresh(panel: Panel) -> bool:
    """Whether this server's users were listed a moment ago."""
    return ServerUsers.objects.filter(panel=panel, read_at__gt=clock.now() - MAX_LIST_AGE).exists()


def look(
    panels: Sequence[Panel], bm: BillManager, window: Window
) -> list[tuple[Panel, list[NewUser] | PanelError]]:
    """List the users of servers, and write down those that are new since the last lists.

    Of each server those that are new, or why it could not be read. The first list of a server
    tells of nothing new.
    """
    listings = senders.together(*(partial(_listing, panel) for panel in panels))
    return [
        (panel, _new_users(panel, listing, bm, window))
        for panel, listing in zip(panels, listings, strict=True)
    ]


class _Listing(NamedTuple):
    """The names of a server's users, and when it was asked for them."""

    names: list[str]
    asked: dt.datetime


def _listing(panel: Panel) -> _Listing | PanelError:
    asked = clock.now()
    try:
        found = panel_connections.ispmanager(panel).accounts().whole()
    except PanelError as error:
        return error
    return _Listing(sorted({account.username for account in found}), asked)


def _new_users(
    panel: Panel, listing: _Listing | PanelError, bm: BillManager, window: Window
) -> list[NewUser] | PanelError:
    if isinstance(listing, PanelError):
        return listing
    try:
        return _note(panel, listing, bm, window)
    except PanelError as error:
        return error


def _note(panel: Panel, listing: _Listing, bm: BillManager, window: Window) -> list[NewUser]:
    """Write down who is new. Raises what ``panels`` raises."""
    names, asked = listing
    isp = panel_connections.ispmanager(panel)
    while True:
        known = ServerUsers.objects.filter(panel=panel).first()
        if known is None:
            first = {"names": names, "read_at": asked}
            ServerUsers.objects.get_or_create(panel=panel, defaults=first)
            return []
        if known.read_at >= asked:
            return []  # somebody has listed it after us, and tells of what is new
        fresh = sorted(set(names) - set(known.names))
        found = _judged(fresh, panel, isp, bm, window) if fresh else []
        with transaction.atomic():
            # Of two who listed it at the same time, the later one compares with the other's list.
            mine = ServerUsers.objects.filter(pk=known.pk, read_at=known.read_at)
            if mine.update(names=names, read_at=asked):
                NewUser.objects.bulk_create(found)
                return found


def look_again_at(window: Window, bm: BillManager) -> list[NewUser]:
    """Ask once more whose those new users are that nobody's service bore; those told, not saved.

    BILLmanager may write the username into a service later than its module makes the user. It is
    asked about as many as at first, the newest of them.
    """
    found = []
    unknown = window.new_users.filter(service_id=None, binding=None).select_related("panel")
    for user in unknown.order_by("-pk")[:MAX_ASKED]:
        owner = _by_service(user.username, bm)
        if owner is not None:
            user.service_id, user.binding, user.why = owner
            found.append(user)
    return found


def message_of(users: Sequence[NewUser]) -> Message:
    """What is told of users of ours."""
    return several(
        say(
            "user.ours",
            user=user.username,
            server=user.panel.name,
            binding=f"b{user.binding_id}",
            why=user.why,
        )
        for user in users
    )


def _judged(
    names: Sequence[str], panel: Panel, isp: IspManager, bm: BillManager, window: Window
) -> list[NewUser]:
    # Those that something may have been opened for since the last list, not every account.
    open_windows = Window.objects.filter(Q(pk=window.pk) | ~Q(phase=Phase.CLOSED))
    ours = list(
        Binding.objects.filter(account__panel=panel, reserved=True)
        .filter(Q(window__in=open_windows) | Q(service_id__isnull=False, done_at=None))
        .select_related("account")
    )
    sites: dict[str, list[str]] | None = None
    found = []
    for place, name in enumerate(names):
        owner = _by_service(name, bm) if place < MAX_ASKED else None
        if owner is None:
            if sites is None:
                sites = {}
                for site in isp.domains():
                    sites.setdefault(site.owner, []).append(site.name)
            owner = _by_likeness(name, sites.get(name, []), ours)
        service_id, binding, why = owner
        found.append(
            NewUser(
                panel=panel,
                window=window,
                username=name,
                binding=binding,
                service_id=service_id,
                why=why,
                found_at=clock.now(),
            )
        )
    return found


Told = tuple[int | None, Binding | None, Message]
"""The service that has the name, the binding whose it is, and what that was told by."""


def _by_service(name: str, bm: BillManager) -> Told | None:
    """Whose service bears this username in BILLmanager; None when none does."""
    found = bm.services.with_username(name)
    if not found:
        return None
    ours = foreign_orders.owners(found)
    service = next((one for one in found if one.id in ours), found[0])
    return service.id, ours.get(service.id), say("user.of_service", service=service.id)


def _by_likeness(name: str, domains: Sequence[str], ours: Sequence[Binding]) -> Told:
    """Whether a user that no service bears looks like a second one of an account of ours.

    A taken name is tried again with digits behind it (billmanager.md 7.3).
    """
    for binding in ours:
        username = binding.account.username
        behind = name[len(username) :] if name.startswith(username) else ""
        if behind.isdecimal() and len(behind) <= MAX_DIGITS:
            return None, binding, say("user.like", name=username)
        if any(same_domain(domain, binding.domain) for domain in domains):
            return None, binding, say("user.site", domain=binding.domain)
    return None, None, say("user.of_nobody")

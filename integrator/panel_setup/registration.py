"""Registers a panel: validates, asks the panel itself, and only then saves."""

from __future__ import annotations

import re
import ssl

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.messages import invisible_characters
from integrator.models import Panel
from integrator.panel_access.panel_url import AddressError, normalise
from integrator.panel_access.same_server import same_server
from integrator.panel_setup.login_check import check_login
from panels.normal_forms import clean, unseen_in

MAX_LIMIT = 64
"""Calls to one panel at a time."""
_NAME = re.compile(r"[\w][\w .-]{0,63}")
_PATHS = {Panel.Kind.BILLMANAGER: "/billmgr", Panel.Kind.ISPMANAGER: "/ispmgr"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


def register(
    kind: str,
    name: str,
    url: str,
    username: str,
    password: str,
    *,
    task_username: str = "",
    task_password: str = "",
    ca_pem: str = "",
    pin: str = "",
    max_parallel: int = 8,
) -> Panel:
    """Check the panel and keep it.

    ``task_username``: the BILLmanager employee who handles the manual module's tasks, "" when it
    is the same login. ``ca_pem``: certificates to trust, or ``pin``: the SHA-256 of the panel's
    own; both "": what the system trusts.
    Raises Refused when the input cannot be taken or the panel says no, and
    PanelError when it cannot be asked; nothing is saved then.
    """
    panel = Panel(
        kind=kind,
        name=clean(name),
        url=url,
        username=clean(username),
        password=password,
        task_username=clean(task_username),
        task_password=task_password,
        ca_pem=ca_pem.strip(),
        pin_sha256=clean(pin.replace(":", "")).lower(),
        max_parallel=max_parallel,
        created_at=now(),
    )
    _validate(panel)
    check_login(panel)
    _refuse_alias(panel)
    try:
        with transaction.atomic():
            panel.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("Somebody else has just registered this panel.")) from None
    return panel


def _validate(panel: Panel) -> None:
    """Tidy the panel's URL and refuse what cannot be right, all of it at once."""
    problems = [
        str(invisible_characters.named(text, sign))
        for text in (panel.name, panel.username, panel.task_username)
        if (sign := unseen_in(text))
    ]
    if panel.kind not in Panel.Kind.values:
        raise Refused(_("A panel is a billmanager or an ispmanager."))
    try:
        panel.url, panel.address = normalise(panel.url, panel.kind)
    except AddressError as error:
        problems.append(str(error))
    if panel.url.startswith("http:") and not settings.ALLOW_INSECURE_PANELS:
        problems.append(
            _(
                "Plain http would show the panel's password to the network; write https. (For a"
                " sandbox there is the setting ALLOW_INSECURE_PANELS.)"
            )
        )
    if not _NAME.fullmatch(panel.name):
        problems.append(
            _("A name has up to 64 letters, digits, blanks, dots, dashes or underscores.")
        )
    if not 1 <= panel.max_parallel <= MAX_LIMIT:
        problems.append(
            _("Between 1 and %(most)d calls at a time are allowed.") % {"most": MAX_LIMIT}
        )
    problems += [*_login_problems(panel), *_trust_problems(panel), *_duplicates(panel)]
    if problems:
        raise Refused(_("The panel was not registered:"), problems)


def _login_problems(panel: Panel) -> list[str]:
    problems = []
    if not panel.username or not panel.password:
        problems.append(_("The panel's login needs a username and a password."))
    if ":" in panel.username:
        problems.append(_("A panel's username cannot hold a colon."))
    if bool(panel.task_username) != bool(panel.task_password):
        problems.append(_("The login for tasks needs both a username and a password."))
    if panel.task_username and panel.kind != Panel.Kind.BILLMANAGER:
        problems.append(_("Only BILLmanager has a login for tasks."))
    return problems


def _trust_problems(panel: Panel) -> list[str]:
    if panel.ca_pem and panel.pin_sha256:
        return [_("Trust a CA file or one pinned certificate, not both.")]
    if panel.pin_sha256 and not _SHA256.fullmatch(panel.pin_sha256):
        return [_("A pin is the SHA-256 of the panel's certificate: 64 hexadecimal digits.")]
    if panel.ca_pem:
        try:
            ssl.create_default_context(cadata=panel.ca_pem)
        except (ssl.SSLError, ValueError):
            return [_("The CA file holds no certificate in PEM form.")]
    return []


def _duplicates(panel: Panel) -> list[str]:
    problems = []
    foreign = [path for kind, path in _PATHS.items() if kind != panel.kind]
    if panel.address.endswith(tuple(foreign)):
        problems.append(
            _("%(url)s is not the address of a panel of this kind.") % {"url": panel.url}
        )
    others = Panel.objects.exclude(pk=panel.pk)
    if others.filter(name__iexact=panel.name).exists():
        problems.append(_("Another panel is already called “%(name)s”.") % {"name": panel.name})
    same = others.filter(address=panel.address).first() if panel.address else None
    if same is not None:
        problems.append(
            _("This server is already registered, as “%(name)s”.") % {"name": same.name}
        )
    elif panel.kind == Panel.Kind.BILLMANAGER:
        first = others.filter(kind=Panel.Kind.BILLMANAGER).first()
        if first is not None:
            problems.append(
                _("There is exactly one BILLmanager, and “%(name)s” is it.") % {"name": first.name}
            )
    return problems


def _refuse_alias(panel: Panel) -> None:
    """Refuse a server that is registered already under another host name.

    That is: the same port and path, an address that both names lead to, and where there is TLS the
    same certificate, since one proxy may stand before several panels.
    """
    for other in Panel.objects.filter(kind=panel.kind).exclude(pk=panel.pk):
        if same_server(panel, other):
            problem = _("%(url)s is the server that is already registered, as “%(name)s”.")
            raise Refused(
                _("The panel was not registered:"),
                [problem % {"url": panel.url, "name": other.name}],
            )

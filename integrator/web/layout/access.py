"""Access by three roles, checked in every view, fragments included.

A role is membership of the Django group of the same name; the highest one counts. A superuser is
an admin. A login without a role may sign in and sees nothing: panels and money are not public.
"""

from __future__ import annotations

import enum
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect

from integrator.core import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AnonymousUser, User
    from django_htmx.middleware import HtmxDetails


class Role(enum.IntEnum):
    """A role; each includes the rights of those before it."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def group(self) -> str:
        """The name of the Django group that gives this role."""
        return self.name.lower()


ROLE_WORDS = {
    Role.NONE: _("No role"),
    Role.VIEWER: _("Viewer"),
    Role.OPERATOR: _("Operator"),
    Role.ADMIN: _("Admin"),
}
GROUPS = {role.group: role for role in Role if role}


class Request(HttpRequest):
    """A request as views see it: with a person and what htmx said."""

    user: User | AnonymousUser
    htmx: HtmxDetails


class View(Protocol):
    """A view behind ``needs``."""

    def __call__(self, request: Request, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request."""
        ...


def role_of(user: User | AnonymousUser) -> Role:
    """The highest role of this person; asked of the database once per request."""
    if not user.is_authenticated or not user.is_active:
        return Role.NONE
    if user.is_superuser:
        return Role.ADMIN
    known: Role | None = getattr(user, "_role", None)
    if known is None:
        names = user.groups.values_list("name", flat=True)
        known = max((GROUPS[name] for name in names if name in GROUPS), default=Role.NONE)
        setattr(user, "_role", known)  # noqa: B010 - lives as long as the request's user
    return known


CODE_AT = "code_at"
"""Session key: when its person last showed a code of the second factor, in epoch seconds."""
FRESH_SECONDS = 600.0
"""For so long a code that was shown serves for what needs one once more."""


def has_fresh_code(request: HttpRequest) -> bool:
    """Whether the person has shown a code just now; always where no second factor is required."""
    shown_at: float = request.session.get(CODE_AT, 0.0)
    return not settings.REQUIRE_2FA or clock.now().timestamp() - shown_at < FRESH_SECONDS


def needs(
    *, get: Role | None = None, post: Role | None = None, fresh: bool = False
) -> Callable[[View], View]:
    """Let a view be called with GET, POST or both, each from the named role on.

    Somebody who is not signed in is sent to the login page; under htmx the whole page goes
    there, since a login form must not land in a table cell. Nothing is kept by caches.
    ``fresh``: what is done by POST costs money or opens the house: a code is asked for once more,
    unless one was shown in the last ten minutes.
    """
    roles = {"GET": get, "HEAD": get, "POST": post}

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_login(request)
            role = roles.get(request.method or "")
            if role is None:
                return HttpResponseNotAllowed([name for name, least in roles.items() if least])
            if role_of(request.user) < role:
                raise PermissionDenied
            if fresh and request.method == "POST" and not has_fresh_code(request):
                return _to_code(request)
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        # Checked right here; the middleware's own redirect would not know of htmx.
        guarded.login_required = False  # type: ignore[attr-defined]
        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate


def _to_code(request: Request) -> HttpResponseBase:
    """Ask for a code once more, then lead back to the page that was sent; nothing is done yet."""
    back = _sent_from(request) or resolve_url("overview")
    return _led_to(request, reverse("second-factor"), back)


def _sent_from(request: Request) -> str:
    """The page of ours that a form was sent from, with its query.

    "" where the browser does not tell, or where the page was an answer to a form itself.
    """
    sender = urlsplit(request.headers.get("Referer", ""))
    if sender.netloc != request.get_host():
        return ""
    try:
        shown = resolve(sender.path).func
    except Resolver404:
        return ""
    is_page = getattr(shown, "roles", {}).get("GET") is not None
    return f"{sender.path}?{sender.query}".removesuffix("?") if is_page else ""


def to_login(request: Request) -> HttpResponseBase:
    """Send the browser to the login page and, after it, back to the page it was on.

    What was typed there is kept by the browser meanwhile (static/app.js), but for secrets.
    """
    back = request.htmx.current_url_abs_path if request.htmx else request.get_full_path()
    if request.method != "GET" and not request.htmx:
        back = _sent_from(request)
    return _led_to(request, None, back or resolve_url("overview"))


def _led_to(request: Request, page: str | None, back: str) -> HttpResponseBase:
    """Send the whole page to this one, None: to sign in, from which it comes back."""
    redirect = redirect_to_login(back, page)
    return HttpResponseClientRedirect(redirect.url) if request.htmx else redirect

"""The second factor: set up an authenticator app, and ask for its code after the password.

Required of everybody while ``REQUIRE_2FA`` is on. A session that has shown no code gets to no
page but these, the theme and signing out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import pyotp
import segno
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from integrator.core import clock
from integrator.models import SecondFactor
from integrator.web.layout.access import CODE_AT

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from integrator.web.layout.access import Request

SHOWN = "second_factor"
"""Session key: the id of the user who has shown a code in it."""
OPEN = frozenset({"login", "logout", "second-factor", "theme", "language", "healthz", "readyz"})
TRIES = 5
LOCK = dt.timedelta(minutes=5)
RECOVERY_CODES = 8


class CodeForm(forms.Form):
    """One code of the app, or one of the recovery codes."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


def gate(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: a session without a code is sent to show one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            not settings.REQUIRE_2FA
            or not user.is_authenticated
            or request.session.get(SHOWN) == user.pk
            or resolve(request.path_info).url_name in OPEN
        ):
            return get_response(request)
        target = f"{reverse('second-factor')}?next={request.path}"
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(reverse("second-factor"))
        return HttpResponseRedirect(target)

    return middleware


@never_cache
@login_required
def page(request: Request) -> HttpResponse:
    """Set the app up, or show a code of it."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required; tells the type checker
    factor, _made = SecondFactor.objects.get_or_create(
        user=user, defaults={"secret": pyotp.random_base32()}
    )
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        problem = check(factor, form.cleaned_data["code"])
        if not problem:
            return _let_in(request, factor)
        form.add_error("code", problem)
    again = request.session.get(SHOWN) == user.pk
    context: dict[str, Any] = {"form": form, "next": request.GET.get("next", ""), "again": again}
    if factor.confirmed_at is None:
        context |= {"secret": factor.secret, "picture": picture(user, factor.secret)}
    return render(request, "admin/second_factor.html", context)


def picture(user: User, secret: str) -> str:
    """The QR code that an app reads, as a data address."""
    address = pyotp.TOTP(secret).provisioning_uri(
        name=user.get_username(), issuer_name="Integrator"
    )
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2)


def check(factor: SecondFactor, code: str) -> str:
    """Why this code is refused; empty when it is accepted, and then it is used up.

    Tries at the same moment wait for each other, so that each is counted. A recovery code counts
    for whoever has locked himself out, too: nobody guesses one.
    """
    now = clock.now()
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().get(pk=factor.pk)
        refused = _judge(row, code.replace(" ", "").replace("-", ""), now)
        row.save(update_fields=["recovery", "failures", "locked_until", "last_step"])
    return refused


def _judge(row: SecondFactor, code: str, now: dt.datetime) -> str:
    """Why this code is refused, see ``check``; what follows for the row is not saved yet."""
    hashed = _hashed(code)
    if row.confirmed_at is not None and hashed in row.recovery:
        row.recovery = [each for each in row.recovery if each != hashed]
        row.failures, row.locked_until = 0, None
        return ""
    if row.locked_until and row.locked_until > now:
        return _("Too many wrong codes. Try again in a few minutes, or with a recovery code.")
    step = _step_of(row.secret, code, now)
    if step and step > row.last_step:
        row.last_step, row.failures = step, 0
        return ""
    row.failures += 1
    if row.failures >= TRIES:
        row.failures, row.locked_until = 0, now + LOCK
    return _("This code is not right, or was used already. Wait for the next one.")


def _step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """The 30-second step that this code belongs to: this one, the last or the next; else None."""
    totp = pyotp.TOTP(secret)
    for offset in (0, -1, 1):
        step = totp.timecode(now) + offset
        if secrets.compare_digest(totp.generate_otp(step), code):
            return step
    return None


def _let_in(request: Request, factor: SecondFactor) -> HttpResponse:
    request.session[SHOWN] = request.user.pk
    request.session[CODE_AT] = clock.now().timestamp()
    if factor.confirmed_at is None:
        codes = [f"{secrets.token_hex(3)}-{secrets.token_hex(3)}" for _n in range(RECOVERY_CODES)]
        hashes = [_hashed(code.replace("-", "")) for code in codes]
        SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=clock.now(), recovery=hashes)
        return render(request, "admin/second_factor_codes.html", {"codes": codes})
    back = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if safe and back else "overview")


def _hashed(code: str) -> str:
    """The stored hash of a recovery code; it is random enough for a plain one."""
    return hashlib.sha256(f"{settings.SECRET_KEY}:{code.lower()}".encode()).hexdigest()

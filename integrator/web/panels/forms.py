"""Forms about panels. Passwords are write-only: they are never put into a page again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django import forms
from django.utils.translation import gettext_lazy as _

from integrator.core.errors import PanelError, Refused
from integrator.messages.message import NOTHING
from integrator.models import Module, Panel
from integrator.panel_setup import location, login_check, registration
from integrator.panel_setup.advice import refusal_of
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from django.http import QueryDict

    from integrator.panel_setup.location import Sight

MAX_PEM = 1_000_000
"""Bytes of a CA file that are read; the system's own are smaller."""
SECRET = {"autocomplete": "new-password"}


def secret(label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    """A password's field: taken as it stands, blanks included, and never shown again."""
    return forms.CharField(
        label=label,
        required=required,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput(attrs=SECRET),
    )


class LoginForm(forms.Form):
    """Login and trust of a panel."""

    username = forms.CharField(label=_("Username"), max_length=128)
    password = secret(_("Password"), required=True)
    task_username = forms.CharField(
        label=_("Staff login for tasks"),
        required=False,
        max_length=128,
        help_text=_(
            "BILLmanager only: the employee who may handle the manual module's tasks."
            " Empty: the same login."
        ),
    )
    task_password = secret(_("Password of the staff login"))
    max_parallel = forms.IntegerField(
        label=_("Calls at a time"),
        min_value=1,
        max_value=registration.MAX_LIMIT,
        initial=8,
    )
    pin = forms.CharField(
        label=_("Pinned certificate (SHA-256)"),
        required=False,
        max_length=128,
        help_text=_("For a self-signed certificate: trust this one and no other."),
    )
    ca_pem = forms.CharField(
        label=_("CA certificates (PEM)"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    refused: Refused | None = None


class AddressForm(forms.Form):
    """The first question about a new panel: where it is. Nothing is kept yet."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Panel.Kind.choices, widget=forms.RadioSelect)
    url = forms.CharField(
        label=_("Address"),
        max_length=300,
        widget=forms.TextInput(attrs={"inputmode": "url"}),
        help_text=_(
            "A host name is enough, for instance billing.example; or the URL as your browser shows"
            " it, with or without port and path."
        ),
    )
    refused: Refused | None = None

    def find(self) -> Sight | None:
        """Look where the panel answers; None when nobody does, which is then in ``refused``."""
        try:
            return location.find(self.cleaned_data["kind"], self.cleaned_data["url"])
        except (Refused, PanelError) as error:
            self.refused = refusal_of(error)
            return None


class AddForm(LoginForm):
    """A new panel whose address is known; it is asked before it is kept.

    ``sight``: what was seen at the address, None before anybody looked. A certificate that is not
    trusted is trusted on the person's word, ``trust``: the one that was shown, and no other.
    """

    kind = forms.ChoiceField(choices=Panel.Kind.choices, widget=forms.HiddenInput)
    url = forms.CharField(max_length=300, widget=forms.HiddenInput)
    sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    trust = forms.BooleanField(
        label=_("This is the panel's own certificate: trust it, and no other"), required=False
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=64,
        help_text=_("What you call it: the billing, a server's short name."),
    )
    ca_file = forms.FileField(
        label=_("CA file"),
        required=False,
        help_text=_("Instead of one certificate: the CA that signs your panels' certificates."),
    )
    field_order = ("kind", "url", "sha256", "trust", "name")
    sight: Sight | None = None

    @classmethod
    def at(cls, kind: str, sight: Sight) -> Self:
        """The empty form for a panel that was found."""
        begin = {"kind": kind, "url": sight.url, "sha256": sight.sha256, "max_parallel": 8}
        form = cls(initial=begin)
        form.show(sight)
        return form

    def show(self, sight: Sight) -> None:
        """Show what was found; trust in the certificate is asked for only where it is needed."""
        self.sight = sight
        needless = ["pin"] if sight.distrust else ["trust", "pin", "ca_pem", "ca_file"]
        for name in needless:
            del self.fields[name]
        if self["kind"].value() != Panel.Kind.BILLMANAGER:
            del self.fields["task_username"], self.fields["task_password"]

    def look_again(self) -> None:
        """Show after a refusal what the address shows now; nothing where it cannot be reached."""
        try:
            self.show(location.find(self["kind"].value(), self["url"].value()))
        except (Refused, PanelError):
            return

    def register(self) -> Panel | None:
        """Check and keep the panel; None when it was refused, which is then in ``refused``."""
        values = dict(self.cleaned_data)
        shown, file = values.pop("sha256"), values.pop("ca_file", None)
        if values.pop("trust", False) and not values["pin"]:
            values["pin"] = shown
        if file is not None:
            values["ca_pem"] = file.read(MAX_PEM).decode("utf-8", "replace")
        try:
            return registration.register(**values)
        except (Refused, PanelError) as error:
            self.refused = refusal_of(error)
            return None


class ChangeForm(LoginForm):
    """Another login for a panel that is there. An empty password keeps the stored one."""

    password = secret(_("Password"), help_text=_("Empty: as it is stored."))
    task_password = secret(_("Password of the staff login"), help_text=_("Empty: as it is stored."))

    def __init__(self, panel: Panel, data: QueryDict | None = None) -> None:
        self.panel = panel
        initial = {
            name: getattr(panel, name)
            for name in ("username", "task_username", "max_parallel", "ca_pem")
        }
        super().__init__(data, initial={**initial, "pin": panel.pin_sha256})

    def change(self) -> bool:
        """Check the new login with the panel and keep it; False when it was refused."""
        panel, values = self.panel, dict(self.cleaned_data)
        values["pin_sha256"] = values.pop("pin").replace(":", "").strip().lower()
        if not values["task_username"]:
            panel.task_password = ""
        changed = {name: value for name, value in values.items() if value or "password" not in name}
        for name, value in changed.items():
            setattr(panel, name, value)
        try:
            login_check.check_login(panel)
        except (Refused, PanelError) as error:
            self.refused = refusal_of(error)
            return False
        panel.stopped = NOTHING
        panel.save(update_fields=[*changed, "task_password", "stopped"])
        return True


class LinkForm(forms.Form):
    """The link of a server to the ispmanager module of BILLmanager that serves it."""

    module = forms.TypedChoiceField(label=_("ispmanager module in BILLmanager"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Module.objects.filter(gone_at=None, kind="ispmanager").order_by("name")
        field = self.fields["module"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [(one.remote_id, f"{one.remote_id} {plain(one.name)}") for one in known]


class DialectForm(forms.Form):
    """One entry of the dialect."""

    name = forms.CharField(max_length=64)
    value = forms.CharField(max_length=200, required=False)
    force = forms.BooleanField(required=False)
    back = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Empty the value for the button that resets an entry; else refuse an empty one."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("back"):
            values["value"] = ""
        return values

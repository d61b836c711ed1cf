"""Forms about panels. Passwords are write-only: they are never put into a page again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from integrator.accounts import registering
from integrator.accounts.refusals import Refused
from integrator.models import Module, Panel
from integrator.web.asking import refusal_of
from integrator.web.plain import plain
from panels.billmanager.dialect import Dialect
from panels.errors import PanelError

if TYPE_CHECKING:
    from django.http import QueryDict

SECRET = {"autocomplete": "new-password"}


def secret(label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    """A password's field: taken as it stands, blanks included, and never shown again."""
    return forms.CharField(
        label=label, required=required, strip=False, help_text=help_text,
        widget=forms.PasswordInput(attrs=SECRET),
    )  # fmt: skip


class LoginForm(forms.Form):
    """How Integrator logs in to a panel and what it trusts."""

    username = forms.CharField(label=_("Username"), max_length=128)
    password = secret(_("Password"), required=True)
    task_username = forms.CharField(
        label=_("Staff login for tasks"), required=False, max_length=128,
        help_text=_(
            "BILLmanager only: the employee who may handle the manual module's tasks."
            " Empty: the same login."
        ),
    )  # fmt: skip
    task_password = secret(_("Password of the staff login"))
    max_parallel = forms.IntegerField(
        label=_("Calls at a time"), min_value=1, max_value=registering.LARGEST_LIMIT, initial=8,
    )  # fmt: skip
    pin = forms.CharField(
        label=_("Pinned certificate (SHA-256)"), required=False, max_length=128,
        help_text=_("For a self-signed certificate: trust this one and no other."),
    )  # fmt: skip
    ca_pem = forms.CharField(
        label=_("CA certificates (PEM)"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    refused: Refused | None = None


class AddForm(LoginForm):
    """A new panel; it is asked before it is kept."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Panel.Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), max_length=64)
    url = forms.CharField(
        label=_("URL"), max_length=300, widget=forms.TextInput(attrs={"inputmode": "url"}),
        help_text=_("For instance https://billing.example:1500/billmgr"),
    )  # fmt: skip
    field_order = ("kind", "name", "url")

    def register(self) -> Panel | None:
        """Check and keep the panel; None when it was refused, which is then in ``refused``."""
        try:
            return registering.register(**self.cleaned_data)
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
            registering.check_login(panel)
        except (Refused, PanelError) as error:
            self.refused = refusal_of(error)
            return False
        panel.stopped = ""
        panel.save(update_fields=[*changed, "task_password", "stopped"])
        return True


class LinkForm(forms.Form):
    """Which ispmanager module of BILLmanager serves a server."""

    module = forms.TypedChoiceField(label=_("ispmanager module in BILLmanager"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = Module.objects.filter(gone_at=None, kind="ispmanager").order_by("name")
        field = self.fields["module"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - tells the type checker
        field.choices = [(one.remote_id, f"{one.remote_id} {plain(one.name)}") for one in known]


class DialectForm(forms.Form):
    """A correction of what this installation calls one thing."""

    name = forms.CharField(max_length=64)
    value = forms.CharField(max_length=200, required=False)

    def __init__(self, panel: Panel, *args: Any, **kwargs: Any) -> None:
        self.panel = panel
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Try the correction on the stored dialect, which knows what it can take."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                Dialect.from_json(self.panel.dialect).with_overrides(self.overrides())
            except ValueError as error:
                raise forms.ValidationError(str(error)) from error
        return values

    def overrides(self) -> dict[str, str]:
        """All corrections with this one; an empty value takes it back."""
        name, value = self.cleaned_data["name"], self.cleaned_data.get("value", "")
        others = {key: text for key, text in self.panel.overrides.items() if key != name}
        return {**others, name: value} if value else others

"""The form with a run's choices: how to pay, whether to renew, what about passwords."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrator.core.clock import now
from integrator.core.errors import Refused
from integrator.models import Panel
from integrator.models.states import Payment
from integrator.previews import passwords
from integrator.previews.choices import MAX_COHORT, MAX_PERIOD, Choices
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.forms.boundfield import BoundField
    from django.http import QueryDict

MAX_FILE = 16 * 1024 * 1024
"""Bytes of a CSV file that is uploaded."""

PASSWORDS = [
    ("given", _("Use those that are given; an account that lacks one is not bound")),
    ("check", _("The same, and test each on ispmanager before anything is ordered")),
    (
        "reset",
        _(
            "Reset every account's password on ispmanager. FTP, SSH, backups and scripts that use"
            " the old one stop working at once, and nobody is told: clients find the new one in"
            " BILLmanager"
        ),
    ),
]


MORE = ("expires", "cohort", "hours", "hold_letters")
"""Fields that are folded away."""
WITHOUT = (
    "without",
    _(
        "Use those that are given; an account that lacks one is bound without, which BILLmanager's"
        " task allows"
    ),
)
"""Offered where the form of a task has shown that it asks for none."""


class ChoicesForm(forms.Form):
    """The choices for one run. Auto-renewal has no default: it costs clients money."""

    AUTOPROLONG = [
        ("on", _("On: BILLmanager renews them from the client's balance")),
        ("off", _("Off: a site is suspended when its period ends and nobody pays")),
    ]
    payment = forms.ChoiceField(
        label=_("How to pay"),
        choices=Payment.choices,
        widget=forms.RadioSelect,
        initial=Payment.BALANCE,
    )
    paymethod = forms.ChoiceField(
        label=_("Payment method for the credit"),
        required=False,
        help_text=_("Only for crediting: the added payment is marked as paid with this method."),
    )
    autoprolong = forms.ChoiceField(
        label=_("Auto-renewal of the new services"), widget=forms.RadioSelect, choices=AUTOPROLONG
    )
    period = forms.IntegerField(
        label=_("Period in months"),
        min_value=1,
        max_value=MAX_PERIOD,
        initial=1,
    )
    expires = forms.CharField(
        label=_("Services run until"),
        required=False,
        max_length=11,
        widget=forms.TextInput(attrs={"placeholder": "month-end", "autocomplete": "off"}),
        help_text=_(
            "Empty: the end of the period that is paid for. A date such as 2027-01-31, month-end or"
            " month-start (the next one after that period); set before the service is bound, and"
            " read back. Dates in a file win."
        ),
    )
    passwords = forms.ChoiceField(
        label=_("Account passwords"), choices=PASSWORDS, widget=forms.RadioSelect, initial="given"
    )
    cohort = forms.IntegerField(
        label=_("Largest cohort"),
        min_value=1,
        max_value=MAX_COHORT,
        help_text=_(
            "A plan is opened for one account first, then for 10, and then for ten times as many as"
            " are bound on it, if they are ordered in a few seconds; for this many at most."
        ),
    )
    hours = forms.CharField(
        label=_("Only in these hours"),
        required=False,
        max_length=11,
        widget=forms.TextInput(attrs={"placeholder": "02:00-06:00"}),
    )
    hold_letters = forms.BooleanField(
        label=_("Hold back the plans' opening letters"),
        required=False,
        help_text=_(
            "While a window is open, the plan sends no opening letter: neither to these clients nor"
            " to others whose service opens in these minutes. It is put back with the modules."
        ),
    )
    token = forms.CharField(widget=forms.HiddenInput, max_length=40)
    refused: Refused | None = None

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        initial = {"cohort": settings.COHORT, "token": secrets.token_hex(16)}
        super().__init__(data, initial=initial, **kwargs)
        self.fields["hours"].help_text = _hours_help()
        self._offer("paymethod", [("", _("– none –")), *paymethods()])
        if passwords.are_optional():
            self._offer("passwords", [*PASSWORDS, WITHOUT])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
        field.choices = choices

    def first(self) -> list[BoundField]:
        """What each run asks for."""
        return [field for field in self if field.name not in MORE]

    def more(self) -> list[BoundField]:
        """What most runs leave as it is."""
        return [self[name] for name in MORE]

    def more_is_open(self) -> bool:
        """Whether some of that was changed, or is wrong."""
        return any(name in self.changed_data or name in self.errors for name in MORE)

    def clean(self) -> dict[str, Any]:
        """Check the choices against each other, with the same rules as the command line."""
        values: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.choices()
            except Refused as refused:
                raise forms.ValidationError(refused.lines or [refused.text]) from refused
        return values

    def choices(self) -> Choices:
        """The checked choices.

        Raises Refused when it does not fit together.
        """
        values = self.cleaned_data
        credit = values["payment"] == Payment.CREDIT
        return Choices(
            payment=values["payment"],
            paymethod=values["paymethod"] if credit else "",
            autoprolong={"on": True, "off": False}.get(values["autoprolong"]),
            period=values["period"],
            check_passwords=values["passwords"] == "check",
            reset_passwords=values["passwords"] == "reset",
            without_passwords=values["passwords"] == "without",
            cohort=values["cohort"],
            hours=values["hours"],
            hold_letters=values["hold_letters"],
            expires=values["expires"],
        ).checked()


class SecretTextarea(forms.Textarea):
    """A text area that is never sent back filled: passwords stand in no page."""

    def format_value(self, value: Any) -> str:  # noqa: ARG002 - whatever was typed
        """Nothing."""
        return ""


class SelectedForm(ChoicesForm):
    """The choices for ticked accounts, with a pasted list of their passwords."""

    password_list = forms.CharField(
        label=_("Passwords of these accounts"),
        required=False,
        strip=False,
        widget=SecretTextarea(
            attrs={
                "rows": 4,
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "login password",
            }
        ),
        help_text=_(
            "One account a line: its login, a space, the password. The preview asks for what is "
            "not in the list. Kept encrypted until the binding ends."
        ),
    )


class CsvForm(ChoicesForm):
    """The choices for a file, whose own columns win over them."""

    file = forms.FileField(label=_("CSV file"))
    skip_bad_lines = forms.BooleanField(
        label=_("Leave out lines that cannot be taken"), required=False
    )
    field_order = ("file", "skip_bad_lines")

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse what is too large to be looked at in one request."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size and file.size > MAX_FILE:
            raise forms.ValidationError(_("The file is larger than 16 MB; split it."))
        return file

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        renewal = self.fields["autoprolong"]
        assert isinstance(renewal, forms.ChoiceField)  # noqa: S101 - tells the type checker
        said = ("column", _("As the column “autoprolong” says"))
        renewal.choices = [*ChoicesForm.AUTOPROLONG, said]


def _hours_help() -> str:
    """What the hours are in, with the present time beside the reader's own."""
    moment = now()
    own = timezone.localtime(moment)
    utc, zone = f"{moment:%H:%M}", timezone.get_current_timezone_name()
    if not own.utcoffset():
        return gettext("In UTC, where it is %(utc)s now. Empty: at any time.") % {"utc": utc}
    text = gettext("In UTC, where it is %(utc)s now (%(own)s %(zone)s). Empty: at any time.")
    return text % {"utc": utc, "own": f"{own:%H:%M}", "zone": zone}


def paymethods() -> list[tuple[str, str]]:
    """Ways to pay that the last discovery of BILLmanager found, for a choice field."""
    found = Panel.objects.billmanagers().values_list("discovery", flat=True)
    methods = [row for one in found for row in one.get("facts", {}).get("paymethods", [])]
    return [(str(row[0]), plain(f"{row[1]} {row[2]}".strip())) for row in methods]

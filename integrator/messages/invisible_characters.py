"""The message about an invisible character in what a person has typed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from panels import normal_forms


def sentence(text: str, sign: str) -> str:
    """A sentence that names the invisible character in a text, and where it is."""
    return _("It holds a sign that nobody sees, %(sign)s, behind “%(before)s”: delete it.") % {
        "sign": normal_forms.name_of_sign(sign),
        "before": text.partition(sign)[0],
    }

"""What is said of a sign that nobody sees in what a person has typed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from panels import normal_forms


def sentence(text: str, sign: str) -> str:
    """What to say of a sign in a text that nobody sees."""
    return _("It holds a sign that nobody sees, %(sign)s, behind “%(before)s”: delete it.") % {
        "sign": normal_forms.name_of_sign(sign),
        "before": text.partition(sign)[0],
    }

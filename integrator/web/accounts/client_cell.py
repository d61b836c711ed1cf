"""The cell of a row of accounts that shows its client, or asks for one.

It is made here and not in a template because a page has a hundred of them, with three candidates
each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.safestring import SafeString

NOBODY = mark_safe('<span class="muted">–</span>')
_PICK = (
    '<button class="pick" data-key="{0}" name="client" value="{1}" formaction="{2}" hx-post="{2}"'
    ' title="{3}"><kbd>{0}</kbd> <bdi>{4}</bdi> <small>{5} %</small></button>'
)
_SHOWN = '<span class="pick" title="{}"><bdi>{}</bdi> <small>{} %</small></span>'
_MORE = (
    '<a class="more-picks" href="{0}" data-choose aria-label="{1}" hx-get="{0}"'
    ' hx-target="#choose" hx-swap="innerHTML">{2} ▾</a>'
)
_UNDO = (
    ' <button class="quiet undo" name="forget" value="1" formaction="{0}" hx-post="{0}"'
    ' title="{1}" aria-label="{1}">↶</button>'
)


@dataclass(frozen=True, slots=True)
class Pick:
    """A candidate client: the key that chooses it, and why it fits, in per cent and in words."""

    key: int
    client: int
    name: str
    confidence: int
    why: str


class ClientCells:
    """Makes the cells of one page.

    ``may_choose``: whether this person may; ``back``: the page to come back to, as a query string.
    """

    def __init__(self, back: str = "", *, may_choose: bool) -> None:
        self._may_choose = may_choose
        self._back = back
        self._choose = pgettext("client", "Choose")
        self._undo = _("Take the choice back")

    def settled(self, account: int, client: str, *, chosen: bool) -> SafeString:
        """The client's name; where a person has chosen it, the choice can be deleted."""
        if not client:
            return NOBODY
        name = format_html("<bdi>{}</bdi>", client)
        if not (chosen and self._may_choose):
            return name
        return name + format_html(_UNDO, f"/accounts/{account}/forget/", self._undo)

    def asking(self, account: int, picks: Sequence[Pick], more: int) -> SafeString:
        """The likeliest candidates with their keys, and the way to all that is known."""
        if not self._may_choose:
            shown = format_html_join("", _SHOWN, ((p.why, p.name, p.confidence) for p in picks))
            return shown or NOBODY
        address = f"/accounts/{account}/choose/"
        buttons = format_html_join(
            "", _PICK, ((p.key, p.client, address, p.why, p.name, p.confidence) for p in picks)
        )
        rest = (f"+{more}" if more else "") if picks else self._choose
        return buttons + format_html(_MORE, address + self._back, self._choose, rest)

"""Messages about panels, and the texts of the panel client's notes (`panels.notes`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from panels import notes

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TEXTS = {
    "panel.said": _("%(where)s: %(what)s"),
    "panel.shows": _("%(why)s; it shows %(shown)s"),
    "panel.slow": _("%(func)s took %(seconds)d s"),
    "panel.renamed": _("%(panel)s calls things otherwise now: %(new)s instead of %(gone)s"),
    "panel.names_lost": _("its names could not be found again: %(why)s"),
    "panel.dialect": _("%(panel)s: %(entries)s"),
}

NOTES: dict[str, _StrPromise] = {key: _(text) for key, text in notes.TEXTS.items()}
"""Marked for translation in `panels.notes`."""

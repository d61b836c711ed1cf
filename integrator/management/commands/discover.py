"""Read what the panels list; read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.core.errors import Refused
from integrator.inventory import unreadable_rows
from integrator.management.output import FAILED, OK, UNREACHABLE, PersonCommand
from integrator.matching import matcher
from integrator.models import Panel
from integrator.refresh import account_emails, discovery
from panels.coremanager.errors import NotSent, PanelError, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(PersonCommand):
    """`manage.py discover`."""

    help = "Read what all panels list: accounts, clients, plans, services. Changes nothing there."

    def run(self, **_given: Any) -> int:
        """Discover every panel, BILLmanager first, then match; one that fails holds back nobody."""
        panels = list(Panel.objects.order_by("kind", "name"))
        if not panels:
            raise Refused(_("No panel is registered yet; add one with “manage.py panel add”."))
        found: dict[str, Any] = {}
        lines: list[str] = []
        code = OK
        for panel in panels:
            try:
                result = discovery.discover(panel, match=False)
            except PanelError as error:
                code = max(code, UNREACHABLE if _passing(error) else FAILED)
                found[panel.name] = {"error": str(error)}
                self.note(str(error))
                continue
            found[panel.name] = {**result.counts, "seconds": result.seconds}
            panel.refresh_from_db(fields=["discovery"])
            odd = unreadable_rows.of(panel)
            if odd:
                found[panel.name]["unreadable_rows"] = [unreadable_rows.plain(one) for one in odd]
            counts = ", ".join(f"{name} {count}" for name, count in result.counts.items())
            lines.append(f"{panel.name}: {counts} ({result.seconds:.1f} s)")
            lines += [
                _("  could not be read: %(row)s") % {"row": unreadable_rows.sentence(one)}
                for one in odd
            ]
        matches = matcher.match_all()
        if self._emails(panels):
            matches = matcher.match_all()
        lines.append(
            _("Matches: %(ready)d ready, %(choose)d to choose, %(blocked)d blocked.") % matches
        )
        self.emit({"panels": found, "matches": matches}, lines)
        return code

    def _emails(self, panels: Sequence[Panel]) -> int:
        """Ask each server for the e-mails that would still help; how many are new."""
        changed = 0
        for panel in panels:
            if panel.kind == Panel.Kind.ISPMANAGER and panel.discovered_at is not None:
                try:
                    changed += account_emails.read(panel)
                except PanelError as error:
                    self.note(str(error))
        return changed


def _passing(error: PanelError) -> bool:
    """Whether the panel could not be reached, as opposed to: it was, and something is wrong."""
    return isinstance(error, NotSent) or (isinstance(error, UnexpectedAnswer) and error.transient)

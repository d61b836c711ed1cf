"""Try again what has failed, from the step it failed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings.operator import actions, report
from integrator.core.errors import Refused
from integrator.management.output import (
    FAILED,
    OK,
    REFUSED,
    PersonCommand,
    actor,
    find_binding,
    find_run,
    secret_from,
)
from integrator.management.run_wait import wait_for
from integrator.models import Binding, Run
from integrator.models.states import RETRYABLE, BindingState
from integrator.previews.confirmable import KINDS
from integrator.previews.corrections import Correction, Wish, corrected

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from django.db.models import QuerySet


FIXES = ("username", "client", "plan", "period", "domain")


class Command(PersonCommand):
    """`manage.py retry RUN|BINDING`."""

    help = "Retry a run's failed bindings (r12) or one binding (b345), from the step that failed."

    def declare(self, parser: ArgumentParser) -> None:
        """Declare what is retried."""
        parser.add_argument("word", metavar="RUN|BINDING", help=_("as r12 or b345"))
        parser.add_argument(
            "--failed", action="store_true", help=_("of a run: failed ones, not cancelled ones")
        )
        parser.add_argument(
            "--password-env", metavar="VAR", help=_("variable with another password (one binding)")
        )
        fix = parser.add_argument_group(_("corrections of one binding"))
        fix.add_argument("--username", default="", help=_("another account of the same server"))
        fix.add_argument("--client", default="", help=_("e-mail or id; before the order alone"))
        fix.add_argument("--plan", default="", help=_("id or exact name; the same"))
        fix.add_argument("--period", type=int, metavar="N", help=_("months; the same"))
        fix.add_argument("--domain", default="", help=_("the same"))
        fix.add_argument(
            "--confirm",
            action="append",
            default=[],
            choices=sorted(KINDS),
            help=_("a debt, a domain or a price that asks for a person's word"),
        )
        parser.add_argument(
            "--cause", default="", metavar="KEY", help=_("of a run: only those that failed so")
        )
        parser.add_argument("--wait", action="store_true")

    def run(self, **given: Any) -> int:
        """Retry; 2 when nothing could be, 1 when not all is done after waiting."""
        bindings = self.chosen(given["word"], only_failed=given["failed"])
        if given["cause"]:
            bindings = bindings.filter(cause=given["cause"])
        fixes = {name: given[name] for name in FIXES}
        wish = Wish(**fixes, confirmed=frozenset(given["confirm"]))
        if wish != Wish() and bindings.count() != 1:
            raise Refused(_("A correction belongs to one binding; name it as b345."))
        if given["password_env"] and bindings.count() != 1:
            raise Refused(_("A password belongs to one binding; name it as b345."))
        ids = list(bindings.values_list("pk", flat=True))
        password = secret_from(given["password_env"]) or None
        fix = corrected(bindings.get(), wish) if wish != Wish() else Correction({})
        done = actions.retry(
            bindings, actor(), password=password, corrected=fix.fields, confirmed=fix.words
        )
        runs = set(Run.objects.filter(bindings__in=done.retried))
        if given["wait"]:
            for run in sorted(runs, key=lambda run: run.pk):
                wait_for(run, self.note)
        self.emit(
            {
                "retried": [f"b{pk}" for pk in done.retried],
                "refused": [{"binding": f"b{pk}", "text": text} for pk, text in done.refused],
                "runs": [report.run_json(run) for run in runs] if given["wait"] else [],
            },
            [
                _("%(count)d retried.") % {"count": len(done.retried)},
                *(f"b{pk}: {text}" for pk, text in done.refused),
            ],
        )
        if not done.retried:
            return REFUSED
        left = Binding.objects.filter(pk__in=ids).exclude(state=BindingState.DONE)
        return FAILED if done.refused or (given["wait"] and left.exists()) else OK

    def chosen(self, word: str, *, only_failed: bool) -> QuerySet[Binding]:
        """The bindings that the word means.

        Raises Refused when there is none that can be retried.
        """
        if word.startswith("b"):
            return Binding.objects.filter(pk=find_binding(word).pk)
        states = [BindingState.FAILED] if only_failed else RETRYABLE
        bindings = Binding.objects.filter(run=find_run(word), state__in=states)
        if not bindings.exists():
            raise Refused(_("Nothing in run %(run)s has failed.") % {"run": word})
        return bindings

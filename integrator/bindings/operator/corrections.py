"""Which corrections a retried binding can take, and putting them in.

Username and password can always be corrected; client, plan, period and domain only while no money
intent has happened or may have (design.md, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from integrator.bindings import transitions
from integrator.core.errors import ActionRefused
from integrator.messages.message import named, say
from integrator.models import Account, Binding, Intent, PreviewRow
from integrator.steps import step3_order as step3
from integrator.steps import step4_pay as step4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALWAYS = frozenset({"account"})
"""What may be corrected after the order: another username of the same server."""


def is_ordered(binding: Binding) -> bool:
    """Whether an order, or credit for it, has happened or may have: then only names may change."""
    return (
        binding.service_id is not None
        or Intent.objects.may_have_happened()
        .filter(binding=binding, kind__in=[step3.KIND, step4.CREDIT])
        .exists()
    )


def check(binding: Binding, fields: Mapping[str, Any]) -> None:
    """Raise ActionRefused when one of these fields can no longer be changed."""
    late = sorted(set(fields) - ALWAYS)
    if late and is_ordered(binding):
        raise ActionRefused(
            _("b%(id)d has ordered or credited already: only its username and password can still"
              " be corrected, not %(fields)s.") % {"id": binding.pk, "fields": ", ".join(late)}
        )  # fmt: skip


def moved(binding: Binding, fields: Mapping[str, Any], actor: str) -> None:
    """Point accounts at the binding that now is theirs, and say what was corrected.

    In the transaction that changed the binding.
    """
    account = fields.get("account", binding.account)
    if account.pk != binding.account_id:
        Account.objects.filter(pk=binding.account_id, binding=binding).update(binding=None)
    Account.objects.filter(pk=account.pk).update(binding=binding)
    if fields:
        said = [
            say(
                "field.corrected",
                field=named("field", name),
                before=str(getattr(binding, name)),
                after=str(value),
            )
            for name, value in sorted(fields.items())
        ]
        transitions.remark(binding, say("binding.corrected", fields=said), actor=actor)


def confirm(binding: Binding, words: Sequence[str], actor: str) -> None:
    """Keep a person's words (``steps.means``) where those of the preview are kept.

    In the transaction that queued the binding again.
    """
    if not words:
        return
    for row in PreviewRow.objects.filter(preview=binding.run.preview_id, number=binding.number):
        row.words = sorted({*row.words, *words})
        row.save(update_fields=["words"])
    transitions.remark(binding, say("binding.confirmed", words=", ".join(words)), actor=actor)

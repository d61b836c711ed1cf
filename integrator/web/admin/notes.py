"""Notes of what people changed that is no run, binding or window: panels, plan map, people."""

from __future__ import annotations

from integrator.core.clock import now
from integrator.messages.message import verbatim
from integrator.models import Event


def note(actor: str, subject: str, to_state: str, about: str) -> None:
    """Write down who did what; ``about`` names the thing and never holds a secret."""
    why = verbatim(about)
    Event.objects.create(at=now(), actor=actor, subject=subject, to_state=to_state, why=why)

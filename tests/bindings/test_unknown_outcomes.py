"""Whatever happens to one call: nothing is doubled, and the run comes to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrator.models import Intent, Panel, Window
from tests.services.slow_cases import first_of

if TYPE_CHECKING:
    from tests.services.provider import Provider, Workers

EFFECTS: dict[str, dict[str, str]] = {
    "processing.add.settings": {},
    "pricelist.processing.resume": {},
    "pricelist.processing.suspend": {},
    "v2.vhost.order.param": {},
    "task.edit": {"sok": "ok"},
}

READS = ["vhost", "task", "pricelist.processing"]


@pytest.mark.any_database
@pytest.mark.parametrize(
    "kind", first_of(["reset_after", "reset_before", "http_500", "truncated"], count=2)
)
def test_broken_effects(kind: str, provider: Provider, workers: Workers) -> None:
    """Each effect of the eight steps is struck twice in one run."""
    rules: list[dict[str, Any]] = [
        {"panel": None, "func": func, "kind": kind, "times": 2, "when": when}
        for func, when in EFFECTS.items()
    ]
    provider.sandbox.faults(*rules)
    workers.finish(provider.start(3))
    assert [rule["struck"] for rule in provider.sandbox.rules()] == [2] * len(rules)
    provider.sound(done=3)
    if kind == "reset_after":
        adopted = Intent.objects.filter(why__key="effect.read_back")
        kinds = set(adopted.values_list("kind", flat=True))
        assert {"create_module", "order", "switch"} <= kinds
        assert kinds & {"take", "close"}
        switched = adopted.filter(kind="switch").values_list("before__request__on", flat=True)
        assert set(switched) == {True, False}


@pytest.mark.any_database
@pytest.mark.parametrize(
    "kind", first_of(["reset_before", "truncated", "login_page", "locked", "http_500"], count=2)
)
def test_broken_reads(kind: str, provider: Provider, workers: Workers) -> None:
    rules = [{"panel": "billmanager", "func": func, "kind": kind, "times": 1} for func in READS]
    run = provider.start(2)
    provider.sandbox.faults(*rules)
    workers.finish(run)
    provider.sound(done=2)


@pytest.mark.any_database
def test_a_session_that_expires_in_the_middle(provider: Provider, workers: Workers) -> None:
    run = provider.start(3)
    provider.sandbox.faults(
        {"panel": None, "func": "*", "kind": "expire_session", "probability": 0.2, "times": 5}
    )
    workers.finish(run)
    provider.sound(done=3)


def test_a_panel_that_goes_away_in_the_middle(provider: Provider, workers: Workers) -> None:
    run = provider.start(4)
    workers.until(lambda: Window.objects.filter(phase="orders").exists())
    provider.sandbox.kill()
    workers.until(lambda: Panel.objects.filter(away_since__isnull=False).exists())
    provider.sandbox.start()
    workers.finish(run, limit=90)
    provider.sound(done=4)

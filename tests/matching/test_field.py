"""Matching on a world as one finds it in the field, against the world's own truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.refresh import account_emails, discovery
from tests.matching.judge import judge
from tests.matching.proposals import proposals
from tests.services.registered_panels import billing, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from tests.services.sandbox import Sandbox


@pytest.mark.parametrize("namesakes", ["5", "60"])
def test_nothing_ready_is_wrong_and_most_that_can_be_decided_is_ready(
    start_sandbox: Callable[..., Sandbox], real_panels: None, settings: Settings, namesakes: str
) -> None:
    settings.EMAILS_PER_SECOND = 1000.0
    size = ("--accounts", "500", "--clients", "200", "--seed", "3", "--namesakes", namesakes)
    sandbox = start_sandbox("--field", *size, ispmanagers=2)
    panels = [billing(sandbox), server(sandbox), server(sandbox, 2)]
    for panel in panels:
        discovery.discover(panel)
    while any(account_emails.wanted(panel).exists() for panel in panels[1:]):
        for panel in panels[1:]:
            discovery.read_emails(panel)
    verdict = judge(sandbox.world()["accounts"], proposals())
    figures = "\n".join(verdict.lines())
    assert not verdict.wrong, "\n".join(verdict.wrong)
    assert not verdict.offered, "\n".join(verdict.offered)
    assert verdict.decided >= 0.9 * verdict.decidable, figures
    assert verdict.decidable > 300
    assert verdict.guessed == 0, figures

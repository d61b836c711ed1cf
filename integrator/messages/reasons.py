"""Reasons for which a row is ready, must be chosen or is blocked: messages as JSON.

They are stored in lists beside other things, and a filter asks for their keys. ``of_json`` puts
one into words.
"""

from __future__ import annotations

from typing import Any

from integrator.messages.message import say

Reason = dict[str, Any]
"""{"key", "params"} as ``Message.to_json`` gives it and ``match_reasons``, ``PreviewRow.reasons``
and ``Drift.reason`` keep it; older versions kept a "text" as well. A row of a preview marks with
"asks" what a person must say something about."""


def reason(key: str, **params: object) -> Reason:
    """The reason with this key and these parameters. Raises what ``say`` raises."""
    return say(key, **params).to_json()

"""Codes by which cells say *on* and *off*, and the usual names of columns that do."""

from __future__ import annotations

ON = frozenset({"on", "yes", "1", "true", "enabled", "active"})
OFF = frozenset({"off", "no", "0", "false", "disabled", "inactive", "suspended"})
MARKERS = ("active", "status", "enabled")

"""Binds existing ispmanager accounts to BILLmanager services, in bulk, watched and resumable."""

from __future__ import annotations

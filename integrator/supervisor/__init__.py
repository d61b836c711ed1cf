"""The processes of `manage.py up`: what they are, and what keeps them running."""

from __future__ import annotations

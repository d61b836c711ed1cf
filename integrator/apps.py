"""The one Django app."""

from __future__ import annotations

import importlib

import django_stubs_ext
from django.apps import AppConfig

# Before any model is read. Not in the settings: beat needs those, and none of what this imports.
django_stubs_ext.monkeypatch()


class IntegratorConfig(AppConfig):
    """Holds the models; its label is the tables' prefix."""

    name = "integrator"
    label = "integrator"

    def ready(self) -> None:
        """Make our Celery app the current one, and wake-ups sent through it."""
        importlib.import_module("integrator.celery")
        importlib.import_module("integrator.tasks")

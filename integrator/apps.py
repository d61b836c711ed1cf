"""The one Django app."""

from __future__ import annotations

import importlib
from typing import Any

import django_stubs_ext
from django.apps import AppConfig
from django.db.models.signals import post_migrate

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
        post_migrate.connect(_index_words, sender=self, dispatch_uid="search index")


def _index_words(*, using: str, **_: Any) -> None:
    """Make the index for searching, where it is missing."""
    from integrator.models import search_index  # noqa: PLC0415 - models are read after this module

    search_index.ensure(using)

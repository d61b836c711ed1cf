"""Fill an installation with the sandbox's panels; a step of `up --demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from integrator.core.env import DEMO_FILE, words
from integrator.demo import prepare
from integrator.supervisor import demo

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """`manage.py demo`."""

    help = "Register the sandbox's panels and the demo's admin; harmless when done again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--billmanager-port", type=int, required=True)
        parser.add_argument("--ispmanager-port", required=True, help="several: a,b")

    def handle(self, *_args: str, **given: Any) -> None:
        """Do it."""
        if not (settings.VAR_DIR / DEMO_FILE).exists():
            raise CommandError(f"{settings.VAR_DIR} is no demo: run `manage.py up --demo`.")
        people = get_user_model()._default_manager  # noqa: SLF001 - Django's public name for it
        user, is_new = people.get_or_create(
            username=demo.USER, defaults={"is_staff": True, "is_superuser": True}
        )
        if is_new:
            user.set_password(demo.password(settings.VAR_DIR))
            user.save(update_fields=["password"])
        prepare(
            billmanager_port=given["billmanager_port"],
            ispmanager_ports=[int(port) for port in words(given["ispmanager_port"])],
        )

#!/usr/bin/env python3
"""The command line: `manage.py help` lists the commands."""

from __future__ import annotations

import os
import sys

REFUSED = 2  # the input was refused and nothing changed


def main() -> None:
    """Run one command; settings that are not right are told without a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")
    os.umask(0o077)  # what is written, also by what `up` starts, is nobody else's to read
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"{error.name} is not installed: run `make setup`, then .venv/bin/python manage.py\n"
        )
        sys.exit(REFUSED)
    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the settings now
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(REFUSED)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

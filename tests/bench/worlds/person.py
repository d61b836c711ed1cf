"""Signs in a person who may do all: `python -m tests.bench.worlds.person`.

Prints the key of the session.
"""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")
django.setup()

from django.contrib.auth import (  # noqa: E402 - after Django is set up
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)

from integrator.core.session_store import SessionStore  # noqa: E402 - the same


def main() -> None:
    """Make the person and the session."""
    person = get_user_model()._default_manager.create_superuser("bench")
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    sys.stdout.write(f"{session.session_key}\n")


if __name__ == "__main__":
    main()

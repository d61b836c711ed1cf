"""The project's settings as the tests see them.

Nothing of the machine's environment but `DATABASE_URL`; a folder of their own; cheap passwords.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.services.variables import NAMES

for _name in NAMES:
    if _name != "DATABASE_URL":
        os.environ.pop(_name, None)
        os.environ.pop(f"{_name}_FILE", None)
_var_dir = tempfile.mkdtemp(prefix="integrator-")
atexit.register(shutil.rmtree, _var_dir, ignore_errors=True)
os.environ.update(
    VAR_DIR=_var_dir,
    SECRET_KEY="only-for-tests-" + "0123456789abcdef" * 3,
    FIELD_KEYS="dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
    BEHIND_TLS="off",  # the test client and the browser speak plain http
    REQUIRE_2FA="off",  # it has tests of its own
    LOG_LEVEL="WARNING",
    WORKER_THREADS="1",  # so that what a test does in its own thread happens in order
)

# whitenoise warns when it has nothing to serve
Path(_var_dir, "static").mkdir()

from integrator.settings import *  # noqa: E402, F403 - the settings, with that environment
from integrator.settings import DATABASES, STORAGES, VAR_DIR  # noqa: E402 - the same

# Programs that a test starts are to use the real settings; pytest has chosen this file already.
os.environ["DJANGO_SETTINGS_MODULE"] = "integrator.settings"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    # The manifest is made by `up`; it has a test of its own.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, since a database in memory locks by rules of its own that no installation has.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "tests.sqlite3"}

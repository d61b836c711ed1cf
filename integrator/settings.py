"""Django's settings. An operator changes those that `env` reads (docs/settings.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import NONE, SELF
from environs import validate

from integrator.core import keys
from integrator.core.env import (
    BASE_DIR,
    DEMO_FILE,
    SQLITE,
    Environment,
    horizon,
    keys_of_a_server,
    local_database,
    local_redis,
)
from integrator.core.redis_address import RedisAddress

if TYPE_CHECKING:
    from pathlib import Path

    from dj_database_url import DBConfig

    from integrator.core.env import Network

# -- what an operator can change; spans are seconds unless the name says otherwise ------------
env = Environment()
at_least_one = validate.Range(min=1)

VAR_DIR: Path = env.folder("VAR_DIR", str(BASE_DIR / "var"))
# The demo's own choices hold for every command on its folder; the environment still wins.
env.read_env(VAR_DIR / DEMO_FILE, recurse=False)

DEBUG = env.bool("DEBUG", default=False)
database: DBConfig = env.database("DATABASE_URL", local_database(VAR_DIR))
REDIS_URL: str = env.redis_url("REDIS_URL", local_redis(VAR_DIR))
REDIS_CA_FILE: Path | None = env.file("REDIS_CA_FILE", "")
REDIS_PREFIX = env.str("REDIS_PREFIX", "integrator", validate=validate.Length(min=1, max=40))
SECRET_KEY: str = env.secret_key("SECRET_KEY", "")
FIELD_KEYS: tuple[str, ...] = env.field_keys("FIELD_KEYS", "")
ALLOWED_HOSTS: tuple[str, ...] = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS: tuple[str, ...] = env.origins("CSRF_TRUSTED_ORIGINS", "")
TRUSTED_PROXIES: tuple[Network, ...] = env.networks("TRUSTED_PROXIES", "")
BEHIND_TLS = env.bool("BEHIND_TLS", default=not DEBUG)
HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
REQUIRE_2FA = env.bool("REQUIRE_2FA", default=True)
ALLOW_PRIVATE_PANELS = env.bool("ALLOW_PRIVATE_PANELS", default=False)
ALLOW_INSECURE_PANELS = env.bool("ALLOW_INSECURE_PANELS", default=False)
WINDOW_LIMIT = env.float("WINDOW_LIMIT", 900.0, validate=at_least_one)
SETTLE_SECONDS = env.float("SETTLE_SECONDS", 20.0, validate=validate.Range(min=0))
HORIZON_SECONDS = env.float("HORIZON_SECONDS", 600.0, validate=at_least_one)
LEASE_SECONDS = env.float("LEASE_SECONDS", 30.0, validate=at_least_one)
CONNECT_TIMEOUT = env.float("CONNECT_TIMEOUT", 5.0, validate=at_least_one)
READ_TIMEOUT = env.float("READ_TIMEOUT", 30.0, validate=at_least_one)
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", 5, validate=at_least_one)
COHORT = env.int("COHORT", 200, validate=at_least_one)
MANUAL_ONLY_SECONDS = env.float("MANUAL_ONLY_SECONDS", 20.0, validate=at_least_one)
BREAKER = env.int("BREAKER", 10, validate=at_least_one)
CALL_RETENTION_DAYS = env.int("CALL_RETENTION_DAYS", 30, validate=at_least_one)
EMAILS_PER_SECOND = env.float(
    "EMAILS_PER_SECOND", 25.0, validate=validate.Range(min=0.1, max=10_000)
)
DRIFT_HOURS = env.float("DRIFT_HOURS", 24.0, validate=validate.Range(min=0))
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
WORKERS = env.int("WORKERS", 2, validate=validate.Range(min=1, max=32))
WORKER_THREADS = env.int("WORKER_THREADS", 16, validate=validate.Range(min=1, max=256))
WEB_THREADS = env.int("WEB_THREADS", 8, validate=validate.Range(min=1, max=256))
BIND: str = env.address("BIND", "127.0.0.1")
LOG_LEVEL = env.str(
    "LOG_LEVEL", "INFO", validate=validate.OneOf(("DEBUG", "INFO", "WARNING", "ERROR"))
)
LOG_FORMAT = env.str("LOG_FORMAT", "console", validate=validate.OneOf(("console", "json")))

env.check(
    keys_of_a_server(database, SECRET_KEY=SECRET_KEY, FIELD_KEYS=FIELD_KEYS),
    horizon(HORIZON_SECONDS, CONNECT_TIMEOUT, READ_TIMEOUT),
)
REDIS = RedisAddress.of(REDIS_URL, REDIS_CA_FILE)
# Empty only before the first `manage.py up` on this VAR_DIR; whatever needs one then says so.
SECRET_KEY = SECRET_KEY or keys.secret_key(VAR_DIR)
FIELD_KEYS = FIELD_KEYS or keys.field_keys(VAR_DIR)

# -- the house --------------------------------------------------------------------------------
ROOT_URLCONF = "integrator.urls"
WSGI_APPLICATION = "integrator.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_filters",
    "template_partials",
    "csp",
    "axes",
    "integrator",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "integrator.web.layout.time_zone.in_own_time_zone",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "integrator.web.admin.second_factor.gate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Before a view, and so before anybody reads a form for its token.
    "integrator.web.layout.body_limits.limit_bodies",
    "axes.middleware.AxesMiddleware",  # last, as its manual asks
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


# -- rows -------------------------------------------------------------------------------------
if database["ENGINE"] == SQLITE:
    database["ENGINE"] = "integrator.core.sqlite3"  # whose writers wait for each other in turn
    _options = {
        # IMMEDIATE takes the write lock at the start: a later upgrade could not wait for it.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Of each connection, of which a worker has many. Statements are mostly long and seldom the
        # same again: the usual 128 took 14 MB of a worker more, and its time as well.
        "cached_statements": 16,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    _options = {"connect_timeout": 5}
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **database,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,  # on SQLite every GET would take the write lock
        "OPTIONS": {**_options, **database.get("OPTIONS", {})},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# -- people -----------------------------------------------------------------------------------
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses before a password is looked at
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # nobody can lock a colleague out
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False

# -- the browser ------------------------------------------------------------------------------
SESSION_ENGINE = "integrator.core.session_store"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if BEHIND_TLS:  # the prefix makes the browser itself refuse such a cookie from anywhere else
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD = HSTS_SUBDOMAINS, HSTS_PRELOAD
# Whether other names of the domain speak TLS as well is its owner's to know.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # data: for the small icons inside the style sheet
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# -- files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "uploads"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

# All rows of a preview's form at once; the size of a body is limited all the same.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

CSRF_FAILURE_VIEW = "integrator.web.layout.stale.refuse"

# -- words and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

LOGGING_CONFIG = "integrator.core.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}

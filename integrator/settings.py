"""Django's settings. An operator changes those of `integrator/core/env.py` (docs/settings.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csp.constants import NONE, SELF

from integrator.core import env, keys

if TYPE_CHECKING:
    from integrator.core.env import Database

OPTIONS = env.read()
BASE_DIR = env.BASE_DIR

# -- ours -------------------------------------------------------------------------------------
VAR_DIR = OPTIONS.var_dir
REDIS_URL = OPTIONS.redis_url
REQUIRE_2FA = OPTIONS.require_2fa
ALLOW_PRIVATE_PANELS = OPTIONS.allow_private_panels
ALLOW_INSECURE_PANELS = OPTIONS.allow_insecure_panels
WINDOW_LIMIT = OPTIONS.window_limit
SETTLE_SECONDS = OPTIONS.settle_seconds
HORIZON_SECONDS = OPTIONS.horizon_seconds
LEASE_SECONDS = OPTIONS.lease_seconds
CONNECT_TIMEOUT = OPTIONS.connect_timeout
READ_TIMEOUT = OPTIONS.read_timeout
MAX_ATTEMPTS = OPTIONS.max_attempts
COHORT = OPTIONS.cohort
BREAKER = OPTIONS.breaker
CALL_RETENTION_DAYS = OPTIONS.call_retention_days
EMAILS_PER_SECOND = OPTIONS.emails_per_second
DRIFT_HOURS = OPTIONS.drift_hours
METRICS_TOKEN = OPTIONS.metrics_token
WORKER_THREADS = OPTIONS.worker_threads
# Empty only before the first `manage.py up` on this VAR_DIR; whatever needs one then says so.
SECRET_KEY = OPTIONS.secret_key or keys.secret_key(VAR_DIR)
FIELD_KEYS = OPTIONS.field_keys or keys.field_keys(VAR_DIR)

# -- the house --------------------------------------------------------------------------------
DEBUG = OPTIONS.debug
ALLOWED_HOSTS = list(OPTIONS.allowed_hosts)
ROOT_URLCONF = "integrator.urls"
WSGI_APPLICATION = "integrator.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
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
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "integrator.web.admin.second_factor.gate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
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
def _databases(place: Database) -> dict[str, dict[str, Any]]:
    common = {
        "ENGINE": f"django.db.backends.{place.engine}",
        "NAME": place.name,
        "CONN_MAX_AGE": None,  # opening a connection costs more than a step
        "ATOMIC_REQUESTS": False,  # on SQLite every GET would take the write lock
    }
    if place.is_server:
        return {
            "default": {
                **common,
                "USER": place.user,
                "PASSWORD": place.password,
                "HOST": place.host,
                "PORT": place.port,
                "CONN_HEALTH_CHECKS": True,
                "OPTIONS": {"connect_timeout": 5, **place.options},
            }
        }
    options = {
        # IMMEDIATE takes the write lock at the start: a later upgrade could not wait for it.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    return {"default": {**common, "OPTIONS": options}}


DATABASES = _databases(OPTIONS.database_url)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# -- people -----------------------------------------------------------------------------------
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
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
BEHIND_TLS = OPTIONS.behind_tls
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if BEHIND_TLS:  # the prefix makes the browser itself refuse such a cookie from anywhere else
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_TRUSTED_ORIGINS = list(OPTIONS.csrf_trusted_origins)
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
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

# -- words and time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

LOGGING_CONFIG = "integrator.core.logs.configure"
LOGGING = {"level": OPTIONS.log_level, "format": OPTIONS.log_format}

"""The web application, as gunicorn calls it."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrator.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from integrator.core.proxies import TrustedProxies

application = TrustedProxies(get_wsgi_application(), settings.TRUSTED_PROXIES)

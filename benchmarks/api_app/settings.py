"""The studio's settings with the other frameworks beside it; BENCH_SIDE says which one answers."""

import os

from config.settings import *  # noqa: F403  these are the studio's settings
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework"]
ROOT_URLCONF = f"benchmarks.api_app.{os.environ.get('BENCH_SIDE', 'studio')}"
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
SILENCED_SYSTEM_CHECKS = ["rest_framework.W001"]
# What each answers is measured, not what else the site does with a request.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

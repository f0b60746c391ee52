"""All settings, in one file, from the environment. Without any variable the studio runs alone: SQLite, local files, no key."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from . import env

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(env.text("VAR_DIR") or BASE_DIR / "var")
DEBUG = env.boolean("DEBUG", default=False)


def generated_secret(name: str) -> str:
    """The secret of this installation, made once and kept in a file that only its owner can read."""
    file = VAR_DIR / name
    if not file.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        mine = file.with_name(f".{name}.{os.getpid()}")
        mine.touch(mode=0o600)
        mine.write_text(secrets.token_urlsafe(48))
        try:
            os.link(mine, file)  # fails if another process was first; theirs is read below
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return file.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY") or generated_secret("secret_key")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])
# Under these the providers' keys are stored, newest first; older ones still open what was sealed under them.
PROVIDER_SECRETS = env.secrets("VP_SECRET_KEYS") or [generated_secret("provider_secret")]
# A key from the environment wins over the stored one.
PROVIDER_KEYS = {
    "stability_ai": env.text("STABILITY_AI_KEY"),
    "runway_ml": env.text("RUNWAY_ML_KEY"),
    "replicate": env.text("REPLICATE_API_TOKEN"),
    "llm": env.text("LLM_API_KEY"),
}
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "web.admin_apps.StudioAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_q",
    "config",
    "web",
    "studio",
    "jobs",
    "providers",
    "stories",
    *env.words("EXTRA_APPS", []),
]

MIDDLEWARE = [
    "web.json.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "studio.language.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
LOGIN_REDIRECT_URL = "admin:index"
LOGIN_URL = "admin:login"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Unfold's Alpine needs 'unsafe-eval', its theme colours and x-show need inline styles; inline scripts stay forbidden.
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "blob:"],
    "media-src": ["'self'", "blob:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
X_FRAME_OPTIONS = "DENY"


def database(url: str) -> dict[str, Any]:
    """`sqlite:///path` or `postgresql://user:password@host:port/name` (`?host=/socket/folder` for a socket)."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path.removeprefix("/")) if parts.path != "/:memory:" else ":memory:",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # Writers queue at BEGIN instead of failing in the middle; readers never wait for them.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.removeprefix("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.pop("host", "") or parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": query,
        }
    raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgresql://.")


DATABASES = {"default": database(env.text("DATABASE_URL") or f"sqlite:////{str(VAR_DIR / 'studio.sqlite3').lstrip('/')}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def redis_url() -> str:
    """REDIS_URL, or the address made from REDIS_HOST, REDIS_PORT, REDIS_PASSWORD and REDIS_DB; empty for no Redis."""
    if url := env.text("REDIS_URL"):
        return url
    if not (host := env.text("REDIS_HOST")):
        return ""
    password = env.text("REDIS_PASSWORD")
    login = f":{password}@" if password else ""
    return f"redis://{login}{host}:{env.integer('REDIS_PORT', 6379, minimum=1)}/{env.integer('REDIS_DB', 0)}"


REDIS_URL = redis_url()

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

WORKERS = env.integer("WORKERS", 2, minimum=1)
JOB_LEASE_SECONDS = env.integer("JOB_LEASE_SECONDS", 30, minimum=2)
JOB_TICK_MS = env.integer("JOB_TICK_MS", 500, minimum=10)

# django-q2 is the pool of processes; the Job rows are the truth, so none of its own rows are kept. A task is "work until nothing
# is due": its time limit is far off, a job's own limit stands beside its handler.
Q_CLUSTER: dict[str, Any] = {
    "name": "videoplanet",
    "broker_class": "jobs.bell.redis.RedisBell" if REDIS_URL else "jobs.bell.database.DatabaseBell",
    "workers": WORKERS,
    "timeout": 24 * 3600,
    "retry": 4 * 24 * 3600,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "queue_limit": WORKERS,
    "scheduler": False,
    "recycle": 500,
    "label": "Queue",
}

MEDIA_ROOT = Path(env.text("MEDIA_ROOT") or VAR_DIR / "media")
WORK_DIR = VAR_DIR / "work"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": MEDIA_ROOT}},
    "media": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": MEDIA_ROOT}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
ASSETS_DIR = BASE_DIR / "assets"

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "ko")
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Seoul")
USE_TZ = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

# Access tokens: "kid:secret,…", the first signs; empty: derived from SECRET_KEY. JWT_JWKS_URL names the keys of a company's own sign-on.
JWT_KEYS = env.words("JWT_KEYS", [])
JWT_JWKS_URL = env.text("JWT_JWKS_URL")
JWT_ISSUER = env.text("JWT_ISSUER")
JWT_AUDIENCE = env.text("JWT_AUDIENCE")
JWT_USERNAME_CLAIM = env.text("JWT_USERNAME_CLAIM", "preferred_username")
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0)  # how many proxies in front write X-Forwarded-For
API_WAITERS = env.integer("API_WAITERS", 8)  # requests of one process that may wait for a change at once

LOG_FILE = env.text("LOG_FILE")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain"},
        **({"file": {"class": "logging.handlers.WatchedFileHandler", "filename": LOG_FILE, "formatter": "plain"}} if LOG_FILE else {}),
    },
    "loggers": {
        "ai_video": {"handlers": ["console", *(["file"] if LOG_FILE else [])], "level": "INFO", "propagate": False},
        # It tells of every task it takes; the jobs' own lines say more.
        "django-q": {"handlers": ["console", *(["file"] if LOG_FILE else [])], "level": "WARNING", "propagate": False},
    },
}



def asset(name: str) -> Callable[[Any], str]:
    """Address of a static file, asked for when a page is made."""
    return lambda _request: static(name)


# Look and navigation of the admin; the functions are named, because settings load before the apps.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "VideoPlanet Studio",
    "SITE_HEADER": "VideoPlanet",
    "SITE_SUBHEADER": _("Studio"),
    "SITE_URL": None,
    "SITE_ICON": asset("studio/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": asset("studio/mark.svg")}],
    "STYLES": [asset("studio/studio.css")],
    "SCRIPTS": [asset("studio/studio.js")],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("admin:language")},
    "DASHBOARD_CALLBACK": "studio.dashboard.context",
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "base": {
            "50": "oklch(98.4% .003 265)",
            "100": "oklch(96.4% .005 265)",
            "200": "oklch(92.2% .007 265)",
            "300": "oklch(86.6% .01 265)",
            "400": "oklch(70% .016 265)",
            "500": "oklch(54.5% .019 265)",
            "600": "oklch(44% .02 265)",
            "700": "oklch(36% .021 266)",
            "800": "oklch(26.2% .02 267)",
            "900": "oklch(19.6% .018 268)",
            "950": "oklch(14.6% .016 268)",
        },
        "primary": {
            "50": "oklch(97% .015 268)",
            "100": "oklch(93.8% .033 268)",
            "200": "oklch(88.2% .064 268)",
            "300": "oklch(80.2% .105 268)",
            "400": "oklch(70.6% .152 268)",
            "500": "oklch(61.5% .19 268)",
            "600": "oklch(53% .2 268)",
            "700": "oklch(46.4% .18 268)",
            "800": "oklch(39.8% .148 268)",
            "900": "oklch(34.6% .114 268)",
            "950": "oklch(25.6% .076 268)",
        },
    },
    "COMMAND": {"search_callback": "studio.navigation.search"},
    "LOGIN": {"image": asset("studio/login.svg")},
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "studio.navigation.groups"},
}

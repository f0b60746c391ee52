"""All Django settings, read from the environment.

Without any variable the studio runs standalone: SQLite, local files, no provider keys.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from core.durable_files import sync_folder

from . import content_security_policy, env, logs, mailers, process, services, storage

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(env.text("VAR_DIR") or BASE_DIR / "var")
DEBUG = env.boolean("DEBUG", default=False)
PRODUCTION = env.choice("STUDIO_ENV", ("development", "production")) == "production"


def generated_secret(name: str) -> str:
    """Return a secret of this installation, generated once and stored in a file readable only by
    its owner.
    """
    file = VAR_DIR / name
    if not file.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        mine = file.with_name(f".{name}.{os.getpid()}")
        with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as fresh:
            fresh.write(secrets.token_urlsafe(48))
            fresh.flush()
            os.fsync(fresh.fileno())  # without this secret the providers' keys are unreadable
        try:
            os.link(mine, file)  # fails if another process was first; its secret is read below
            sync_folder(VAR_DIR)
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return file.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY") or generated_secret("secret_key")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])
# Encrypt the stored provider keys; newest first. Older secrets still decrypt.
PROVIDER_SECRETS = env.secrets("VP_SECRET_KEYS") or [generated_secret("provider_secret")]
# A key from the environment takes precedence over the stored one.
PROVIDER_KEYS = {
    "stability_ai": env.text("STABILITY_AI_KEY"),
    "runway_ml": env.text("RUNWAY_ML_KEY"),
    "replicate": env.text("REPLICATE_API_TOKEN"),
    "fal": env.text("FAL_KEY"),
    "llm": env.text("LLM_API_KEY"),
    "elevenlabs": env.text("ELEVENLABS_API_KEY"),
    "openai_speech": env.text("OPENAI_API_KEY"),
}
# Additional hosts to which a key from the environment may be sent.
PROVIDER_ADDRESSES = {
    "stability_ai": env.text("STABILITY_AI_BASE_URL"),
    "runway_ml": env.text("RUNWAY_ML_BASE_URL"),
    "replicate": env.text("REPLICATE_BASE_URL"),
    "fal": env.text("FAL_BASE_URL"),
    "llm": env.text("LLM_BASE_URL"),
    "elevenlabs": env.text("ELEVENLABS_BASE_URL"),
    "openai_speech": env.text("OPENAI_BASE_URL"),
}
# Private hosts ("models.lan", "10.0.0.5:11434") allowed in provider addresses, also over http.
PROVIDER_PRIVATE_HOSTS = env.words("PROVIDER_PRIVATE_HOSTS", [])
# For tests and development: allow http on this machine for provider addresses and their links.
LOOPBACK_PROVIDERS = env.boolean("LOOPBACK_PROVIDERS", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "accounts.admin_apps.StudioAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "django_q",
    "config",
    "accounts",
    "api",
    "operations",
    "jobs",
    "providers",
    "notifications",
    "stories",
    *env.words("EXTRA_APPS", []),
]

MIDDLEWARE = [
    "config.middleware.trace",
    "operations.probes.middleware",
    "config.middleware.policies",
    "config.middleware.CompressText",
    "api.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "core.unicode_normalization.ComposedQueries",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "core.unicode_normalization.NullCharacters",
    "accounts.middleware.StandingMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "operations.language.middleware",
    "accounts.mfa_pages.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
LOGIN_REDIRECT_URL = "admin:index"
LOGIN_URL = "admin:login"
CSRF_FAILURE_VIEW = "config.error_views.form_too_old"

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

MEDIA_ROOT = Path(env.text("MEDIA_ROOT") or VAR_DIR / "media")
WORK_DIR = VAR_DIR / "work"
# The maximum number of processes on this machine that parse untrusted files at once.
LIMITED_PROCESSES = env.integer("LIMITED_PROCESSES", 2, minimum=1)
STORE = storage.store_from_env()
STORAGES = storage.storages(MEDIA_ROOT, STORE, debug=DEBUG)

TRUSTED_PROXIES = env.integer(
    "TRUSTED_PROXIES", 0
)  # number of proxies that set X-Forwarded-For and -Proto
HTTPS = env.boolean("HTTPS", default=PRODUCTION)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 365 * 24 * 3600) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and env.boolean(
    "HSTS_SUBDOMAINS", default=True
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CSP = content_security_policy.content_security_policy(STORE.origin if STORE else "")
PERMISSIONS_POLICY = content_security_policy.PERMISSIONS
X_FRAME_OPTIONS = "DENY"

DATABASES = {"default": services.database_from_env(VAR_DIR, process=process.kind)}
DATABASE_POOLER = services.pooler()
DATABASE_DIRECT_URL = services.direct_database(DATABASE_POOLER)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = services.redis_url()
CACHES = services.caches(REDIS_URL)

WORKERS = env.integer("WORKERS", 2, minimum=1)
JOB_LEASE_SECONDS = env.integer("JOB_LEASE_SECONDS", 30, minimum=2)
CLOCK_SKEW_SECONDS = env.integer(
    "CLOCK_SKEW_SECONDS", 5, minimum=1
)  # clock difference between host and database that is reported
JOB_TICK_MS = env.integer("JOB_TICK_MS", 500, minimum=10)

# django-q2 provides the process pool. The Job rows are the source of truth, so its own rows are
# not stored. A task runs jobs until none is due, so its timeout is long; handlers have their own.
Q_CLUSTER: dict[str, Any] = {
    "name": "videoplanet",
    "broker_class": "jobs.wakeup.redis.RedisWakeup"
    if REDIS_URL
    else "jobs.wakeup.database.DatabaseWakeup",
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

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "ko")
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Seoul")
USE_TZ = True

AUTHENTICATION_BACKENDS = ["accounts.permission_backend.StaffBackend"]
PASSWORD_RESET_TIMEOUT = 3600  # seconds until a link to set a new password ends
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Access tokens: "kid:secret,…", the first signs; empty: derived from SECRET_KEY. JWT_JWKS_URL: the
# keys of a company single sign-on.
JWT_KEYS = env.words("JWT_KEYS", [])
JWT_JWKS_URL = env.text("JWT_JWKS_URL")
JWT_ISSUER = env.text("JWT_ISSUER")
JWT_AUDIENCE = env.text("JWT_AUDIENCE")
JWT_USERNAME_CLAIM = env.text("JWT_USERNAME_CLAIM", "preferred_username")
API_WAITERS = env.integer("API_WAITERS", 4)  # concurrent long-polling requests per process

# Single sign-on in the browser by OpenID Connect. OIDC_ROLES: "group=role,…"; the role
# "administrator" makes superusers.
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_NAME = env.text("OIDC_NAME", "SSO")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_ROLES = env.pairs("OIDC_ROLES")
OIDC_SESSION_HOURS = env.integer("OIDC_SESSION_HOURS", 10, minimum=1)
OIDC_PASSWORD_LOGIN = env.choice("OIDC_PASSWORD_LOGIN", ("administrators", "everybody"))
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.SocialAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {
        "provider_class": "accounts.single_sign_on.Provider",
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "company",
                "name": OIDC_NAME,
                "client_id": env.text("OIDC_CLIENT_ID"),
                "secret": env.text("OIDC_CLIENT_SECRET"),
                "settings": {
                    "server_url": OIDC_ISSUER,
                    "scope": env.words("OIDC_SCOPES", ["openid", "profile", "email"]),
                },
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}

# Log-in, second factors and single sign-on are django-allauth's. Its limits are off: they would let
# a stranger lock an account and one person an office; `accounts.login_throttle` has the studio's.
ACCOUNT_ADAPTER = "accounts.allauth_adapters.AccountAdapter"
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {
    "reset_password": "notifications.password_reset.AskForm",
    "user_token": "accounts.password_reset.TokenForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_LOGIN_TIMEOUT = 300  # seconds a correct password stays valid while the code is entered
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.reset_tokens.ResetTokenGenerator"  # noqa: S105  a class
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
MFA_ADAPTER = "accounts.allauth_adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.login.CodeForm",
    "reauthenticate": "accounts.login.ConfirmCodeForm",
    "add_webauthn": "accounts.passkey_forms.AddPasskeyForm",
    "authenticate_webauthn": "accounts.passkey_forms.CodeByPasskeyForm",
    "login_webauthn": "accounts.passkey_forms.LogInByPasskeyForm",
    "reauthenticate_webauthn": "accounts.passkey_forms.ConfirmByPasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_TOTP_ISSUER = "VideoPlanet Studio"
MFA_TOTP_TOLERANCE = 1  # time steps that a phone's clock may differ in either direction

# Who must use two-factor authentication: nobody, managers and superusers, or all staff.
REQUIRE_TOTP = env.choice("REQUIRE_TOTP", ("nobody", "managers", "staff"))
if PRODUCTION and not env.text("REQUIRE_TOTP"):
    REQUIRE_TOTP = "managers"

# Addresses of the studio in messages, such as https://studio.example.com; empty: none are given.
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")
# Mail: without EMAIL_HOST nothing is sent, and nothing that needs mail is offered.
MAILERS = mailers.from_env()
EMAIL_IS_SET_UP = bool(env.text("EMAIL_HOST"))
# Django's check takes a studio without mail for one whose mail is lost.
SILENCED_SYSTEM_CHECKS = [] if EMAIL_IS_SET_UP else ["mail.E001"]
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "studio@localhost")
LANGUAGE_OF_PERSON = "operations.language.stored_language"

LOG_FILE = logs.file_from_env(production=PRODUCTION)
LOG_LEVEL = logs.level_from_env()
LOGGING = logs.logging_from_env(
    LOG_FILE,
    secrets=[
        SECRET_KEY,
        *PROVIDER_SECRETS,
        *PROVIDER_KEYS.values(),
        env.text("OIDC_CLIENT_SECRET"),
        env.text("EMAIL_PASSWORD"),
        STORE.secret_key if STORE else "",
    ],
)

# Access to /metrics: by token, or from these networks (never through a proxy not in
# TRUSTED_PROXIES).
METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_NETWORKS = env.words("METRICS_NETWORKS", ["127.0.0.0/8", "::1/128"])
SENTRY_DSN = env.text("SENTRY_DSN")
# Measure each picture and clip that arrives.
CHECK_TAKES = env.boolean("CHECK_TAKES", default=True)
HALT_AFTER_DOUBTFUL = env.integer("HALT_AFTER_DOUBTFUL", 3)  # takes in a row; 0: never
KEEP_DELETED_DAYS = env.integer(
    "KEEP_DELETED_DAYS", 30
)  # days after which deleted scenes are removed permanently


def asset(name: str) -> Callable[[Any], str]:
    """Return a function for the URL of a static file, evaluated when a page is rendered."""
    return lambda _request: static(name)


# Theme and navigation of the admin. Functions are given by name, because settings load before apps.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "VideoPlanet Studio",
    "SITE_HEADER": "VideoPlanet",
    "SITE_SUBHEADER": _("Studio"),
    "SITE_URL": None,
    "SITE_ICON": asset("studio/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": asset("studio/mark.svg")}],
    "STYLES": [asset("studio/studio.css")],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": reverse_lazy("admin:language")},
    "DASHBOARD_CALLBACK": "operations.dashboard.context",
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
    "ACCOUNT": {
        "navigation": [
            {"title": _("Second factor"), "link": reverse_lazy("admin:second_factor")},
            {"title": _("Log-ins"), "link": reverse_lazy("admin:sessions")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "COMMAND": {"search_callback": "operations.navigation.search"},
    "LOGIN": {"image": asset("studio/login.svg"), "form": "accounts.login.LogInForm"},
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "operations.navigation.groups",
    },
}

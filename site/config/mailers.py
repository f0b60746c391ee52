"""The mail server, from the environment."""

from typing import Any

from . import env

TIMEOUT = 20  # seconds
PORTS = {"starttls": 587, "tls": 465, "none": 25}


def from_env() -> dict[str, Any]:
    """Return Django's MAILERS. Without EMAIL_HOST what is sent is thrown away."""
    host, security = env.text("EMAIL_HOST"), env.choice("EMAIL_SECURITY", tuple(PORTS))
    if not host:
        return {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
    options = {
        "host": host,
        "port": env.integer("EMAIL_PORT", PORTS[security], minimum=1),
        "username": env.text("EMAIL_USER"),
        "password": env.text("EMAIL_PASSWORD"),
        "use_tls": security == "starttls",
        "use_ssl": security == "tls",
        "timeout": TIMEOUT,
    }
    backend = "django.core.mail.backends.smtp.EmailBackend"
    return {"default": {"BACKEND": backend, "OPTIONS": options}}

"""The LOGGING setting: the `ai_video` logger writes to the console and a file, plain or JSON,
without secrets.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from . import env

PRODUCTION_FILE = "/var/log/videoplanet/ai_video.log"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOGGERS = {
    "ai_video": "",
    "django-q": "WARNING",  # it logs every task; the job log lines say more
    "django.request": "ERROR",  # refusals are counted in the metrics
    "django.security": "WARNING",
    "psycopg.pool": "ERROR",
}


def file_from_env(*, production: bool) -> str:
    """Return LOG_FILE.

    In production the default is /var/log/videoplanet/ai_video.log, and LOG_FILE=- logs to the
    console only.
    """
    file = env.text("LOG_FILE", PRODUCTION_FILE if production else "")
    return "" if file == "-" else file


def level_from_env() -> str:
    level = env.text("LOG_LEVEL", "INFO").upper()
    if level not in LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(LEVELS)}, not {level!r}.")
    return level


def logging_from_env(file: str, *, secrets: Iterable[str]) -> dict[str, Any]:
    """Return LOGGING from LOG_LEVEL (INFO) and LOG_FORMAT (plain or json).

    Raises ImproperlyConfigured if the file cannot be written.
    """
    level, form = level_from_env(), env.text("LOG_FORMAT", "plain").lower()
    if form not in {"plain", "json"}:
        raise ImproperlyConfigured(f"LOG_FORMAT must be plain or json, not {form!r}.")
    if file:
        _require_writable(file)
    common = {"formatter": "lines", "filters": ["trace"]}
    # Watched, because log rotation may move the file while several processes append to it.
    to_file = (
        {
            "file": {
                "class": "logging.handlers.WatchedFileHandler",
                "filename": file,
                "encoding": "utf-8",
                **common,
            }
        }
        if file
        else {}
    )
    handlers = {"console": {"class": "logging.StreamHandler", **common}, **to_file}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"trace": {"()": "operations.log_format.Trace"}},
        "formatters": {
            "lines": {
                "()": f"operations.log_format.{form.capitalize()}",
                "secrets": [secret for secret in secrets if secret],
            }
        },
        "handlers": handlers,
        "loggers": {
            name: {"handlers": list(handlers), "level": own or level, "propagate": False}
            for name, own in LOGGERS.items()
        },
    }


def _require_writable(file: str) -> None:
    try:
        with open(file, "ab"):  # noqa: PTH123  plain append, as the handler will
            pass
    except OSError as error:
        hint = (
            "create its folder for the studio's user, name another file in LOG_FILE, or "
            "set LOG_FILE=- for the console alone"
        )
        raise ImproperlyConfigured(
            f"The log file {file} cannot be written ({error.strerror}): {hint}."
        ) from error

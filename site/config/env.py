"""Reads settings from the environment. Invalid values abort startup with an error message."""

import os
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """Return the variable, or the content of the file named by `<name>_FILE` (for secrets), or the
    default.
    """
    value = os.environ.get(name)
    if value is not None:
        return value.strip()
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return default
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {file}, which cannot be read: {error.strerror}."
        ) from error


def _parsed[T](name: str, default: T, parse: Callable[[str], T], wanted: str) -> T:
    raw = text(name)
    if raw == "":
        return default
    try:
        return parse(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be {wanted}, not {raw!r}.") from error


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    def parse(raw: str) -> int:
        value = int(raw)
        if value < minimum:
            raise ValueError
        return value

    return _parsed(name, default, parse, f"a whole number of at least {minimum}")


def boolean(name: str, *, default: bool) -> bool:
    def parse(raw: str) -> bool:
        word = raw.lower()
        if word not in TRUE | FALSE:
            raise ValueError
        return word in TRUE

    return _parsed(name, default, parse, "true or false")


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words, or the first if none is given."""

    def parse(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError
        return raw.lower()

    return _parsed(name, allowed[0], parse, " or ".join(allowed))


def words(name: str, default: list[str]) -> list[str]:
    """Return a comma-separated list."""
    raw = text(name)
    return [word.strip() for word in raw.split(",") if word.strip()] if raw else default


def secrets(name: str, *, shortest: int = 32) -> list[str]:
    """Return comma-separated secrets, each of at least `shortest` characters."""
    given = words(name, [])
    if any(len(secret) < shortest for secret in given):
        raise ImproperlyConfigured(f"{name}: each secret must have at least {shortest} characters.")
    return given


def pairs(name: str) -> dict[str, str]:
    """A list like `group=role,other group=role`."""

    def parse(raw: str) -> dict[str, str]:
        found = {}
        for entry in filter(None, (part.strip() for part in raw.split(","))):
            key, separator, value = entry.rpartition("=")
            if not (separator and key.strip() and value.strip()):
                raise ValueError
            found[key.strip()] = value.strip()
        return found

    return _parsed(name, {}, parse, "a list like group=role,group=role")

"""Schema of a provider's JSON settings: strict when saved, tolerant when read.

An invalid value in an old row is read as if it were not set, so that it never blocks other work.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Protocol, cast

from django.utils.translation import gettext_noop

from . import addresses
from .backends.local import fault_settings
from .errors import Invalid
from .lenient_decoding import number_of

log = logging.getLogger("ai_video.providers")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
DURATION = re.compile(r"[1-9][0-9]{0,4}[smh]")
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
MOST_HOSTS = 20
MOST_NAMES, LONGEST_NAME = 200, 60


class Spec(Protocol):
    """How one setting is checked and read."""

    def check(self, name: str, value: Any) -> None:
        """Raise `Invalid` if the value is not allowed."""

    def read(self, value: Any) -> Any:
        """Return the value. Raises `ValueError` if it is not valid."""


@dataclass(frozen=True, slots=True)
class Number:
    least: float
    most: float
    whole: bool = False

    def check(self, name: str, value: Any) -> None:
        is_number = isinstance(value, int) or (
            isinstance(value, float) and (not self.whole or value.is_integer())
        )
        if isinstance(value, bool) or not is_number or not self.least <= value <= self.most:
            template = gettext_noop(
                "The setting “%(name)s” must be a number from %(least)s to %(most)s."
            )
            if self.whole:
                template = gettext_noop(
                    "The setting “%(name)s” must be a whole number from %(least)s to %(most)s."
                )
            raise Invalid(
                template,
                field="settings",
                name=name,
                least=f"{self.least:g}",
                most=f"{self.most:g}",
            )

    def read(self, value: Any) -> float | int:
        number = number_of(value)
        if number is None or not self.least <= number <= self.most:
            raise ValueError(value)
        return int(number) if self.whole else float(number)


@dataclass(frozen=True, slots=True)
class Text:
    most: int = 200
    pattern: re.Pattern[str] | None = None
    like: str = ""

    def check(self, name: str, value: Any) -> None:
        if (
            isinstance(value, str)
            and len(value) <= self.most
            and value.isprintable()
            and (not value or self.pattern is None or self.pattern.fullmatch(value))
        ):
            return
        if self.like:
            raise Invalid(
                gettext_noop("The setting “%(name)s” must be a text such as “%(like)s”."),
                field="settings",
                name=name,
                like=self.like,
            )
        raise Invalid(
            gettext_noop("The setting “%(name)s” must be a text of at most %(most)s characters."),
            field="settings",
            name=name,
            most=self.most,
        )

    def read(self, value: Any) -> str:
        try:
            self.check("", value)
        except Invalid as error:
            raise ValueError(value) from error
        return cast("str", value)


@dataclass(frozen=True, slots=True)
class OneOf:
    known: tuple[str, ...]

    def check(self, name: str, value: Any) -> None:
        if value not in self.known:
            template = gettext_noop("The setting “%(name)s” must be one of: %(known)s.")
            raise Invalid(
                template, field="settings", name=name, known=", ".join(filter(None, self.known))
            )

    def read(self, value: Any) -> str:
        if value not in self.known:
            raise ValueError(value)
        return str(value)


class Flag:
    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, bool):
            raise Invalid(
                gettext_noop("The setting “%(name)s” must be true or false."),
                field="settings",
                name=name,
            )

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(value)  # noqa: TRY004  consistent with the other specs
        return value


class Address:
    """An https address of this installation itself."""

    def check(self, name: str, value: Any) -> None:
        try:
            self.read(value)
        except ValueError as error:
            raise Invalid(
                gettext_noop(
                    "The setting “%(name)s” must be an address that begins with https://."
                ),
                field="settings",
                name=name,
            ) from error

    def read(self, value: Any) -> str:
        if value == "":
            return ""
        parts = (
            addresses.split(value)
            if isinstance(value, str)
            and len(value) <= 500  # noqa: PLR2004
            and value.isprintable()
            and " " not in value
            else None
        )
        if (
            parts is None
            or parts.query
            or parts.fragment
            or parts.username is not None
            or parts.scheme not in {"https", "http"}
            or not (parts.scheme == "https" or addresses.is_allowed(parts))
        ):
            raise ValueError(value)
        return cast("str", value)


class Hosts:
    """Names of hosts from which results are fetched, including their subdomains."""

    def check(self, name: str, value: Any) -> None:
        if (
            not isinstance(value, list)
            or not value
            or len(value) > MOST_HOSTS
            or not all(map(is_host, value))
        ):
            template = gettext_noop(
                "The setting “%(name)s” must be a list of host names, such as "
                "[“files.example.com”]."
            )
            raise Invalid(template, field="settings", name=name)

    def read(self, value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list) or not (
            found := tuple(host.lower() for host in given[:MOST_HOSTS] if is_host(host))
        ):
            raise ValueError(value)
        return found


class Names:
    """A list of short names, such as those of voices."""

    def check(self, name: str, value: Any) -> None:
        try:
            self.read(value)
        except ValueError as error:
            template = gettext_noop("The setting “%(name)s” must be a list of names.")
            raise Invalid(template, field="settings", name=name) from error

    def read(self, value: Any) -> tuple[str, ...]:
        if (
            not isinstance(value, list)
            or len(value) > MOST_NAMES
            or not all(
                isinstance(one, str) and one.isprintable() and 0 < len(one) <= LONGEST_NAME
                for one in value
            )
        ):
            raise ValueError(value)
        return tuple(value)


def is_host(value: Any) -> bool:
    """Return whether this is a host name with a dot (not a whole top-level domain) or loopback."""
    if not isinstance(value, str) or len(value) > 253:  # noqa: PLR2004  maximum length of a name
        return False
    if addresses.is_loopback(value):
        return True  # it is used only if LOOPBACK_PROVIDERS is set
    labels = value.lower().split(".")
    return (
        len(labels) > 1
        and all(NAME.fullmatch(label) and len(label) < 64 for label in labels)  # noqa: PLR2004
        and addresses.literal(value) is None
    )


class FaultInjectionSetting:
    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise Invalid(
                gettext_noop("The setting “%(name)s” must be a JSON object."),
                field="settings",
                name=name,
            )
        fault_settings.check({"faults": value})

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(value)  # noqa: TRY004  consistent with the other specs
        return value


def setting(spec: Spec, default: Any) -> Any:
    return field(default=default, metadata={"spec": spec})


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The settings that every provider accepts, even those it does not use."""

    send_timeout: float = setting(Number(1, 1800), 60.0)  # seconds; timeout of a paid request
    poll_seconds: float = setting(Number(0, 3600), 5.0)
    result_hosts: tuple[str, ...] = setting(Hosts(), ())
    default_model: str = setting(Text(), "")
    image_model: str = setting(Text(), "")
    clip_model: str = setting(Text(), "")
    text_model: str = setting(Text(), "")
    speech_model: str = setting(Text(), "")
    music_model: str = setting(Text(), "")
    sound_model: str = setting(Text(), "")
    faults: Any = setting(FaultInjectionSetting(), None)  # noqa: RUF009  a field like the others


def check(settings: Any, kind: type[Common], *, provider: str) -> None:
    """Raise `Invalid` (field settings) for settings that this provider does not support."""
    if not isinstance(settings, dict):
        raise Invalid(gettext_noop("The settings must be a JSON object."), field="settings")
    specs = _specs(kind)
    for name, value in settings.items():
        if name not in specs:
            raise Invalid(
                gettext_noop("%(provider)s has no setting “%(name)s”; there are: %(known)s."),
                field="settings",
                provider=provider,
                name=str(name)[:60],
                known=", ".join(sorted(specs)),
            )
        specs[name].check(name, value)


def read[T: Common](settings: Any, kind: type[T]) -> T:
    """Return the settings; a value that cannot be read falls back to its default."""
    values = {}
    for name, spec in _specs(kind).items():
        if not isinstance(settings, Mapping) or settings.get(name) is None:
            continue
        try:
            values[name] = spec.read(settings[name])
        except (ValueError, TypeError):
            log.warning(
                "The setting %s of a provider cannot be read and is taken as not set.", name
            )
    return kind(**values)


def _specs(kind: type[Common]) -> dict[str, Spec]:
    return {one.name: one.metadata["spec"] for one in fields(kind) if one.default is not MISSING}

"""Localized messages, stored as a template and values so that they can be shown in any language."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override

from .korean_particles import with_particles

type Value = str | int | float | datetime | Promise | LocalizedMessage | None

NESTED, MOMENT = "sentence", "moment"  # keys of values that JSON cannot represent
NEAR = timedelta(hours=12)  # a time further away is shown with its date


@dataclass(frozen=True, slots=True)
class LocalizedMessage:
    """An English template with `%(name)s` placeholders and their values.

    Mark the template with `gettext_noop` where it is written, so that it is collected for
    translation. `str()` returns the message in the active language; `as_json()` and `from_json()`
    convert it for storage. A value may be another message, a lazily translated label, or an aware
    datetime, which is shown in the reader's time zone. Values are localized only when the message
    is shown.
    """

    template: str
    values: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        text = gettext(self.template) if self.template else ""
        if not self.values:
            return text
        sentence = text % {name: _in_words(value) for name, value in self.values.items()}
        return with_particles(sentence) if (get_language() or "").startswith("ko") else sentence

    @property
    def english(self) -> str:
        """The message in English, for programs and logs, whatever language is active."""
        with override("en"):
            return str(self)

    def as_json(self) -> dict[str, Any]:
        return {
            "template": self.template,
            "values": {name: _as_json(value) for name, value in self.values.items()},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> "LocalizedMessage":
        return (
            cls(
                data["template"],
                {name: _from_json(value) for name, value in (data.get("values") or {}).items()},
            )
            if data
            else cls("")
        )

    def __bool__(self) -> bool:
        return bool(self.template)


def listed(items: Iterable[Value]) -> LocalizedMessage:
    """Return one message of several values, with commas between them."""
    values = {str(number): item for number, item in enumerate(items)}
    return LocalizedMessage(", ".join(f"%({name})s" for name in values), values)


def _in_words(value: Value) -> Any:
    if not isinstance(value, datetime):
        return str(value) if isinstance(value, (LocalizedMessage, Promise)) else value
    local = timezone.localtime(value)
    time = f"{local:%H:%M:%S}"
    return (
        time
        if abs(value - timezone.now()) < NEAR
        else f"{date_format(local, 'SHORT_DATE_FORMAT')} {time}"
    )


def _as_json(value: Value) -> Any:
    if isinstance(value, LocalizedMessage):
        return {NESTED: value.as_json()}
    if isinstance(value, Promise):
        with override(None):  # the message id, whatever language is active
            return {NESTED: LocalizedMessage(str(value)).as_json()}
    return {MOMENT: value.isoformat()} if isinstance(value, datetime) else value


def _from_json(value: Any) -> Value:
    match value:
        case {"sentence": dict() as nested}:
            return LocalizedMessage.from_json(nested)
        case {"moment": str() as moment}:
            return datetime.fromisoformat(moment)
    return value  # type: ignore[no-any-return]  # JSON's own


class DomainError(Exception):
    """An expected failure with a message for the user.

    `code` is stable and for programs. Each package derives its own errors from this class.
    """

    code = "error"

    def __init__(self, template: str, /, **values: Value) -> None:
        self.sentence = LocalizedMessage(template, values)
        super().__init__(template, values)

    def __str__(self) -> str:
        return str(self.sentence)


def sentence_of(error: BaseException) -> LocalizedMessage | str:
    """Return the message of an error for use as a value of another message, localized when shown if
    possible.
    """
    return error.sentence if isinstance(error, DomainError) else str(error)

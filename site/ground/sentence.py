"""A sentence for a person, stored as a template and its values so that it can be read in any language."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override

from .korean import with_particles

type Value = str | int | float | datetime | Promise | Sentence | None

NESTED, MOMENT = "sentence", "moment"  # keys of values that JSON has no form for
NEAR = timedelta(hours=12)  # a moment that is further away is told with its day


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English template with `%(name)s` places and the values for them.

    Mark the template with `gettext_noop` where it is written, so that the translators' list has it. `str()` gives the
    sentence in the active language; `as_json()` and `from_json()` carry it through a database row. A value may be a
    sentence itself, a lazily translated label, or an aware moment, which is shown by the clock of
    whoever reads it: none is put into words before.
    """

    template: str
    values: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        text = gettext(self.template) if self.template else ""
        if not self.values:
            return text
        said = text % {name: _in_words(value) for name, value in self.values.items()}
        return with_particles(said) if (get_language() or "").startswith("ko") else said

    @property
    def english(self) -> str:
        """For machines and logs, whatever language is active."""
        with override("en"):
            return str(self)

    def as_json(self) -> dict[str, Any]:
        return {"template": self.template, "values": {name: _as_json(value) for name, value in self.values.items()}}

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> "Sentence":
        return cls(data["template"], {name: _from_json(value) for name, value in (data.get("values") or {}).items()}) if data else cls("")

    def __bool__(self) -> bool:
        return bool(self.template)


def _in_words(value: Value) -> Any:
    if not isinstance(value, datetime):
        return str(value) if isinstance(value, (Sentence, Promise)) else value
    local = timezone.localtime(value)
    time = f"{local:%H:%M:%S}"
    return time if abs(value - timezone.now()) < NEAR else f"{date_format(local, 'SHORT_DATE_FORMAT')} {time}"


def _as_json(value: Value) -> Any:
    if isinstance(value, Sentence):
        return {NESTED: value.as_json()}
    if isinstance(value, Promise):
        with override(None):  # the message id, whatever language is active
            return {NESTED: Sentence(str(value)).as_json()}
    return {MOMENT: value.isoformat()} if isinstance(value, datetime) else value


def _from_json(value: Any) -> Value:
    match value:
        case {"sentence": dict() as nested}:
            return Sentence.from_json(nested)
        case {"moment": str() as moment}:
            return datetime.fromisoformat(moment)
    return value  # type: ignore[no-any-return]  # JSON's own


class SaidError(Exception):
    """An expected failure that a person is told about.

    `code` is stable and for machines; the sentence is for people. Each floor derives its own errors from this.
    """

    code = "error"

    def __init__(self, template: str, /, **values: Value) -> None:
        self.sentence = Sentence(template, values)
        super().__init__(template, values)

    def __str__(self) -> str:
        return str(self.sentence)


def sentence_of(error: BaseException) -> Sentence | str:
    """What an error says, as a value of another sentence: put into words when that is read, if the error can be."""
    return error.sentence if isinstance(error, SaidError) else str(error)

"""A sentence for a person, stored as a template and its values so that it can be read in any language."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language, gettext

from .korean import with_particles

type Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English template with `%(name)s` places and the values for them.

    Mark the template with `gettext_noop` where it is written, so that the translators' list has it. `str()` gives the
    sentence in the active language; `as_json()` and `from_json()` carry it through a database row.
    """

    template: str
    values: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        text = gettext(self.template) if self.template else ""
        if not self.values:
            return text
        said = text % self.values
        return with_particles(said) if (get_language() or "").startswith("ko") else said

    def as_json(self) -> dict[str, Any]:
        return {"template": self.template, "values": self.values}

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> "Sentence":
        return cls(data["template"], dict(data.get("values") or {})) if data else cls("")

    def __bool__(self) -> bool:
        return bool(self.template)


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

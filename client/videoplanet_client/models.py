"""What the studio answers, as far as programs usually need it. `data` has the whole answer."""

from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Fields that a newer studio adds are in `data` only."""

    id: str
    data: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        names = cls.__dataclass_fields__.keys() - {"data"}
        return cls(**{name: data[name] for name in names}, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story(Answer):
    title: str
    status: str
    project: str
    duration_seconds: float
    scene_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Answer):
    name: str
    status: str
    progress: int
    note: str

    @property
    def has_ended(self) -> bool:
        return self.status in {"succeeded", "failed", "cancelled", "unclear"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Film(Answer):
    """`url` works without a token, and ends; None while the client has to approve the film."""

    kind: str
    number: int
    duration_seconds: float
    url: str | None

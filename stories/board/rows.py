"""The scenes of a board as light rows: one query, no model instances, so that five hundred of them cost little.

They have the names of the models' fields, so that the plan and the templates read them like scenes.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import CharField, Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce

from stories.domain.about import About
from stories.enums import TakeKind
from stories.models import Comment, Scene, Story, Take


class TakeRow(NamedTuple):
    """`id_text` is the id as the database writes it: few of the rows need more."""

    id_text: str
    kind: str
    file: str
    sha256: str
    input_hash: str
    duration_ms: int
    verdict: str
    verdict_reason: str

    @property
    def pk(self) -> UUID:
        return UUID(self.id_text)


class SceneRow(NamedTuple):
    """A scene with the words of its prompt; `takes` and `comments` count all takes and the open comments."""

    key: str  # the id as text
    position: int
    title: str
    narration: str
    duration_seconds: int
    text: str
    text_en: str
    negative: str
    style: str
    camera: str
    seed: int
    reference_image: str
    takes: int
    comments: int
    image_take: TakeRow | None
    clip_take: TakeRow | None

    @property
    def pk(self) -> UUID:
        return UUID(self.key)

    @property
    def prompt(self) -> "SceneRow":
        """What reads like the scene's prompt: the row itself."""
        return self

    def take(self, kind: str) -> TakeRow | None:
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take


OWN = ("position", "title", "narration", "duration_seconds")
PROMPT = ("text", "text_en", "negative", "style", "camera", "seed", "reference_image")
IMAGE_AT = SceneRow._fields.index("image_take")
CLIP_AT = IMAGE_AT + len(TakeRow._fields)


def scene_rows(story: Story) -> list[SceneRow]:
    """The live scenes in order with prompt and chosen takes; one query."""
    return [_row(values) for values in SCENES.rows(story.pk)]


def _scenes(story_id: UUID) -> QuerySet[Scene, Any]:
    texts = {name: Cast(source, CharField()) for name, source in (("key", "pk"), ("image_id", "image_take_id"), ("clip_id", "clip_take_id"))}
    numbers = {"take_count": _number(Take.objects.all()), "comment_count": _number(Comment.objects.filter(resolved_at=None))}
    scene = ("key", *OWN, *(f"prompt__{name}" for name in PROMPT), *numbers)
    takes = (name for kind in ("image", "clip") for name in (f"{kind}_id", *(f"{kind}_take__{field}" for field in TakeRow._fields[1:])))
    return Scene.live.filter(story=story_id).annotate(**texts, **numbers).order_by("position", "pk").values_list(*scene, *takes)


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many of these rows the scene has."""
    count = rows.filter(scene=OuterRef("pk")).order_by().values("scene").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(count, output_field=IntegerField()), 0)


SCENES = About(_scenes)


def _row(values: tuple[Any, ...]) -> SceneRow:
    image, clip = values[IMAGE_AT:CLIP_AT], values[CLIP_AT:]
    takes = [TakeRow._make(take) if take[0] else None for take in (image, clip)]
    return SceneRow(id_of(values[0]), *values[1:IMAGE_AT], *takes)


def id_of(text: str) -> str:
    """An id as we write it: SQLite keeps it without hyphens."""
    return text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

"""The scenes of a board as light rows: one query, no model instances, so that five hundred of them cost little.

They have the names of the models' fields, so that the plan and the templates read them like scenes.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Count
from django.db.models.functions import Cast

from stories.enums import TakeKind
from stories.models import Comment, Scene, Story, Take


class PromptRow(NamedTuple):
    text: str
    text_en: str
    negative: str
    style: str
    camera: str
    seed: int
    reference_image: str


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
    pk: UUID
    position: int
    title: str
    narration: str
    duration_seconds: int
    key: str  # the id as text, made once
    prompt: PromptRow
    image_take: TakeRow | None
    clip_take: TakeRow | None

    def take(self, kind: str) -> TakeRow | None:
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take


OWN = ("id_text", "position", "title", "narration", "duration_seconds")
TAKE = TakeRow._fields[1:]
COLUMNS = (
    *OWN,
    *(f"prompt__{name}" for name in PromptRow._fields),
    *("image_id", *(f"image_take__{name}" for name in TAKE)),
    *("clip_id", *(f"clip_take__{name}" for name in TAKE)),
)
PROMPT_AT = len(OWN)
IMAGE_AT = PROMPT_AT + len(PromptRow._fields)
CLIP_AT = IMAGE_AT + len(TakeRow._fields)


def scene_rows(story: Story) -> list[SceneRow]:
    """The live scenes in order with prompt and chosen takes; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor), [Scene._meta.pk.get_db_prep_value(story.pk, connection)])  # noqa: SLF001  Django's documented model API
        return [_row(values) for values in cursor.fetchall()]


@cache
def _statement(_vendor: str) -> str:
    """The query for one story, whose id is the only parameter. Put together once: that takes as long as reading the rows."""
    ids = {name: Cast(source, CharField()) for name, source in (("id_text", "pk"), ("image_id", "image_take_id"), ("clip_id", "clip_take_id"))}
    sql, _story = Scene.live.filter(story=UUID(int=0)).annotate(**ids).order_by("position", "pk").values_list(*COLUMNS).query.sql_with_params()
    return sql


def _row(values: Any) -> SceneRow:
    pk = UUID(values[0])
    position, title, narration, seconds = values[1:PROMPT_AT]
    image, clip = values[IMAGE_AT:CLIP_AT], values[CLIP_AT:]
    prompt = PromptRow._make(values[PROMPT_AT:IMAGE_AT])
    takes = [TakeRow._make(take) if take[0] else None for take in (image, clip)]
    return SceneRow(pk, position, title, narration, seconds, str(pk), prompt, *takes)


def numbers_of(scene_ids: Collection[UUID]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """How many takes and how many open comments these scenes have; two queries."""
    takes = Take.objects.filter(scene__in=scene_ids)
    comments = Comment.objects.filter(scene__in=scene_ids, resolved_at=None)
    asked = [rows.order_by().values_list("scene").annotate(n=Count("pk")) for rows in (takes, comments)]
    return dict(asked[0]), dict(asked[1])

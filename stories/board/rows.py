"""The scenes of a board as light rows: one query, no model instances, so that five hundred of them cost little.

They have the names of the models' fields, so that the plan and the templates read them like scenes.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from stories.enums import TakeKind
from stories.models import Comment, Scene, Story, Take


@dataclass(slots=True)
class PromptRow:
    pk: int
    text: str
    text_en: str
    negative: str
    style: str
    camera: str
    seed: int
    reference_image: str


@dataclass(slots=True)
class TakeRow:
    pk: UUID
    kind: str
    file: str
    sha256: str
    input_hash: str
    duration_ms: int
    verdict: str
    verdict_reason: str


@dataclass(slots=True)
class SceneRow:
    key: str  # the id as text, made once
    pk: UUID
    story_id: UUID
    position: int
    title: str
    narration: str
    duration_seconds: int
    takes: int
    comments: int
    prompt: PromptRow
    image_take: TakeRow | None
    clip_take: TakeRow | None

    def take(self, kind: str) -> TakeRow | None:
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take


OWN = ("pk", "story_id", "position", "title", "narration", "duration_seconds", "n_takes", "n_comments")
PROMPT = ("pk", "text", "text_en", "negative", "style", "camera", "seed", "reference_image")
TAKE = ("pk", "kind", "file", "sha256", "input_hash", "duration_ms", "verdict", "verdict_reason")
COLUMNS = (*OWN, *(f"prompt__{name}" for name in PROMPT), *(f"image_take__{name}" for name in TAKE), *(f"clip_take__{name}" for name in TAKE))
AT = (len(OWN), len(OWN) + len(PROMPT), len(OWN) + len(PROMPT) + len(TAKE))


def _number(rows: Any) -> Any:
    return Coalesce(Subquery(rows.order_by().values("scene").annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def scene_rows(story: Story) -> list[SceneRow]:
    """The live scenes in order with prompt, chosen takes, and how many takes and open comments there are; one query."""
    takes = Take.objects.filter(scene=OuterRef("pk"))
    comments = Comment.objects.filter(scene=OuterRef("pk"), resolved_at=None)
    rows = Scene.live.filter(story=story).annotate(n_takes=_number(takes), n_comments=_number(comments)).order_by("position", "id").values_list(*COLUMNS)
    return [_row(values) for values in rows]


def _row(values: Any) -> SceneRow:
    image, clip = values[AT[1] : AT[2]], values[AT[2] :]
    pk, story_id, position, title, narration, seconds, takes, comments = values[: AT[0]]
    return SceneRow(
        key=str(pk),
        pk=pk,
        story_id=story_id,
        position=position,
        title=title,
        narration=narration,
        duration_seconds=seconds,
        takes=takes,
        comments=comments,
        prompt=PromptRow(*values[AT[0] : AT[1]]),
        image_take=TakeRow(*image) if image[0] else None,
        clip_take=TakeRow(*clip) if clip[0] else None,
    )

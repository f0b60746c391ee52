"""The scenes of a board as lightweight rows: one query, no model instances, fast for 500 scenes.

The rows use the models' field names, so the plan and the templates read them like scenes.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, CharField, Count, QuerySet, Value
from django.db.models.functions import Cast

from stories.enums import TakeKind
from stories.models import Comment, Scene, Story, Take
from stories.selectors.precompiled_query import PrecompiledQuery


class TakeRow(NamedTuple):
    """`id_text` is the id in the database's notation, because few rows need it converted."""

    id_text: str
    kind: str
    file: str
    sha256: str
    input_hash: str
    duration_ms: int
    width: int
    height: int
    crop: str | None  # JSON as text
    review_status: str
    review_reason: str

    @property
    def pk(self) -> UUID:
        return UUID(self.id_text)


class SceneRow(NamedTuple):
    """A scene with the fields of its prompt.

    `takes` and `comments` count all takes and the open comments.
    """

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
    english_for: str
    takes: int
    comments: int
    image_take: TakeRow | None
    clip_take: TakeRow | None

    @property
    def pk(self) -> UUID:
        return UUID(self.key)

    @property
    def prompt(self) -> "SceneRow":
        """The row itself, which reads like the scene's prompt."""
        return self

    def take(self, kind: str) -> TakeRow | None:
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take


OWN = ("position", "title", "narration", "duration_seconds")
PROMPT = (
    "text",
    "text_en",
    "negative",
    "style",
    "camera",
    "seed",
    "reference_image",
    "english_for",
)
OWN_END = SceneRow._fields.index("takes")  # index in a database row; the selected takes follow
CLIP_AT = OWN_END + len(TakeRow._fields)


def scene_rows(story: Story) -> list[SceneRow]:
    """The live scenes in order with prompt and selected takes. Two queries."""
    takes: dict[str, int] = {}
    comments: dict[str, int] = {}
    for key, of_takes, number in NUMBERS.rows(story.pk):
        (takes if of_takes else comments)[key] = number
    return [
        _row(values, takes.get(values[0], 0), comments.get(values[0], 0))
        for values in SCENES.rows(story.pk)
    ]


def _scenes(story_id: UUID) -> QuerySet[Scene, Any]:
    texts = {
        name: Cast(source, CharField())
        for name, source in (
            ("key", "pk"),
            ("image_id", "image_take_id"),
            ("clip_id", "clip_take_id"),
        )
    }
    scene = ("key", *OWN, *(f"prompt__{name}" for name in PROMPT))
    takes = (
        name
        for kind in ("image", "clip")
        for name in (f"{kind}_id", *(f"{kind}_take__{field}" for field in TakeRow._fields[1:]))
    )
    return (
        Scene.live.filter(story=story_id)
        .annotate(**texts)
        .order_by("position", "pk")
        .values_list(*scene, *takes)
    )


def _numbers(story_id: UUID) -> QuerySet[Any, Any]:
    """Scene id, whether takes or open comments are counted, and the count.

    One grouped count is cheaper than a count per scene.
    """

    def counted(rows: QuerySet[Any], *, takes: bool) -> QuerySet[Any, Any]:
        key, kind = Cast("scene_id", CharField()), Value(takes, output_field=BooleanField())
        each: QuerySet[Any, Any] = (
            rows.filter(scene__story=story_id)
            .order_by()
            .values("scene_id")
            .annotate(key=key, kind=kind, n=Count("pk"))
        )
        return each.values_list("key", "kind", "n")

    both: QuerySet[Any, Any] = counted(Take.objects.all(), takes=True).union(
        counted(Comment.objects.filter(resolved_at=None), takes=False), all=True
    )
    return both.order_by()


SCENES = PrecompiledQuery(_scenes)
NUMBERS = PrecompiledQuery(_numbers)


def _row(values: tuple[Any, ...], take_count: int, comment_count: int) -> SceneRow:
    image, clip = values[OWN_END:CLIP_AT], values[CLIP_AT:]
    takes = [TakeRow._make(take) if take[0] else None for take in (image, clip)]
    return SceneRow._make((id_of(values[0]), *values[1:OWN_END], take_count, comment_count, *takes))


def id_of(text: str) -> str:
    """The id in standard notation. SQLite stores it without hyphens."""
    return (
        text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    )

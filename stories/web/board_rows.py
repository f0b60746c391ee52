"""The scenes of a board as lightweight rows: one query, no model instances, fast for 500 scenes.

The rows use the models' field names, so the plan and the templates read them like scenes.
"""

import json
from itertools import zip_longest
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, CharField, Count, QuerySet, Value
from django.db.models.functions import Cast

from providers.requests import CastReference
from stories.enums import Boundary, TakeKind
from stories.models import Comment, Scene, SceneCast, Story, Take, tenths
from stories.models.take import made_as
from stories.selectors.precompiled_query import PrecompiledQuery
from stories.services.continuity import MISSING, Keyframe, usable
from stories.services.makers import MAKER_FIELDS
from stories.services.plan import doubtful_takes
from stories.services.scene_cast import ORDER, reference


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
    provider: str
    model: str
    doubts: str
    edit: str | dict[str, Any]  # JSON as text, where the database gives it so

    @property
    def made_as(self) -> tuple[str, str]:
        edit = json.loads(self.edit) if isinstance(self.edit, str) else self.edit
        return made_as(edit, self.provider, self.model)

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
    duration_seconds: float
    boundary: str
    image_provider: str
    image_model: str
    clip_provider: str
    clip_model: str
    text: str
    text_en: str
    negative: str
    style: str
    camera: str
    seed: int
    strength: int | None
    reference_image: str
    english_for: str
    doubtful_image: str | None  # the doubts about a take that waits for a person
    doubtful_clip: str | None
    takes: int
    comments: int
    image_take: TakeRow | None
    clip_take: TakeRow | None
    references: tuple[CastReference, ...] = ()
    members: tuple[str, ...] = ()  # the ids of those in `references`, as text
    keyframe: Keyframe | None = None  # of a continuous scene: see `keyframe_of`

    @property
    def pk(self) -> UUID:
        return UUID(self.key)

    @property
    def prompt(self) -> "SceneRow":
        """The row itself, which reads like the scene's prompt."""
        return self

    @property
    def duration_ms(self) -> int:
        return round(self.duration_seconds * 1000)

    def take(self, kind: str) -> TakeRow | None:
        return self.image_take if kind == TakeKind.IMAGE else self.clip_take


OWN = ("position", "title", "narration", "duration_seconds", "boundary", *MAKER_FIELDS)
PROMPT = (
    "text",
    "text_en",
    "negative",
    "style",
    "camera",
    "seed",
    "strength",
    "reference_image",
    "english_for",
)
OWN_END = SceneRow._fields.index("takes")  # index in a database row; the selected takes follow
CLIP_AT = OWN_END + len(TakeRow._fields)


def scene_rows(story: Story) -> list[SceneRow]:
    """The live scenes in order with prompt, selected takes and cast. Three queries."""
    takes: dict[str, int] = {}
    comments: dict[str, int] = {}
    for key, of_takes, number in NUMBERS.rows(story.pk):
        (takes if of_takes else comments)[key] = number
    references = _references(story)
    rows = [
        _row(
            values,
            takes.get(values[0], 0),
            comments.get(values[0], 0),
            references.get(values[0], []),
        )
        for values in SCENES.rows(story.pk)
    ]
    return [
        row._replace(keyframe=_keyframe(after)) if row.boundary == Boundary.CONTINUOUS else row
        for row, after in zip_longest(rows, rows[1:])
    ]


def _keyframe(after: SceneRow | None) -> Keyframe | None:
    """The picture of the scene after a continuous one; None at the end of the film."""
    if after is None:
        return None
    take = after.image_take
    return usable(take.id_text, take.file, take.sha256, take.review_status) if take else MISSING


type Shown = tuple[str, CastReference]  # the member's id, and what the scene shows of it


def _references(story: Story) -> dict[str, list[Shown]]:
    """What each scene shows of the cast, by scene id in the database's notation."""
    found: dict[str, list[tuple[int, Shown]]] = {}
    for key, member, kind, name, *texts, with_sheet, file, sha256 in CAST.rows(story.pk):
        sheet = (file, sha256) if with_sheet and file else ("", "")
        one = reference(kind, name, texts[:2], texts[2:], sheet)
        found.setdefault(key, []).append((ORDER[kind], (id_of(member), one)))
    return {
        key: [shown for _order, shown in sorted(rows, key=lambda row: row[0])]
        for key, rows in found.items()
    }


def _cast(story_id: UUID) -> QuerySet[SceneCast, Any]:
    rows: QuerySet[SceneCast, Any] = (
        SceneCast.objects.filter(
            scene__story=story_id, scene__deleted_at=None, member__deleted_at=None
        )
        .annotate(key=Cast("scene_id", CharField()), of=Cast("member_id", CharField()))
        .order_by("member__created_at", "pk")
        .values_list(
            "key",
            "of",
            "member__kind",
            "member__name",
            "member__description",
            "look__description",
            "member__description_en",
            "look__description_en",
            "with_sheet",
            "look__sheet__file",
            "look__sheet__sha256",
        )
    )
    return rows


def _scenes(story_id: UUID) -> QuerySet[Scene, Any]:
    texts = {
        name: Cast(source, CharField())
        for name, source in (
            ("key", "pk"),
            ("image_id", "image_take_id"),
            ("clip_id", "clip_take_id"),
        )
    }
    doubtful = doubtful_takes()
    scene = ("key", *OWN, *(f"prompt__{name}" for name in PROMPT), *doubtful)
    takes = (
        name
        for kind in ("image", "clip")
        for name in (f"{kind}_id", *(f"{kind}_take__{field}" for field in TakeRow._fields[1:]))
    )
    return (
        Scene.live.filter(story=story_id)
        .annotate(**texts, **doubtful)
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
CAST = PrecompiledQuery(_cast)


def _row(
    values: tuple[Any, ...],
    take_count: int,
    comment_count: int,
    shown: list[Shown],
) -> SceneRow:
    image, clip = values[OWN_END:CLIP_AT], values[CLIP_AT:]
    takes = [TakeRow._make(take) if take[0] else None for take in (image, clip)]
    own = (id_of(values[0]), *values[1:OWN_END])
    members, references = zip(*shown, strict=True) if shown else ((), ())
    row = SceneRow._make((*own, take_count, comment_count, *takes, references, members, None))
    # As the field would convert it.
    return row._replace(duration_seconds=tenths(row.duration_seconds))


def id_of(text: str) -> str:
    """The id in standard notation. SQLite stores it without hyphens."""
    return (
        text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    )

"""Continuous scenes: a clip ends in the picture that the next clip begins with.

It is the next scene's selected picture itself, not a frame of a clip.
"""

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, CharField, JSONField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Cast, JSONObject

from stories.enums import Boundary, ReviewStatus
from stories.models import Scene

FOUND = "_next_picture"


class Keyframe(NamedTuple):
    """The next scene's picture. Without a usable one `file` is empty."""

    take_id: str
    file: str
    sha256: str


MISSING = Keyframe("", "", "")


def with_keyframes(scenes: "QuerySet[Scene]") -> "QuerySet[Scene]":
    """Load what `keyframe_of` needs with the scenes; no further query."""
    return scenes.annotate(
        **{FOUND: Case(When(boundary=Boundary.CONTINUOUS, then=_next()), default=None)}
    )


def _next() -> Subquery:
    following = (
        Scene.live.filter(story=OuterRef("story"), position__gt=OuterRef("position"))
        .order_by("position", "pk")
        .values(
            found=JSONObject(
                take_id=Cast("image_take_id", CharField()),
                file="image_take__file",
                sha256="image_take__sha256",
                review_status="image_take__review_status",
            )
        )
    )
    return Subquery(following[:1], output_field=JSONField())


def keyframe_of(scene: Any) -> Keyframe | None:
    """The picture that the scene's clip ends with; None if it ends by itself.

    `scene` is a Scene or a row with the same names. The film's last scene ends by itself.
    """
    if scene.boundary != Boundary.CONTINUOUS:
        return None
    if not isinstance(scene, Scene):
        found: Keyframe | None = scene.keyframe
        return found
    values = (
        getattr(scene, FOUND)
        if hasattr(scene, FOUND)
        else Scene.objects.filter(pk=scene.pk).values_list(_next()).first()
    )
    if isinstance(values, tuple):
        values = values[0]
    if not values:
        return None
    return usable(values["take_id"], values["file"], values["sha256"], values["review_status"])


def usable(take_id: Any, file: Any, sha256: Any, review_status: Any) -> Keyframe:
    """The keyframe of a selected picture, which counts as missing if it is rejected."""
    if not take_id or review_status == ReviewStatus.REJECTED:
        return MISSING
    return Keyframe(str(UUID(str(take_id))), str(file), str(sha256))

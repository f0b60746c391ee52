"""A comment becomes a retake: the take is rejected with its words, and another one is made."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from stories.enums import ReviewStatus, TakeKind
from stories.errors import Conflict, Invalid
from stories.models import Comment, Scene, Story

from .generation import Start, generate_scene
from .permissions import require_story_owner
from .takes import review_take

REASON = 200  # characters of the reason that a take keeps


def retake(
    comment_id: UUID | str,
    kind: str,
    *,
    actor: Any,
    confirm_total: Decimal | None,
    ask_again: bool = False,
) -> Start:
    """Make another take of the comment's scene, with the comment as its reason.

    The selected take is rejected with the same words. Each comment gives one retake: the second of
    two people gets a Conflict. Raises Comment.DoesNotExist, and what `generate_scene` raises;
    then nothing has changed.
    """
    if kind not in TakeKind.values:
        raise Invalid(gettext_noop("“%(value)s” is not a choice."), value=kind, field="kind")
    with transaction.atomic():
        comment = Comment.objects.get(pk=comment_id)
        story = Story.objects.select_for_update().get(pk=comment.story_id)
        require_story_owner(actor, story)
        found = Scene.live.filter(story=story)
        scene = found.filter(pk=comment.scene_id).first() if comment.scene_id else None
        if scene is None:
            raise Invalid(gettext_noop("The scene of this comment is gone."), field="scene")
        if not Comment.objects.filter(pk=comment.pk, retaken_at=None).update(
            retaken_at=timezone.now()
        ):
            raise Conflict(gettext_noop("Another take was made for this comment already."))
        take = scene.take(kind)
        if take is not None and take.review_status != ReviewStatus.REJECTED:
            review_take(
                take.pk,
                review_status=ReviewStatus.REJECTED,
                actor=actor,
                reason=comment.text[:500],
            )
        start = generate_scene(
            scene.pk,
            kind,
            actor=actor,
            reason=comment.text[:REASON],
            confirm_total=confirm_total,
            ask_again=ask_again,
        )
        if start.stopped is not None:
            Comment.objects.filter(pk=comment.pk).update(retaken_at=None)
    return start

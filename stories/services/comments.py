"""Comments on a scene, or at a time of a film.

Everybody who may see a story may comment. The story's owner, its managers and the comment's author
may settle.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import Visibility
from stories.errors import Forbidden, Invalid
from stories.models import Comment, Film, ReviewLink, Scene
from stories.models.review import MAX_COMMENT

from .permissions import is_story_owner, stories_for

GUEST_NAME = 80  # characters
LONGEST = 24 * 3600  # seconds, the largest time in a film


def _checked(text: str) -> str:
    text = visible.stripped(text)
    if not text:
        raise Invalid(gettext_noop("Write something first."), field="text")
    if len(text) > MAX_COMMENT:
        raise Invalid(
            gettext_noop("A comment has at most %(most)s characters."),
            most=MAX_COMMENT,
            field="text",
        )
    return text


def on_scene(scene_id: UUID | str, *, actor: Any, text: str) -> Comment:
    """Comment on a scene. Raises Scene.DoesNotExist, Forbidden or Invalid."""
    scene = Scene.objects.get(pk=scene_id)
    _require_seeing(actor, scene.story_id)
    return Comment.objects.create(
        story_id=scene.story_id, scene=scene, text=_checked(text), author=actor
    )


def for_guest(link: ReviewLink) -> QuerySet[Comment]:
    """The comments of this link and those shown to the client, but none of other links."""
    own = Q(link=link)
    shown = Q(visibility=Visibility.CLIENT, guest="")
    return Comment.objects.filter(own | shown, story=link.story_id)


def on_film(
    film_id: UUID | str,
    *,
    actor: Any = None,
    link: ReviewLink | None = None,
    guest: str = "",
    text: str,
    at_ms: int,
    visibility: str = Visibility.INTERNAL,
) -> Comment:
    """Comment at a time of the film, by staff or, through an open link that allows it, by a guest.

    The scene at that time is recorded.

    `visibility`: who may read a staff comment. A guest's comment is read by staff and through the
    same link.

    Raises Film.DoesNotExist, Forbidden or Invalid.
    """
    film = Film.objects.get(pk=film_id)
    if link is None:
        _require_seeing(actor, film.story_id)
    elif not (link.is_open() and link.may_comment and link.story_id == film.story_id):
        raise Forbidden(gettext_noop("This link does not allow comments."))
    guest = visible.stripped(guest.strip()[:GUEST_NAME])
    if actor is None and not guest:
        raise Invalid(gettext_noop("Say who you are."), field="guest")
    if visibility not in Visibility.values:
        raise Invalid(
            gettext_noop("“%(value)s” is not a choice."), value=visibility, field="visibility"
        )
    length = film.frames * 1000 // film.fps
    if not 0 <= at_ms <= length:
        raise Invalid(gettext_noop("The film is not that long."), field="at")
    scene = scene_at(film, at_ms)
    return Comment.objects.create(
        story_id=film.story_id,
        film=film,
        scene_id=scene,
        at_ms=at_ms,
        text=_checked(text),
        author=actor,
        guest="" if actor else guest,
        visibility=visibility if actor else Visibility.CLIENT,
        link=link,
    )


def scene_at(film: Film, at_ms: int) -> UUID | None:
    """The scene that the film shows at this time. None if it no longer exists."""
    end = 0
    for segment in film.manifest.get("segments", []):
        end += segment["frames"]
        if at_ms * film.fps < end * 1000:
            found = UUID(segment["scene"])
            return found if Scene.objects.filter(pk=found).exists() else None
    return None


def settle(comment_id: UUID | str, *, actor: Any, settled: bool = True) -> Comment:
    """Mark a comment as settled, or reopen it. Raises Comment.DoesNotExist or Forbidden."""
    comment = Comment.objects.select_related("story").get(pk=comment_id)
    if comment.author_id != actor.pk and not is_story_owner(actor, comment.story):
        raise Forbidden(gettext_noop("Only who wrote it, or the story's owner, may resolve it."))
    changed = Comment.objects.filter(
        pk=comment.pk, resolved_at__isnull=settled
    )  # the first of two is the one named
    changed.update(
        resolved_at=timezone.now() if settled else None, resolved_by=actor if settled else None
    )
    comment.refresh_from_db()
    return comment


def show(comment_id: UUID | str, *, actor: Any, visibility: str) -> Comment:
    """Show a staff comment to the client, or make it internal.

    Raises Comment.DoesNotExist, Forbidden or Invalid.
    """
    if visibility not in Visibility.values:
        raise Invalid(
            gettext_noop("“%(value)s” is not a choice."), value=visibility, field="visibility"
        )
    comment = Comment.objects.select_related("story").get(pk=comment_id)
    if comment.guest:
        raise Invalid(gettext_noop("A guest reads their own comment anyway."), field="visibility")
    if comment.author_id != actor.pk and not is_story_owner(actor, comment.story):
        raise Forbidden(
            gettext_noop("Only who wrote it, or the story's owner, may say who reads it.")
        )
    comment.visibility = visibility
    comment.save(update_fields=["visibility"])
    return comment


def _require_seeing(actor: Any, story_id: Any) -> None:
    if not stories_for(actor).filter(pk=story_id).exists():
        raise Forbidden(gettext_noop("You may not see this story."))

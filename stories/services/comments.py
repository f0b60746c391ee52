"""Comments on a scene, or at a time of a film.

Everybody who may see a story may comment. The story's owner, its managers and the comment's author
may settle.
"""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import Visibility
from stories.errors import Forbidden, Invalid
from stories.models import Comment, Film, ReviewLink, Scene, Story
from stories.models.review import MAX_COMMENT

from . import notices
from .permissions import is_story_owner, require_story_owner, stories_for

GUEST_NAME = 80  # characters
MENTION = re.compile(r"(?<![\w@])@([\w.+-]{1,150})")
MOST_MENTIONS = 20
MOST_STROKES, MOST_POINTS = 60, 4000  # of one drawing
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
    with transaction.atomic():
        comment = Comment.objects.create(
            story_id=scene.story_id, scene=scene, text=_checked(text), author=actor
        )
        _mention(comment)
        notices.commented(comment)
    return comment


def for_guest(link: ReviewLink) -> QuerySet[Comment]:
    """The comments of this link and those shown to the client, but none of other links."""
    own = Q(link=link)
    shown = Q(visibility=Visibility.CLIENT, guest="")
    below = Q(parent=None) | Q(parent__link=link)
    below |= Q(parent__visibility=Visibility.CLIENT, parent__guest="")
    return Comment.objects.filter(own | shown, below, story=link.story_id)


def on_film(
    film_id: UUID | str,
    *,
    actor: Any = None,
    link: ReviewLink | None = None,
    guest: str = "",
    text: str,
    at_ms: int,
    visibility: str = Visibility.INTERNAL,
    drawing: Any = None,
) -> Comment:
    """Comment at a time of the film, by staff or, through an open link that allows it, by a guest.

    The scene at that time is recorded. `drawing`: strokes over the frame, see `strokes_of`.

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
    with transaction.atomic():
        comment = Comment.objects.create(
            story_id=film.story_id,
            film=film,
            scene_id=scene,
            at_ms=at_ms,
            text=_checked(text),
            drawing=strokes_of(drawing),
            author=actor,
            guest="" if actor else guest,
            visibility=visibility if actor else Visibility.CLIENT,
            link=link,
        )
        _mention(comment)
        notices.commented(comment)
    return comment


def reply(
    comment_id: UUID | str,
    *,
    actor: Any = None,
    link: ReviewLink | None = None,
    guest: str = "",
    text: str,
) -> Comment:
    """Answer a comment. The answer is read by those who read the comment.

    An answer to an answer joins the same thread. Raises Comment.DoesNotExist, Forbidden or Invalid.
    """
    found = Comment.objects.select_related("parent").get(pk=comment_id)
    parent = found.parent or found
    if link is None:
        _require_seeing(actor, parent.story_id)
    elif not (link.is_open() and link.may_comment):
        raise Forbidden(gettext_noop("This link does not allow comments."))
    elif not for_guest(link).filter(pk=parent.pk).exists():
        raise Comment.DoesNotExist
    guest = visible.stripped(guest.strip()[:GUEST_NAME])
    if actor is None and not guest:
        raise Invalid(gettext_noop("Say who you are."), field="guest")
    with transaction.atomic():
        answer = Comment.objects.create(
            story_id=parent.story_id,
            film_id=parent.film_id,
            scene_id=parent.scene_id,
            at_ms=parent.at_ms,
            parent=parent,
            text=_checked(text),
            author=actor,
            guest="" if actor else guest,
            visibility=parent.visibility if actor else Visibility.CLIENT,
            # A guest reads the answers of the studio to what was said through the own link.
            link_id=link.pk if link else parent.link_id,
        )
        _mention(answer)
        notices.commented(answer)
    return answer


def strokes_of(drawing: Any) -> list[list[list[float]]]:
    """The strokes of a drawing: lists of points [x, y] from 0 to 1 of the frame's width and height.

    None and an empty list are no drawing. Raises Invalid.
    """
    if drawing in (None, ""):
        return []
    wrong = Invalid(gettext_noop("The drawing cannot be read."), field="drawing")
    if not isinstance(drawing, list) or len(drawing) > MOST_STROKES:
        raise wrong
    points = 0
    strokes = []
    for stroke in drawing:
        if not isinstance(stroke, list) or not stroke:
            raise wrong
        points += len(stroke)
        if points > MOST_POINTS:
            raise wrong
        strokes.append([_point(point, wrong) for point in stroke])
    return strokes


def _point(point: Any, wrong: Invalid) -> list[float]:
    if not isinstance(point, list) or len(point) != 2:  # noqa: PLR2004  x and y
        raise wrong
    if not all(type(value) in {int, float} and 0 <= value <= 1 for value in point):
        raise wrong
    return [round(float(value), 4) for value in point]


def _mention(comment: Comment) -> None:
    """Note the people of the studio whose names stand in the text after an @."""
    names = list(dict.fromkeys(MENTION.findall(comment.text)))[:MOST_MENTIONS]
    if names and comment.author_id:
        people = get_user_model().objects.filter(username__in=names, is_active=True, is_staff=True)
        story = comment.story
        comment.mentioned.set([one for one in people if _sees(one, story.pk)])


def scene_at(film: Film, at_ms: int) -> UUID | None:
    """The scene that the film shows at this time. None if it no longer exists, or at a card."""
    end = film.opening_frames
    if at_ms * film.fps < end * 1000:
        return None
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


def settle_several(story_id: UUID | str, ids: Collection[UUID], *, actor: Any) -> int:
    """Mark these open comments of the story as settled, and return how many were open.

    Comments that somebody else has settled meanwhile keep their name. Raises Story.DoesNotExist or
    Forbidden.
    """
    story = Story.objects.get(pk=story_id)
    require_story_owner(actor, story)
    found = Comment.objects.filter(story=story, pk__in=ids, resolved_at=None)
    return found.update(resolved_at=timezone.now(), resolved_by=actor)


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


def _sees(person: Any, story_id: Any) -> bool:
    return stories_for(person).filter(pk=story_id).exists()


def _require_seeing(actor: Any, story_id: Any) -> None:
    if not _sees(actor, story_id):
        raise Forbidden(gettext_noop("You may not see this story."))

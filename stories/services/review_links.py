"""Links that show a story's newest film to guests without an account.

Links expire, can be revoked, and allow viewing with or without comments.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import FilmKind
from stories.errors import Invalid
from stories.models import Film, ReviewLink, Story

from .permissions import require_story_owner

LONGEST = 90  # days, the longest lifetime of a link
NAME = 80  # characters


def share(
    story_id: UUID | str, *, actor: Any, name: str, days: int, may_comment: bool
) -> tuple[ReviewLink, str]:
    """Create a link.

    Returns it with its token, which is shown only once and not stored. Raises Story.DoesNotExist,
    Forbidden or Invalid.
    """
    story = Story.objects.get(pk=story_id)
    require_story_owner(actor, story)
    name = visible.stripped(name)
    if not name or len(name) > NAME:
        raise Invalid(
            gettext_noop("Say who gets the link, in at most %(most)s characters."),
            most=NAME,
            field="name",
        )
    if not 1 <= days <= LONGEST:
        raise Invalid(
            gettext_noop("A link lives from 1 to %(longest)s days."), longest=LONGEST, field="days"
        )
    token = secrets.token_urlsafe(24)
    ends = timezone.now() + timedelta(days=days)
    link = ReviewLink.objects.create(
        story=story,
        token_sha256=_digest(token),
        name=name,
        may_comment=may_comment,
        expires_at=ends,
        made_by=actor,
    )
    return link, token


def withdraw(link_id: UUID | str, *, actor: Any) -> ReviewLink:
    """Revoke the link. Raises ReviewLink.DoesNotExist or Forbidden."""
    link = ReviewLink.objects.select_related("story").get(pk=link_id)
    require_story_owner(actor, link.story)
    if link.withdrawn_at is None:
        link.withdrawn_at = timezone.now()
        link.save(update_fields=["withdrawn_at"])
    return link


def opened(token: str) -> ReviewLink | None:
    """The open link of this token; records that it was opened.

    None if the token is unknown, expired or revoked.
    """
    link = ReviewLink.objects.select_related("story").filter(token_sha256=_digest(token)).first()
    if link is None or not link.is_open():
        return None
    link.opened_at = timezone.now()
    link.save(update_fields=["opened_at"])
    return link


def newest_film(story: Story) -> Film | None:
    """The newest final film, else the newest preview."""
    films = Film.objects.filter(story=story).order_by("-number")
    return films.filter(kind=FilmKind.FINAL).first() or films.filter(kind=FilmKind.PREVIEW).first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Links that show a story's film to guests without an account.

Links expire, can be revoked, and allow viewing with or without comments.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import FilmKind
from stories.errors import Invalid
from stories.models import Film, ReviewLink, ReviewOpening, Story

from .permissions import require_story_owner

LONGEST = 90  # days, the longest lifetime of a link
NAME = 80  # characters
PASSWORD = 128  # characters at most
SHORTEST_PASSWORD = 6
BROWSER = 120  # characters
MOST_OPENINGS = 200  # browsers of one link that are listed


def share(
    story_id: UUID | str,
    *,
    actor: Any,
    name: str,
    days: int,
    may_comment: bool,
    may_decide: bool = False,
    film_id: UUID | str | None = None,
    password: str = "",
) -> tuple[ReviewLink, str]:
    """Create a link to one version of the film, or without `film_id` to the newest.

    Returns it with its token, which is shown only once and not stored. Raises Story.DoesNotExist,
    Film.DoesNotExist, Forbidden or Invalid.
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
            gettext_noop("A link is valid for 1 to %(longest)s days."),
            longest=LONGEST,
            field="days",
        )
    if password and not SHORTEST_PASSWORD <= len(password) <= PASSWORD:
        raise Invalid(
            gettext_noop("A password has %(least)s to %(most)s characters."),
            least=SHORTEST_PASSWORD,
            most=PASSWORD,
            field="password",
        )
    film = None if film_id is None else Film.objects.get(pk=film_id, story=story)
    token = secrets.token_urlsafe(24)
    ends = timezone.now() + timedelta(days=days)
    link = ReviewLink.objects.create(
        story=story,
        token_sha256=_digest(token),
        name=name,
        may_comment=may_comment,
        may_decide=may_decide,
        film=film,
        password=make_password(password) if password else "",
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
    """The open link of this token. None if the token is unknown, expired or revoked."""
    link = (
        ReviewLink.objects.select_related("story", "film")
        .filter(token_sha256=_digest(token))
        .first()
    )
    return link if link is not None and link.is_open() else None


def is_password(link: ReviewLink, password: str) -> bool:
    return check_password(password[:PASSWORD], link.password)


def record_opening(link: ReviewLink, *, visitor: str, browser: str) -> None:
    """Note that this browser opened the link. One row for each browser, in bounded number."""
    now = timezone.now()
    ReviewLink.objects.filter(pk=link.pk).update(opened_at=now)
    known = ReviewOpening.objects.filter(link=link, visitor=visitor)
    if known.update(count=F("count") + 1, last_at=now):
        return
    if ReviewOpening.objects.filter(link=link).count() < MOST_OPENINGS:
        ReviewOpening.objects.get_or_create(
            link=link, visitor=visitor, defaults={"browser": browser[:BROWSER]}
        )


def film_of(link: ReviewLink) -> Film | None:
    """The film that this link shows."""
    return link.film if link.film_id else newest_film(link.story)


def newest_film(story: Story) -> Film | None:
    """The newest final film, else the newest preview."""
    films = Film.objects.filter(story=story).order_by("-number")
    return films.filter(kind=FilmKind.FINAL).first() or films.filter(kind=FilmKind.PREVIEW).first()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""The client's verdict on exactly one version of the film, and what depends on it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import ClientVerdict, FilmKind
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.models import Film, FilmVerdict, ReviewLink, Story
from stories.models.review import MAX_COMMENT

from . import notices
from .permissions import require_story_owner
from .review_links import film_of

GUEST_NAME = 80  # characters
MOST = 100  # verdicts of one link


def decide(
    film_id: UUID | str,
    *,
    verdict: str,
    text: str = "",
    actor: Any = None,
    link: ReviewLink | None = None,
    guest: str = "",
) -> FilmVerdict:
    """Record what the client says of this version, through a link or told to the owner.

    Raises Film.DoesNotExist, Forbidden or Invalid.
    """
    text, guest = visible.stripped(text), visible.stripped(guest.strip()[:GUEST_NAME])
    if verdict not in ClientVerdict.values:
        raise Invalid(gettext_noop("“%(value)s” is not a choice."), value=verdict, field="verdict")
    if verdict == ClientVerdict.CHANGES and not text:
        raise Invalid(gettext_noop("Say what should change."), field="text")
    if len(text) > MAX_COMMENT:
        raise Invalid(
            gettext_noop("A comment has at most %(most)s characters."),
            most=MAX_COMMENT,
            field="text",
        )
    with transaction.atomic():
        story_id = Film.objects.values_list("story_id", flat=True).get(pk=film_id)
        story = Story.objects.select_for_update().get(pk=story_id)
        film = Film.objects.get(pk=film_id)
        if link is None:
            require_story_owner(actor, story)
        else:
            _require_link(ReviewLink.objects.get(pk=link.pk), film)
            if not guest:
                raise Invalid(gettext_noop("Say who you are."), field="guest")
        made = FilmVerdict.objects.create(
            film=film,
            verdict=verdict,
            text=text,
            guest="" if link is None else guest,
            link=link,
            recorded_by=actor if link is None else None,
        )
        notices.decided(made)
    return made


def _require_link(link: ReviewLink, film: Film) -> None:
    """Raises Forbidden unless the link shows this version and may decide on it."""
    if not (link.is_open() and link.may_decide and link.story_id == film.story_id):
        raise Forbidden(gettext_noop("This link does not allow a verdict."))
    if film_of(link) != film:
        raise Forbidden(
            gettext_noop("There is another version of the film now. Look at it, then decide.")
        )
    if FilmVerdict.objects.filter(link=link).count() >= MOST:
        raise Invalid(
            gettext_noop("This link has reached its limit of comments; ask for a new one."),
            field="text",
        )


def newest_verdicts(films: Iterable[Film]) -> dict[UUID, FilmVerdict]:
    """The verdict that counts of each film that has one. One query."""
    found: dict[UUID, FilmVerdict] = {}
    rows = FilmVerdict.objects.filter(film__in=list(films)).select_related("link", "recorded_by")
    for row in rows.order_by("created_at", "id"):
        found[row.film_id] = row
    return found


def refused_deliveries(films: Iterable[Film]) -> dict[UUID, GuardRefused]:
    """The films that may not be delivered yet, each with the reason. At most one query.

    Every answer that gives a film to be kept asks here. To look at a film is no delivery: the
    studio reviews it and the client decides on it before.
    """
    waiting = [
        film for film in films if film.kind == FilmKind.FINAL and film.story.needs_client_approval
    ]
    verdicts = newest_verdicts(waiting) if waiting else {}
    refused = ((film, _refusal(film, verdicts.get(film.pk))) for film in waiting)
    return {film.pk: reason for film, reason in refused if reason}


def why_not_deliverable(film: Film) -> GuardRefused | None:
    """Why this film may not be delivered yet, or None."""
    return refused_deliveries([film]).get(film.pk)


def _refusal(film: Film, verdict: FilmVerdict | None) -> GuardRefused | None:
    if verdict is None:
        return GuardRefused(
            gettext_noop("%(film)s waits for the client’s approval, so it is not delivered yet."),
            film=str(film),
        )
    if verdict.verdict == ClientVerdict.CHANGES:
        return GuardRefused(
            gettext_noop("The client wants changes to %(film)s, so it is not delivered."),
            film=str(film),
        )
    return None


def require_deliverable(film: Film) -> None:
    """Raises GuardRefused if the client has to approve this version first."""
    if refused := why_not_deliverable(film):
        raise refused

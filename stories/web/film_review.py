"""Film review: comments at times of the film, and the links by which guests take part."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from core.numbers import whole_number
from stories.errors import Invalid
from stories.film.changes import changes_since
from stories.models import Comment, Film, ReviewLink, Story
from stories.services import review_links as links
from stories.services.comments import for_guest
from stories.services.permissions import is_story_owner
from stories.services.plan import load_scenes
from stories.web.films import describe_changes, poster_url

from . import layout
from .responses import BoardUpdate, board_url, errors_as_responses, is_live, respond


@dataclass(frozen=True, slots=True)
class Chapter:
    """A scene on the film's timeline, with its start and length in milliseconds.

    `position` is the position of its card.
    """

    scene: str
    position: int
    title: str
    start_ms: int
    length_ms: int

    @property
    def seconds(self) -> str:
        """The start in seconds, for a media element."""
        return f"{self.start_ms / 1000:.3f}"


def chapters_of(film: Film) -> list[Chapter]:
    found, frames = [], 0
    for segment in film.manifest.get("segments", []):
        start = frames * 1000 // film.fps
        frames += segment["frames"]
        found.append(
            Chapter(
                segment["scene"],
                segment["position"],
                segment.get("title", ""),
                start,
                frames * 1000 // film.fps - start,
            )
        )
    return found


def page_values(story: Story, film: Film | None, link: ReviewLink | None = None) -> dict[str, Any]:
    """Film, chapters and comments.

    Staff see all comments, guests those meant for their link. One query besides the film.
    """
    seen = Comment.objects.filter(story=story) if link is None else for_guest(link)
    comments = (
        seen.filter(at_ms__isnull=False)
        .select_related("author", "film", "scene", "link")
        .order_by("at_ms", "created_at")
    )
    return {
        "is_staff_page": link is None,
        "story": story,
        "film": film,
        "marks": chapters_of(film) if film else [],
        "length_ms": film.frames * 1000 // film.fps if film else 0,
        "comments": comments,
        "comments_mark": comments_mark(comments) if link is None else "",
    }


@require_GET
@errors_as_responses
def review(request: HttpRequest, story: Story) -> HttpResponse:
    return _page(request, story)


def _page(request: HttpRequest, story: Story, **values: Any) -> HttpResponse:
    film = (
        get_object_or_404(Film, pk=_uuid(request.GET["film"]), story=story)
        if request.GET.get("film")
        else links.newest_film(story)
    )
    owner = is_story_owner(request.user, story)
    shown = {
        **page_values(story, film),
        "film_changes": describe_changes(changes_since(film, story, load_scenes(story)))
        if film
        else "",
        "poster": poster_url(film, 1280) if film else "",
        "source": reverse("stories:film_file", args=[film.pk]) if film else "",
        "track": reverse("stories:film_subtitles", args=[film.pk, "vtt"]) if film else "",
        "scene_url": board_url(story.pk),
        "is_owner": owner,
        "links": ReviewLink.objects.filter(story=story).select_related("made_by") if owner else [],
        **values,
    }
    return render(
        request, "board/review.html", layout.context(request, story, **{**shown, "tab": "review"})
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(gettext_noop("There is no such film."), field="film") from None


def after(request: HttpRequest, story: Story, film: Film | None, *, message: str) -> HttpResponse:
    """The updated comments, or a redirect to the page."""
    back = reverse("admin:stories_story_review", args=[story.pk])
    answer = respond(request, story, BoardUpdate(message=message), back=back)
    if is_live(request):
        values = {
            **page_values(story, film),
            "is_owner": is_story_owner(request.user, story),
            "again": True,
        }
        answer.content += render(request, "board/comments.html", values).content
    return answer


@require_GET
@errors_as_responses
def comments_now(request: HttpRequest, story: Story, film_id: UUID) -> HttpResponse:
    """The comments of the review page if they differ from those shown, else 204."""
    film = get_object_or_404(Film, pk=film_id, story=story)
    values = {**page_values(story, film), "is_owner": is_story_owner(request.user, story)}
    found = values["comments"] = list(values["comments"])
    if request.GET.get("seen") == comments_mark(found):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "board/comments.html", values)


def comments_mark(comments: Iterable[Comment]) -> str:
    """A version of a list of comments."""
    shown = [(str(one.pk), one.resolved_at is None, one.visibility) for one in comments]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


@require_POST
@errors_as_responses
def share(request: HttpRequest, story: Story) -> HttpResponse:
    """Create a link. Its URL is shown only this once."""
    days = request.POST.get("days", "")
    link, token = links.share(
        story.pk,
        actor=request.user,
        name=request.POST.get("name", ""),
        days=whole_number(days) or 0,
        may_comment=request.POST.get("may_comment") == "1",
    )
    return _page(
        request,
        story,
        new_link=link,
        new_address=request.build_absolute_uri(reverse("stories:review", args=[token])),
    )


@require_POST
@errors_as_responses
def withdraw(request: HttpRequest, story: Story, link_id: UUID) -> HttpResponse:
    link = get_object_or_404(ReviewLink, pk=link_id, story=story)
    links.withdraw(link.pk, actor=request.user)
    back = reverse("admin:stories_story_review", args=[story.pk])
    return respond(
        request,
        story,
        BoardUpdate(message=_("The link is revoked; it shows nothing any more.")),
        back=back,
    )

"""Film review: comments at times of the film, and the links by which guests take part."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from core.numbers import whole_number
from stories.enums import StoryStatus, TakeKind
from stories.errors import Invalid
from stories.film.changes import changes_since
from stories.models import Comment, Film, ReviewLink, Story
from stories.services import film_verdicts
from stories.services import review_links as links
from stories.services.comments import for_guest
from stories.services.film_verdicts import newest_verdicts
from stories.services.generation import why_closed
from stories.services.permissions import is_story_owner
from stories.services.plan import load_scenes, plan_generation
from stories.web.films import describe_changes, poster_url

from . import layout
from .responses import BoardUpdate, board_url, errors_as_responses, is_live, respond

VERSIONS = 20  # of a film, from which a link can be made


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
    found, frames = [], film.opening_frames
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
    """Film, chapters, comments with their answers, and the client's verdict.

    Staff see all comments, guests those meant for their link. Three queries besides the film.
    """
    seen = Comment.objects.filter(story=story) if link is None else for_guest(link)
    answers = seen.select_related("author").order_by("created_at", "id")
    comments = (
        seen.filter(at_ms__isnull=False, parent=None)
        .select_related("author", "film", "scene", "link")
        .prefetch_related(Prefetch("replies", queryset=answers, to_attr="answers"))
        .order_by("at_ms", "created_at")
    )
    return {
        "is_staff_page": link is None,
        "verdict": newest_verdicts([film]).get(film.pk) if film else None,
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
    """The newest film or the version `?film=`, next to the version `?beside=` if it is given."""
    return _page(request, story)


def _page(request: HttpRequest, story: Story, **values: Any) -> HttpResponse:
    film = (
        get_object_or_404(Film, pk=_uuid(request.GET["film"]), story=story)
        if request.GET.get("film")
        else links.newest_film(story)
    )
    beside = (
        get_object_or_404(Film, pk=_uuid(request.GET["beside"]), story=story)
        if request.GET.get("beside")
        else None
    )
    owner = is_story_owner(request.user, story)
    is_light = bool(film and film.light_file) and request.GET.get("size") == "light"
    shown = {
        **page_values(story, film),
        "beside": beside if film and beside != film else None,
        "film_changes": describe_changes(changes_since(film, story, load_scenes(story)))
        if film
        else "",
        "poster": poster_url(film, 1280) if film else "",
        "source": _source(film, is_light=is_light) if film else "",
        "is_light": is_light,
        "track": reverse("stories:film_subtitles", args=[film.pk, "vtt"]) if film else "",
        "scene_url": board_url(story.pk),
        "is_owner": owner,
        "links": ReviewLink.objects.filter(story=story)
        .select_related("made_by", "film")
        .prefetch_related("openings")
        if owner
        else [],
        "films": Film.objects.filter(story=story).only("kind", "number")[:VERSIONS],
        "retakes": retake_prices(story) if owner else {},
        **values,
    }
    return render(
        request, "board/review.html", layout.context(request, story, **{**shown, "tab": "review"})
    )


def _source(film: Film, *, is_light: bool) -> str:
    return reverse("stories:film_file", args=[film.pk]) + ("?size=light" if is_light else "")


def retake_prices(story: Story) -> dict[UUID, tuple[str, Decimal]]:
    """By scene: the kind of take that is made at this point of the story, and its price in USD."""
    kind = TakeKind.IMAGE if story.status == StoryStatus.PREVIEWING else TakeKind.CLIP
    if why_closed(story, kind) is not None:
        return {}
    plan = plan_generation(story, kind)
    return {
        item.scene.pk: (str(kind), item.total)
        for item in plan.items
        if item.state not in {"blocked", "running"}
    }


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
            "retakes": retake_prices(story),
            "again": True,
        }
        answer.content += render(request, "board/comments.html", values).content
    return answer


@require_GET
@errors_as_responses
def comments_now(request: HttpRequest, story: Story, film_id: UUID) -> HttpResponse:
    """The comments of the review page if they differ from those shown, else 204."""
    film = get_object_or_404(Film, pk=film_id, story=story)
    owner = is_story_owner(request.user, story)
    values = {
        **page_values(story, film),
        "is_owner": owner,
        "retakes": retake_prices(story) if owner else {},
    }
    found = values["comments"] = list(values["comments"])
    if request.GET.get("seen") == comments_mark(found):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "board/comments.html", values)


def comments_mark(comments: Iterable[Comment]) -> str:
    """A version of a list of comments."""
    shown = [
        (
            str(one.pk),
            one.resolved_at is None,
            one.visibility,
            one.retaken_at is None,
            len(getattr(one, "answers", ())),
        )
        for one in comments
    ]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


@require_POST
@errors_as_responses
def share(request: HttpRequest, story: Story) -> HttpResponse:
    """Create a link. Its URL is shown only this once."""
    days, film = request.POST.get("days", ""), request.POST.get("film", "")
    if film:
        get_object_or_404(Film, pk=_uuid(film), story=story)
    link, token = links.share(
        story.pk,
        actor=request.user,
        name=request.POST.get("name", ""),
        days=whole_number(days) or 0,
        may_comment=request.POST.get("may_comment") == "1",
        may_decide=request.POST.get("may_decide") == "1",
        film_id=film or None,
        password=request.POST.get("password", ""),
    )
    return _page(
        request,
        story,
        new_link=link,
        new_address=request.build_absolute_uri(reverse("stories:review", args=[token])),
    )


@require_POST
@errors_as_responses
def decide(request: HttpRequest, story: Story, film_id: UUID) -> HttpResponse:
    """Record what the client said elsewhere of this version."""
    film = get_object_or_404(Film, pk=film_id, story=story)
    film_verdicts.decide(
        film.pk,
        actor=request.user,
        verdict=request.POST.get("verdict", ""),
        text=request.POST.get("text", ""),
    )
    back = reverse("admin:stories_story_review", args=[story.pk]) + f"?film={film.pk}"
    return respond(request, story, BoardUpdate(message=_("The verdict is recorded.")), back=back)


@require_POST
@errors_as_responses
def withdraw(request: HttpRequest, story: Story, link_id: UUID) -> HttpResponse:
    link = get_object_or_404(ReviewLink, pk=link_id, story=story)
    links.withdraw(link.pk, actor=request.user)
    back = reverse("admin:stories_story_review", args=[story.pk])
    return respond(
        request,
        story,
        BoardUpdate(message=_("The link is revoked. It no longer shows the film.")),
        back=back,
    )

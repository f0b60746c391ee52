"""Actions for comments: on a scene, at a time of a film, and settling them."""

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from core.admin.display import money
from stories.enums import TakeKind, Visibility
from stories.errors import Invalid
from stories.models import Comment, Film, Story
from stories.services import comments, retakes

from . import film_review, takes
from .form_values import confirmed_price
from .responses import errors_as_responses, scene_or_404

LONGEST_DRAWING = 120_000  # characters
MOST_AT_ONCE = 500  # comments


@require_POST
@errors_as_responses
def on_scene(request: HttpRequest, story: Story, scene_id: UUID) -> HttpResponse:
    scene = scene_or_404(story, scene_id)
    comments.on_scene(scene.pk, actor=request.user, text=request.POST.get("text", ""))
    return takes.after(request, story, scene, _kind(request), message=_("Comment added."))


def _kind(request: HttpRequest) -> str:
    return TakeKind.CLIP if request.POST.get("kind") == TakeKind.CLIP else TakeKind.IMAGE


@require_POST
@errors_as_responses
def on_film(request: HttpRequest, story: Story, film_id: UUID) -> HttpResponse:
    shown = get_object_or_404(Film, pk=film_id, story=story)
    comments.on_film(
        shown.pk,
        actor=request.user,
        text=request.POST.get("text", ""),
        at_ms=milliseconds(request.POST.get("at", "")),
        visibility=request.POST.get("visibility", Visibility.INTERNAL),
        drawing=drawing_of(request),
    )
    return film_review.after(request, story, shown, message=_("Comment added."))


def drawing_of(request: HttpRequest) -> Any:
    """The drawing as it was sent. Raises Invalid if it is not JSON, or too long."""
    text = request.POST.get("drawing", "")
    if not text:
        return None
    wrong = Invalid(gettext_noop("The drawing cannot be read."), field="drawing")
    if len(text) > LONGEST_DRAWING:
        raise wrong
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise wrong from error


@require_POST
@errors_as_responses
def answer(request: HttpRequest, story: Story, comment_id: UUID) -> HttpResponse:
    """Answer a comment on the film."""
    comment = get_object_or_404(Comment.objects.select_related("film"), pk=comment_id, story=story)
    comments.reply(comment.pk, actor=request.user, text=request.POST.get("text", ""))
    return film_review.after(request, story, comment.film, message=_("Answer added."))


@require_POST
@errors_as_responses
def retake(request: HttpRequest, story: Story, comment_id: UUID) -> HttpResponse:
    """Make another take of the comment's scene, with the comment as its reason."""
    comment = get_object_or_404(Comment.objects.select_related("film"), pk=comment_id, story=story)
    start = retakes.retake(
        comment.pk,
        request.POST.get("kind", ""),
        actor=request.user,
        confirm_total=confirmed_price(request),
        ask_again=True,
    )
    start.require()
    message = _("Another take is being made for %(price)s.") % {"price": money(start.total)}
    return film_review.after(request, story, comment.film, message=message)


def milliseconds(text: str) -> int:
    """Convert a time in seconds, such as `12.480`, to milliseconds. Raises Invalid."""
    try:
        seconds = float(text or 0)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < comments.LONGEST:
        raise Invalid(gettext_noop("This time is outside the film."), field="at")
    return round(seconds * 1000)


@require_POST
@errors_as_responses
def settle(request: HttpRequest, story: Story, comment_id: UUID) -> HttpResponse:
    comment = get_object_or_404(
        Comment.objects.select_related("scene", "film"), pk=comment_id, story=story
    )
    comments.settle(comment.pk, actor=request.user, settled=request.POST.get("settled", "1") == "1")
    message = (
        _("Comment resolved.")
        if request.POST.get("settled", "1") == "1"
        else _("Comment opened again.")
    )
    if request.POST.get("where") == "film" and comment.film:
        return film_review.after(request, story, comment.film, message=message)
    if comment.scene:
        return takes.after(request, story, comment.scene, _kind(request), message=message)
    return film_review.after(request, story, comment.film, message=message)


@require_POST
@errors_as_responses
def settle_several(request: HttpRequest, story: Story, film_id: UUID) -> HttpResponse:
    """Resolve the comments that are ticked on the review page of a film."""
    film = get_object_or_404(Film, pk=film_id, story=story)
    try:
        ids = [UUID(one) for one in request.POST.getlist("comment")[:MOST_AT_ONCE]]
    except ValueError:
        raise Invalid(gettext_noop("There is no such comment."), field="comment") from None
    if not ids:
        raise Invalid(gettext_noop("Tick the comments first."), field="comment")
    count = comments.settle_several(story.pk, ids, actor=request.user)
    message = ngettext("%(n)s comment resolved.", "%(n)s comments resolved.", count) % {"n": count}
    return film_review.after(request, story, film, message=message)


@require_POST
@errors_as_responses
def show(request: HttpRequest, story: Story, comment_id: UUID) -> HttpResponse:
    """Show a comment to the client, or make it internal."""
    comment = get_object_or_404(Comment.objects.select_related("film"), pk=comment_id, story=story)
    visibility = request.POST.get("visibility", "")
    comments.show(comment.pk, actor=request.user, visibility=visibility)
    message = (
        _("The client sees this comment now.")
        if visibility == Visibility.CLIENT
        else _("The client does not see this comment any more.")
    )
    return film_review.after(request, story, comment.film, message=message)

"""The question who is to do a story or a scene, and until when."""

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from core.admin.confirm_dialog import ask
from core.numbers import whole_number
from stories.errors import Invalid
from stories.services import assignments

from . import story_pages
from .responses import scene_or_404

if TYPE_CHECKING:
    from stories.models import Scene, Story


@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, story_id: Any, scene_id: UUID | None = None) -> HttpResponse:
    """Assign the story, or one of its scenes."""
    story = story_pages.story_or_404(request, story_id)
    scene = scene_or_404(story, scene_id) if scene_id else None
    back = (
        reverse("admin:board_scene", args=[story.pk, scene.pk])
        if scene
        else reverse("admin:stories_story_board", args=[story.pk])
    )

    def act() -> str:
        assignments.assign(
            story.pk,
            actor=request.user,
            assignee_id=_person(request),
            due_on=_day(request),
            scene_id=scene.pk if scene else None,
        )
        return _("Saved.")

    def context() -> dict[str, Any]:
        subject: Scene | Story = scene or story
        crumbs = [
            (_("Stories"), reverse("admin:stories_story_changelist")),
            (story.title, reverse("admin:stories_story_board", args=[story.pk])),
        ]
        title = (
            _("Who does scene %(number)s?") % {"number": scene.position}
            if scene
            else _("Who does it, and until when?")
        )
        return story_pages.site().page_context(
            request,
            title=title,
            crumbs=crumbs,
            story=story,
            people=assignments.assignable(story),
            assignee_id=subject.assignee_id,
            due_on=subject.due_on.isoformat() if subject.due_on else "",
        )

    return ask(request, template="studio/story/assign.html", context=context, act=act, back=back)


def _person(request: HttpRequest) -> int | None:
    text = request.POST.get("assignee", "")
    if not text:
        return None
    number = whole_number(text)
    if number is None:
        raise Invalid(gettext_noop("“%(value)s” is not a choice."), value=text, field="assignee")
    return number


def _day(request: HttpRequest) -> date | None:
    text = request.POST.get("due_on", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(gettext_noop("Give a day, such as 2026-12-24."), field="due_on") from error

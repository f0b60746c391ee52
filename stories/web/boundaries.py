"""The transitions between scenes, on the film page. Its section can be included in any page."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from stories.enums import Boundary
from stories.models import Story
from stories.services.boundaries import set_boundaries
from stories.services.locking import why_locked
from stories.services.permissions import is_story_owner

from .responses import errors_as_responses

if TYPE_CHECKING:
    from .story_state import StoryState

EVERYWHERE = (Boundary.CUT, Boundary.CROSS_FADE, Boundary.DIP_TO_BLACK)
NAME = "after-"  # begins the names of the fields, followed by the id of the scene


def section(state: "StoryState") -> dict[str, Any]:
    """What `studio/story/boundaries.html` shows. No queries beyond those of the scenes."""
    story = state.story
    return {
        "story": story,
        "scenes": list(state.scenes),
        "choices": Boundary.choices,
        "everywhere": [(one.value, one.label) for one in EVERYWHERE],
        "used": sum(scene.boundary != Boundary.CUT for scene in state.scenes),
        "may_change": is_story_owner(state.user, story) and why_locked(story) is None,
    }


@require_POST
@errors_as_responses
def change(request: HttpRequest, story: Story) -> HttpResponse:
    """Save the transitions. With `everywhere` the same one is set after each scene."""
    everywhere = request.POST.get("everywhere", "")
    sent = {} if everywhere else _sent(request)
    set_boundaries(story.pk, actor=request.user, boundaries=sent, everywhere=everywhere)
    messages.success(request, _("The transitions are saved. The next film has them."))
    return HttpResponseRedirect(
        reverse("admin:stories_story_film", args=[story.pk]) + "#transitions"
    )


def _sent(request: HttpRequest) -> dict[UUID, str]:
    found = {}
    for name, value in request.POST.items():
        try:
            scene = UUID(name.removeprefix(NAME)) if name.startswith(NAME) else None
        except ValueError:
            continue
        if scene is not None:
            found[scene] = str(value)
    return found

"""Proposed lengths of scenes, on the film page. Its section can be included in any page."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from core.numbers import amount
from stories.errors import Invalid
from stories.models import Story, tenths
from stories.services.locking import why_locked
from stories.services.permissions import is_story_owner
from stories.services.scene_lengths import propose_lengths, set_lengths
from stories.services.sound_plan import SoundPlan

from .responses import errors_as_responses

if TYPE_CHECKING:
    from .story_state import StoryState

NAME = "length-"  # begins the names of the fields, followed by the id of the scene


def section(state: "StoryState", plan: SoundPlan) -> dict[str, Any]:
    """What `studio/story/lengths.html` shows. `plan`: that of the story's sound."""
    story = state.story
    proposals = propose_lengths(story, plan=plan, scenes=state.scenes, facts=state.facts)
    return {
        "story": story,
        "proposals": proposals,
        "more": tenths(sum(one.more for one in proposals)),
        "price": sum(one.price for one in proposals),
        "may_change": is_story_owner(state.user, story) and why_locked(story) is None,
    }


@require_POST
@errors_as_responses
def accept(request: HttpRequest, story: Story) -> HttpResponse:
    """Set the lengths that the page showed: of the scene `only`, or of all."""
    only = request.POST.get("only", "")
    lengths = {}
    for name, value in request.POST.items():
        if not name.startswith(NAME) or (only and name != f"{NAME}{only}"):
            continue
        seconds = amount(str(value))
        try:
            scene = UUID(name.removeprefix(NAME))
        except ValueError:
            continue
        if seconds is None:
            raise Invalid(gettext_noop("Write a number of seconds."), field="duration_seconds")
        lengths[scene] = float(seconds)
    set_lengths(story.pk, actor=request.user, lengths=lengths)
    messages.success(
        request,
        ngettext("%(n)s scene is longer now.", "%(n)s scenes are longer now.", len(lengths))
        % {"n": len(lengths)}
        if lengths
        else _("No scene was changed."),
    )
    return HttpResponseRedirect(reverse("admin:stories_story_film", args=[story.pk]) + "#lengths")

"""The admin layout around the board's pages: story header, tabs, breadcrumbs."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from stories.models import Story
from stories.web import story_pages

from .story_head import StoryHead
from .story_state import StoryState
from .undo import offered


def context(
    request: HttpRequest,
    story: Story,
    /,
    *,
    tab: str = "board",
    head: StoryHead | None = None,
    **values: Any,
) -> dict[str, Any]:
    """The context that every full page of the board needs, extended by `values`."""
    crumbs = [(_("Stories"), reverse("admin:stories_story_changelist"))]
    frame = {
        "title": story.title,
        "crumbs": crumbs,
        "story": story,
        "tab": tab,
        "tabs": story_pages.tabs(story),
        "offer": offered(request, story),
        "head": head or StoryState(story, request.user).head,
    }
    return story_pages.site().page_context(request, **{**frame, **values})

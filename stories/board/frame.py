"""The admin's frame around the board's pages: head of the story, tabs, crumbs."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from stories.admin import pages
from stories.models import Story

from .offers import offered


def context(request: HttpRequest, story: Story, /, *, tab: str = "board", **values: Any) -> dict[str, Any]:
    """What every full page of the board needs, with `values` on top."""
    crumbs = [(_("Stories"), reverse("admin:stories_story_changelist"))]
    frame = {"title": story.title, "crumbs": crumbs, "story": story, "tab": tab, "tabs": pages.tabs(story), "offer": offered(request, story)}
    return pages.site().page_context(request, **{**frame, **values})

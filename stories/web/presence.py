"""Who else has the story open, as the head of its pages shows it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from stories.models import Story
from stories.services import presence

from .responses import errors_as_responses


@require_POST
@errors_as_responses
def here(request: HttpRequest, story: Story) -> HttpResponse:
    """Write down that this person is here, and answer with the others."""
    people = presence.note(story, request.user)
    return render(request, "studio/story/here.html", {"people": people})

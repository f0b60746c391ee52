"""The notes on the workbench: closed by the person, opened again from the list of keys."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from stories.models import Story
from stories.services import introduction

from .responses import board_url, errors_as_responses


def shows_notes(request: HttpRequest) -> bool:
    """Whether the board shows the notes: until they are closed, and with `?notes=1`."""
    return request.GET.get("notes") == "1" or introduction.is_open(request.user)


@require_POST
@errors_as_responses
def close(request: HttpRequest, story: Story) -> HttpResponse:
    introduction.close(request.user)
    return HttpResponseRedirect(board_url(story.pk))

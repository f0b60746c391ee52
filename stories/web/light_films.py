"""Asking for the copy of a film for slow connections, on the film and review pages."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from stories.models import Film, Story
from stories.services import light_films

from .responses import errors_as_responses


@require_POST
@errors_as_responses
def prepare(request: HttpRequest, story: Story, film_id: UUID) -> HttpResponse:
    film = get_object_or_404(Film, pk=film_id, story=story)
    if light_films.prepare_light(film.pk, actor=request.user) is None:
        messages.info(request, _("There is already a copy for slow connections."))
    else:
        messages.success(request, _("The copy for slow connections is being made."))
    back = reverse("admin:stories_story_review", args=[story.pk])
    return HttpResponseRedirect(f"{back}?film={film.pk}")

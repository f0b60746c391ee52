"""Film endpoints: preview and final versions, with expiring links that need no header."""

import time
from typing import Literal
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from msgspec import UNSET

from api.paging import Page, page
from api.problems import not_found
from api.responses import Redirect
from api.routes import Call
from core.file_serving import signed_url
from stories.api import schemas
from stories.models import Film
from stories.services.permissions import stories_for
from stories.views import film_filename

from .base import FILMS, api
from .lookups import film_of, story_of
from .outputs.films import FilmOut, film_out

SALT = "stories.subtitles"
SECONDS = 3600
type Form = Literal["srt", "vtt"]
MIME = {"srt": "application/x-subrip; charset=utf-8", "vtt": "text/vtt; charset=utf-8"}


@api.get("stories/<uuid:story_id>/films/", tag=FILMS, summary="List a story's films")
def list_films(call: Call, story_id: UUID, query: schemas.FilmFilter) -> Page[FilmOut]:
    """The newest first; `kind=final` for the final films."""
    rows = Film.objects.filter(story_id=story_id, story__in=stories_for(call.user)).select_related(
        "story"
    )
    if query.kind is not UNSET:
        rows = rows.filter(kind=query.kind)
    found = page(
        rows,
        query,
        out=lambda films: [_out(call, film) for film in films],
        key=lambda film: (film.created_at, film.pk),
        scope=str(story_id),
    )
    if not found.items:
        # Checked only here: distinguishes a story without films from one that may not be seen.
        story_of(call, story_id)
    return found


@api.get("films/<uuid:film_id>/", tag=FILMS, summary="Show a film")
def get_film(call: Call, film_id: UUID) -> FilmOut:
    return _out(call, film_of(call, film_id))


@api.get("films/<uuid:film_id>/file/", tag=FILMS, summary="Fetch a film")
def fetch_film(call: Call, film_id: UUID) -> Redirect:
    """Sends on to a link that works without a header and ends."""
    film = film_of(call, film_id)
    return Redirect(signed_url(film.file, filename=film_filename(film, "mp4")))


def _out(call: Call, film: Film) -> FilmOut:
    return film_out(
        call,
        film,
        (_subtitles(call, film, "srt"), _subtitles(call, film, "vtt")),
        film_filename(film, "mp4"),
    )


def _subtitles(call: Call, film: Film, form: Form) -> str:
    """A link to the subtitles that needs no header.

    It stays the same for half an hour and is valid for at least an hour.
    """
    step = SECONDS // 2
    ends = (int(time.time()) // step + 1) * step + SECONDS
    token = signing.Signer(salt=SALT).sign_object([str(film.pk), form, ends])
    return call.request.build_absolute_uri(reverse("subtitles", args=[token]))


@require_safe
def subtitles(request: HttpRequest, token: str) -> HttpResponse:
    """The view behind the link. Gives 404 for an invalid or expired token."""
    try:
        film_id, form, ends = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return not_found().response(request)
    film = Film.objects.select_related("story").filter(pk=film_id).first()
    if film is None or ends < time.time():
        return not_found().response(request)
    response = HttpResponse(film.srt if form == "srt" else film.vtt, content_type=MIME[form])
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=form == "srt", filename=film_filename(film, form))
        or "inline"
    )
    response["Cache-Control"] = f"public, max-age={int(ends - time.time())}"
    return response


signed_links = [path("subtitles/<str:token>", subtitles, name="subtitles")]

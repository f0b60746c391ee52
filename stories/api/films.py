"""Film endpoints: preview and final versions, with expiring links that need no header."""

import time
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from msgspec import UNSET

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Empty
from api.paging import Page, page
from api.problems import not_found
from api.responses import Accepted, Redirect
from core.file_serving import signed_url
from stories.api.inputs.films import FilmFileQuery, FilmFilter
from stories.models import Film
from stories.services import light_films
from stories.services.film_verdicts import refused_deliveries, require_deliverable
from stories.services.permissions import stories_for
from stories.views import film_filename

from .base import FILMS, api
from .lookups import film_of, story_of
from .outputs.films import FilmOut, film_out
from .outputs.jobs import JobOut, job_out

SALT = "stories.subtitles"
SECONDS = 3600
LIGHT = "light.mp4"  # ending of the copy for slow connections
type Form = Literal["srt", "vtt"]
MIME = {"srt": "application/x-subrip; charset=utf-8", "vtt": "text/vtt; charset=utf-8"}


@api.at("stories/<uuid:story_id>/films/")
class StoryFilmsController(ApiController):
    tags = (FILMS,)

    @operation("list_films", summary="List a story's films")
    def get(self, story_id: UUID, query: Query[FilmFilter]) -> Page[FilmOut]:
        """The newest first; `kind=final` for the final films.

        A final film that the client has to approve first has no `url`, and `why_not_delivered`.
        """
        rows = Film.objects.filter(
            story_id=story_id, story__in=stories_for(self.user)
        ).select_related("story")
        if query.kind is not UNSET:
            rows = rows.filter(kind=query.kind)
        found = page(
            rows,
            query,
            out=lambda films: _all_out(self, list(films)),
            key=lambda film: (film.created_at, film.pk),
            scope=str(story_id),
        )
        if not found.items:
            # Checked only here: distinguishes a story without films from one that may not be seen.
            story_of(self, story_id)
        return found


@api.at("films/<uuid:film_id>/")
class FilmController(ApiController):
    tags = (FILMS,)

    @operation("get_film", summary="Show a film")
    def get(self, film_id: UUID) -> FilmOut:
        """A film that waits for the client's approval has no link and says why."""
        (shown,) = _all_out(self, [film_of(self, film_id)])
        return shown


@api.at("films/<uuid:film_id>/file/")
class FilmFileController(ApiController):
    tags = (FILMS,)

    @operation("fetch_film", summary="Fetch a film", problems=(409,))
    def get(self, film_id: UUID, query: Query[FilmFileQuery]) -> Redirect:
        """Sends on to a link that works without a header and ends. `size=light`: the copy for slow
        connections, 404 if there is none.

        409 if the client has to approve this version of the final film first.
        """
        film = film_of(self, film_id)
        if query.size == "light" and not film.light_file:
            raise not_found()
        require_deliverable(film)
        if query.size == "light":
            return Redirect(signed_url(film.light_file, filename=film_filename(film, LIGHT)))
        return Redirect(signed_url(film.file, filename=film_filename(film, "mp4")))


@api.at("films/<uuid:film_id>/light/")
class FilmLightController(ApiController):
    tags = (FILMS,)

    @operation("make_light_film", summary="Make the copy of a film for slow connections")
    def post(self, film_id: UUID, body: Body[Empty]) -> Accepted[JobOut] | FilmOut:  # noqa: ARG002  rejects a body that is not empty
        """A smaller file beside the film; nothing is paid for it. Answered with the film if there
        is one already. With `light_films` of the story each final film gets one by itself.
        """
        film = film_of(self, film_id)
        job = light_films.prepare_light(film.pk, actor=self.user)
        if job is None:
            (shown,) = _all_out(self, [film])
            return shown
        return Accepted(job_out(job))


def _all_out(call: Call, films: Sequence[Film]) -> list[FilmOut]:
    refused = refused_deliveries(films)
    return [
        film_out(
            call,
            film,
            subtitles=(_subtitles(call, film, "srt"), _subtitles(call, film, "vtt")),
            filename=film_filename(film, "mp4"),
            light_filename=film_filename(film, LIGHT),
            refused=refused.get(film.pk),
        )
        for film in films
    ]


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

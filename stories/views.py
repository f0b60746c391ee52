"""Views for the files of takes and films. Users who may not see the story get 404."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from core.file_serving import serve
from media.errors import MediaError
from providers.store import FileMissing

from .models import Film, LibraryLook, SheetTake, SoundTake, StorySound, Take
from .services import library
from .services.card_pictures import PLACES, drawn_picture, picture_mark
from .services.film_verdicts import why_not_deliverable
from .services.permissions import stories_for
from .services.thumbnails import WIDTHS, film_mark, poster, thumb


@require_safe
@login_required
def take_file(request: HttpRequest, take_id: str) -> HttpResponseBase:
    take = get_object_or_404(Take, pk=take_id, scene__story__in=stories_for(request.user))
    return serve(request, take.file)


@require_safe
@login_required
def sound_file(request: HttpRequest, take_id: str) -> HttpResponseBase:
    take = get_object_or_404(SoundTake, pk=take_id, story__in=stories_for(request.user))
    return serve(request, take.file)


@require_safe
@login_required
def sound_stem(request: HttpRequest, story_id: str, track: str) -> HttpResponseBase:
    """One track of the story's sound, for the mixer, whose script processes it."""
    found = get_object_or_404(StorySound, story=story_id, story__in=stories_for(request.user))
    name = found.stems.get("files", {}).get(track, "")
    if not name:
        raise Http404
    return serve(request, name, same_origin=True)


@require_safe
@login_required
def card_picture(request: HttpRequest, story_id: str, place: str, mark: str) -> HttpResponse:
    """How a card of the story's film, or its logo, looks. 404 for another state than the present
    one: its URL may be cached forever.
    """
    story = get_object_or_404(stories_for(request.user), pk=story_id)
    if place not in PLACES or not mark or picture_mark(story, place) != mark:
        raise Http404
    try:
        content = drawn_picture(story, place)
    except (MediaError, FileMissing, OSError):
        raise Http404 from None
    return HttpResponse(
        content,
        content_type="image/webp",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


@require_safe
@login_required
def sheet_file(request: HttpRequest, take_id: str) -> HttpResponseBase:
    take = get_object_or_404(
        SheetTake, pk=take_id, look__member__story__in=stories_for(request.user)
    )
    return serve(request, take.file)


@require_safe
@login_required
def sheet_thumb(request: HttpRequest, take_id: str, content: str, width: int) -> HttpResponseBase:
    """As `take_thumb`, of a reference sheet."""
    take = get_object_or_404(
        SheetTake, pk=take_id, look__member__story__in=stories_for(request.user)
    )
    if width not in WIDTHS or not take.sha256.startswith(content):
        raise Http404
    return _picture(request, lambda: thumb(take, width))


@require_safe
@login_required
def library_thumb(request: HttpRequest, look_id: str, content: str, width: int) -> HttpResponseBase:
    """As `take_thumb`, of the reference sheet of a look in the studio's library."""
    look = get_object_or_404(
        LibraryLook, pk=look_id, version__in=library.versions_for(request.user)
    )
    if width not in WIDTHS or not look.file or not look.sha256.startswith(content):
        raise Http404
    return _picture(request, lambda: thumb(look, width))


@require_safe
@login_required
def take_thumb(request: HttpRequest, take_id: str, content: str, width: int) -> HttpResponseBase:
    """The take's thumbnail.

    Its URL contains the content hash, so it may be cached forever. 404 for a width that is not
    offered.
    """
    take = get_object_or_404(Take, pk=take_id, scene__story__in=stories_for(request.user))
    if width not in WIDTHS or not take.sha256.startswith(content):
        raise Http404
    return _picture(request, lambda: thumb(take, width))


@require_safe
@login_required
def film_poster(request: HttpRequest, film_id: str, content: str, width: int) -> HttpResponseBase:
    """A frame of the film. Its URL contains the content hash, so it may be cached forever."""
    film = _film(request, film_id)
    if width not in WIDTHS or not film_mark(film).startswith(content):
        raise Http404
    return _picture(request, lambda: poster(film, width))


def _picture(request: HttpRequest, make: Callable[[], str]) -> HttpResponseBase:
    try:
        name = make()
    except (MediaError, FileMissing, OSError):
        raise Http404 from None
    response = serve(request, name)
    if response.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED}:
        response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _film(request: HttpRequest, film_id: str) -> Film:
    return get_object_or_404(
        Film.objects.select_related("story"), pk=film_id, story__in=stories_for(request.user)
    )


def film_filename(film: Film, ending: str) -> str:
    """The download name of the film, such as `the-sea-final-2.mp4`."""
    title = slugify(film.story.title, allow_unicode=True) or "film"
    return f"{title}-{film.kind}-{film.number}.{ending}"


@require_safe
@login_required
def film_file(request: HttpRequest, film_id: str) -> HttpResponseBase:
    """The film, or with `?size=light` its copy for slow connections."""
    film = _film(request, film_id)
    if "download" in request.GET and (refused := why_not_deliverable(film)):
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:stories_story_film", args=[film.story_id]))
    if request.GET.get("size") == "light":
        if not film.light_file:
            raise Http404
        return serve(request, film.light_file, filename=film_filename(film, "light.mp4"))
    return serve(
        request, film.file, filename=film_filename(film, "mp4"), download="download" in request.GET
    )


@require_safe
@login_required
def film_subtitles(request: HttpRequest, film_id: str, form: str) -> HttpResponse:
    film = _film(request, film_id)
    if form == "srt":
        name = (
            content_disposition_header(as_attachment=True, filename=film_filename(film, "srt"))
            or ""
        )
        return HttpResponse(
            film.srt,
            content_type="application/x-subrip; charset=utf-8",
            headers={"Content-Disposition": name},
        )
    return HttpResponse(film.vtt, content_type="text/vtt; charset=utf-8")

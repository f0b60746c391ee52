"""The guest's page: a story's newest film behind a link, with comments if the link allows them.

Needs no account and cannot be shown in a frame.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_safe

from core.file_serving import serve
from stories.errors import Invalid, StoryError
from stories.models import Comment, ReviewLink
from stories.services import comments
from stories.services.review_links import newest_film, opened

from .comments import milliseconds
from .film_review import page_values

MOST_COMMENTS = 300  # maximum per link
NAME_COOKIE = "review_name"  # percent-encoded, because headers are ASCII only
STRICT = {
    **settings.SECURE_CSP,
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "base-uri": ["'none'"],
}

type View = Callable[..., HttpResponseBase]


def with_link(view: View) -> View:
    """Pass the open link to the view instead of its token.

    Expired, revoked and unknown links get the same response.
    """

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponseBase:
        link = opened(token)
        if link is None:
            return render(request, "board/guest_over.html", status=HTTPStatus.NOT_FOUND)
        response = view(request, link, token)
        # The URL is the secret, but our own forms need an origin.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return csp_override(STRICT)(never_cache(answer))


@require_http_methods(["GET", "HEAD", "POST"])
@with_link
def page(request: HttpRequest, link: ReviewLink, token: str) -> HttpResponseBase:
    """View the film and comment at a time of it."""
    film = newest_film(link.story)
    values: dict[str, Any] = {
        **page_values(link.story, film, link),
        "link": link,
        "token": token,
        "name": unquote(request.COOKIES.get(NAME_COOKIE, "")),
    }
    if request.method != "POST":
        return render(request, "board/guest.html", values)
    if film is None:
        raise Http404
    name = request.POST.get("guest", "")
    try:
        _require_room(link)
        comments.on_film(
            film.pk,
            link=link,
            guest=name,
            text=request.POST.get("text", ""),
            at_ms=milliseconds(request.POST.get("at", "")),
        )
    except StoryError as error:
        status = (
            HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(error, Invalid) else HTTPStatus.FORBIDDEN
        )
        return render(
            request,
            "board/guest.html",
            values | {"error": str(error), "written": request.POST, "name": name},
            status=status,
        )
    response: HttpResponse = HttpResponseRedirect(
        reverse("stories:review", args=[token]) + "#comments"
    )
    kept, path = quote(name.strip()[: comments.GUEST_NAME]), reverse("stories:review", args=[token])
    response.set_cookie(
        NAME_COOKIE, kept, path=path, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def _require_room(link: ReviewLink) -> None:
    if Comment.objects.filter(link=link).count() >= MOST_COMMENTS:
        raise Invalid(
            gettext_noop("Too much has been said through this link; ask for a new one."),
            field="text",
        )


@require_safe
@with_link
def film_file(request: HttpRequest, link: ReviewLink, _token: str) -> HttpResponseBase:
    """The film file. It is available as long as its link."""
    film = newest_film(link.story)
    if film is None:
        raise Http404
    return serve(request, film.file)


@require_safe
@with_link
def subtitles(_request: HttpRequest, link: ReviewLink, _token: str) -> HttpResponseBase:
    film = newest_film(link.story)
    if film is None:
        raise Http404
    return HttpResponse(film.vtt, content_type="text/vtt; charset=utf-8")

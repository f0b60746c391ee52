"""The guest's page: a film behind a link, with comments and a verdict if the link allows them.

Needs no account and cannot be shown in a frame.
"""

import re
import secrets
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_safe

from accounts import login_throttle
from api.problems import Problem
from core import visible
from core.file_serving import serve
from stories.errors import Forbidden, Invalid, StoryError
from stories.models import Comment, Film, ReviewLink
from stories.services import comments, film_verdicts
from stories.services.review_links import film_of, is_password, opened, record_opening

from .comments import drawing_of, milliseconds
from .film_review import page_values

MOST_COMMENTS = 300  # maximum per link
NAME_COOKIE = "review_name"  # percent-encoded, because headers are ASCII only
PASSWORD_COOKIE, PASSWORD_SECONDS = "review_password", 24 * 3600
VISITOR_COOKIE, VISITOR = "review_visitor", re.compile(r"[0-9a-f]{24}")
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
        if link.wants_password and not _is_unlocked(request, link):
            response = _ask_password(request, link, token)
        else:
            response = view(request, link, token)
        # The URL is the secret, but our own forms need an origin.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return csp_override(STRICT)(never_cache(answer))


def _is_unlocked(request: HttpRequest, link: ReviewLink) -> bool:
    """Whether this browser has given the link's password. Another password locks it again."""
    given = request.get_signed_cookie(
        PASSWORD_COOKIE, "", salt=link.password, max_age=PASSWORD_SECONDS
    )
    return bool(given == link.pk.hex)


def _ask_password(request: HttpRequest, link: ReviewLink, token: str) -> HttpResponseBase:
    """The form for the password in place of every page and file of the link."""
    address = reverse("stories:review", args=[token])
    if request.path != address:
        raise Http404
    values: dict[str, Any] = {"link": link, "token": token}
    if request.method != "POST":
        return render(request, "board/guest_password.html", values)
    try:
        attempt = login_throttle.count_link_try(str(link.pk))
    except Problem as problem:
        values["error"] = problem.sentence
        refused = render(request, "board/guest_password.html", values, status=problem.status)
        for name, value in problem.headers.items():
            refused[name] = value
        return refused
    if not is_password(link, request.POST.get("password", "")):
        values["error"] = gettext("The password is incorrect.")
        return render(request, "board/guest_password.html", values, status=HTTPStatus.FORBIDDEN)
    login_throttle.forget_link_tries(attempt)
    response = HttpResponseRedirect(address)
    response.set_signed_cookie(
        PASSWORD_COOKIE,
        link.pk.hex,
        salt=link.password,
        max_age=PASSWORD_SECONDS,
        path=address,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _note_opening(request: HttpRequest, link: ReviewLink, path: str, page: HttpResponse) -> None:
    """Note that this browser opened the page. It is known again by a random cookie."""
    visitor = request.COOKIES.get(VISITOR_COOKIE, "")
    if not VISITOR.fullmatch(visitor):
        visitor = secrets.token_hex(12)
        page.set_cookie(
            VISITOR_COOKIE,
            visitor,
            path=path,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    record_opening(
        link, visitor=visitor, browser=visible.stripped(request.headers.get("User-Agent", ""))
    )


@require_http_methods(["GET", "HEAD", "POST"])
@with_link
def page(request: HttpRequest, link: ReviewLink, token: str) -> HttpResponseBase:
    """View the film and comment at a time of it."""
    film, address = film_of(link), reverse("stories:review", args=[token])
    values: dict[str, Any] = {
        **page_values(link.story, film, link),
        "link": link,
        "token": token,
        "name": unquote(request.COOKIES.get(NAME_COOKIE, "")),
    }
    if request.method != "POST":
        shown = render(request, "board/guest.html", values)
        if request.method == "GET":
            _note_opening(request, link, address, shown)
        return shown
    if film is None:
        raise Http404
    name = request.POST.get("guest", "")
    try:
        _say(request, link, film, name)
    except Comment.DoesNotExist:
        raise Http404 from None
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
    response: HttpResponse = HttpResponseRedirect(f"{address}#comments")
    kept = quote(name.strip()[: comments.GUEST_NAME])
    response.set_cookie(
        NAME_COOKIE, kept, path=address, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def _say(request: HttpRequest, link: ReviewLink, film: Film, name: str) -> None:
    """A comment, an answer, or a verdict on the version that the guest has seen."""
    text = request.POST.get("text", "")
    if "verdict" in request.POST:
        if request.POST.get("film") != str(film.pk):
            raise Forbidden(
                gettext_noop("There is another version of the film now. Look at it, then decide.")
            )
        film_verdicts.decide(
            film.pk, verdict=request.POST["verdict"], text=text, link=link, guest=name
        )
        return
    _require_room(link)
    if "answer_to" in request.POST:
        try:
            parent = UUID(request.POST["answer_to"])
        except ValueError:
            raise Comment.DoesNotExist from None
        comments.reply(parent, link=link, guest=name, text=text)
        return
    comments.on_film(
        film.pk,
        link=link,
        guest=name,
        text=text,
        at_ms=milliseconds(request.POST.get("at", "")),
        drawing=drawing_of(request),
    )


def _require_room(link: ReviewLink) -> None:
    if Comment.objects.filter(link=link).count() >= MOST_COMMENTS:
        raise Invalid(
            gettext_noop("This link has reached its limit of comments; ask for a new one."),
            field="text",
        )


@require_safe
@with_link
def film_file(request: HttpRequest, link: ReviewLink, _token: str) -> HttpResponseBase:
    """The film file. It is available as long as its link."""
    film = film_of(link)
    if film is None:
        raise Http404
    return serve(request, film.file)


@require_safe
@with_link
def subtitles(_request: HttpRequest, link: ReviewLink, _token: str) -> HttpResponseBase:
    film = film_of(link)
    if film is None:
        raise Http404
    return HttpResponse(film.vtt, content_type="text/vtt; charset=utf-8")

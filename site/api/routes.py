"""Routes: one decorated function per method and path, whose signature defines input and output.

    api = Api(title="…", version="1")

    @api.post("stories/", tag="Stories", summary="Write a new story")
    def create_story(call: Call, body: NewStory) -> Created[StoryOut]: ...

`body` and `query` are msgspec types; every other parameter is a path parameter. The OpenAPI
document (`api.openapi`) is generated from the same signature, so it cannot differ from the code.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import URLPattern, path, re_path
from django.utils.translation import gettext_noop

from . import problems
from .inputs import BODY_LIMIT
from .long_polling import Waiting
from .responses import Answer

PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


def _nothing() -> None:
    """A request without an Idempotency-Key shares its key with nobody."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: the user and the underlying HTTP request.

    `begin`: a view that works on files calls it before its first write. It opens the transaction in
    which the response is stored too, and raises 409 if a repetition of the request has taken over.
    """

    user: User
    request: HttpRequest
    begin: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart body: its files and fields as JSON Schema properties, and its maximum length in
    bytes.
    """

    properties: Mapping[str, Any]
    required: tuple[str, ...]
    limit: int


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path. `problems` are error statuses beyond those implied by the rest.

    `admit` checks the user's permissions before the body is read, and raises; for bodies that are
    expensive to read.
    """

    method: str
    path: str
    view: Callable[..., Any]
    tag: str
    summary: str
    body: Any = None
    body_limit: int = BODY_LIMIT
    upload: Upload | None = None
    query: type[msgspec.Struct] | None = None
    answer: Any = None
    statuses: tuple[HTTPStatus, ...] = (HTTPStatus.OK,)
    auth: bool = True
    admit: Callable[[User], None] | None = None
    problems: tuple[int, ...] = ()

    @property
    def operation(self) -> str:
        return self.view.__name__

    @property
    def description(self) -> str:
        return inspect.getdoc(self.view) or ""

    @property
    def once(self) -> bool:
        """Returns whether the request may carry an Idempotency-Key."""
        return self.auth and self.method == "POST"

    @property
    def waits(self) -> bool:
        """Returns whether the response may be delayed until it changes."""
        return self.query is not None and issubclass(self.query, Waiting)

    @property
    def parameters(self) -> dict[str, str]:
        """Returns the path parameters with their Django converters."""
        return {match["name"]: match["kind"] or "str" for match in PARAMETER.finditer(self.path)}


@dataclass
class Api:
    """The routes of one API, their views and their document. Mount `api.urls` with `include`.

    `tags` is the order of sections in the document, `examples` the file of recorded responses.
    """

    title: str
    version: str
    description: str = ""
    examples: Path | None = None
    tags: tuple[str, ...] = ()
    routes: list[Route] = field(default_factory=list)

    def route(
        self, method: str, at: str, *, tag: str, summary: str, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Registers the decorated view. `options` are fields of `Route`.

        Raises TypeError for an incomplete signature.
        """

        def add(view: Callable[..., Any]) -> Callable[..., Any]:
            hints = get_type_hints(view, include_extras=True)
            if "return" not in hints:
                raise TypeError(f"{view.__name__} must say what it answers.")
            statuses, answer = _answer(hints["return"])
            made = Route(
                method=method,
                path=at,
                view=view,
                tag=tag,
                summary=summary,
                body=hints.get("body"),
                query=hints.get("query"),
                answer=answer,
                statuses=statuses,
                **options,
            )
            wanted = {
                "call",
                *made.parameters,
                *(name for name in ("body", "query") if name in hints),
            }
            if set(inspect.signature(view).parameters) != wanted:
                raise TypeError(f"{view.__name__} must take exactly {sorted(wanted)}.")
            if any(
                known.operation == made.operation or (known.method, known.path) == (method, at)
                for known in self.routes
            ):
                raise TypeError(f"{view.__name__} or its address is there twice.")
            self.routes.append(made)
            return view

        return add

    def get(self, at: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self.route("GET", at, **options)

    def post(self, at: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self.route("POST", at, **options)

    def patch(self, at: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self.route("PATCH", at, **options)

    def delete(self, at: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self.route("DELETE", at, **options)

    @property
    def urls(self) -> list[URLPattern]:
        """Returns the URL patterns: all paths, the document and its page, and a fallback for
        unknown paths.
        """
        from .documentation import document_views  # noqa: PLC0415  that module imports this module's types
        from .endpoint import endpoint  # noqa: PLC0415  that module imports this module's types

        paths: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            paths.setdefault(route.path, {})[route.method] = route
        found = [
            path(at, endpoint(methods), name=next(iter(methods.values())).operation)
            for at, methods in paths.items()
        ]
        found += document_views(self)
        return [*found, re_path(r"^(?P<rest>.*)\Z", _unknown(found))]


def _answer(hint: Any) -> tuple[tuple[HTTPStatus, ...], Any]:
    """Returns the statuses and the body type of a return annotation. `Accepted[T] | T` is 202 or
    200.
    """
    parts = get_args(hint) if get_origin(hint) in {UnionType, Union} else (hint,)
    found = [_one_answer(part) for part in parts]
    return tuple(status for status, _body in found), found[0][1]


def _one_answer(hint: Any) -> tuple[HTTPStatus, Any]:
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and issubclass(kind, Answer):
        arguments = get_args(hint)
        return kind.status, arguments[0] if arguments else None
    return HTTPStatus.OK, hint


def _unknown(known: list[URLPattern]) -> Callable[..., HttpResponse]:
    """Handles every other path: 308 if the path with a slash exists, else 404."""

    def unknown(request: HttpRequest, rest: str) -> HttpResponse:
        if (
            rest
            and not rest.endswith("/")
            and any(pattern.resolve(f"{rest}/") for pattern in known)
        ):
            query = request.META.get("QUERY_STRING", "")
            response = HttpResponsePermanentRedirect(
                f"{request.path}/{'?' + query if query else ''}"
            )
            response.status_code = HTTPStatus.PERMANENT_REDIRECT.value
            return response
        return problems.not_found(
            "unknown_address", gettext_noop("There is no such address here.")
        ).response(request)

    unknown.csrf_exempt = True  # type: ignore[attr-defined]  # tells Django's middleware that this view changes nothing
    return unknown

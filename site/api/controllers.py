"""The base of all endpoints: one class for each path, one method for each HTTP method.

    @api.at("stories/")
    class StoriesController(ApiController):
        tags = (STORIES,)

        @operation("create_story", summary="Write a new story")
        def post(self, body: Body[StoryIn]) -> Created[StoryOut]: ...

django-modern-rest finds the input in the signature, calls the method and describes it in the
document. Added here: who asks, problem documents, ETags, waiting, and repeated requests.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from inspect import getdoc
from types import UnionType
from typing import Any, Protocol, Union, cast, get_args, get_origin, get_type_hints

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from dmr import Controller
from dmr.endpoint import Endpoint, SerializerContext, ValidateEndpoint
from dmr.openapi.collector import InternalRouteMetadata
from dmr.openapi.core.context import OpenAPIContext
from dmr.openapi.objects import Operation, RequestBody
from dmr.plugins.msgspec import MsgspecJsonParser, MsgspecJsonRenderer
from dmr.routing import Router
from dmr.serializer import BaseSerializer
from dmr.types import EMPTY

from accounts import api_keys
from core.localized_messages import DomainError

from . import described, failures, idempotency, preconditions, problems
from .authentication import BearerAuth, SessionAuth
from .components import Upload
from .details import Deprecation, Details
from .inputs import BODY_LIMIT, Strict, parse_query, raw_body
from .long_polling import Waiting
from .problems import problem_of
from .reading import answer_read, etag
from .responses import Answer, respond
from .schemas import ApiSerializer, Problem
from .uploads import form_body


class Nothing(Strict):
    """The query of a method that takes none."""


class Call(Protocol):
    """Who asks, and the request: what a controller is for the functions that it calls."""

    @property
    def user(self) -> User: ...

    @property
    def request(self) -> HttpRequest: ...


class Checks(SerializerContext):
    """Runs before the input is parsed: parameters that nobody asked for, and `admit`."""

    def __call__(
        self, endpoint: Endpoint, controller: Controller[BaseSerializer]
    ) -> dict[str, Any]:
        details: Details = endpoint.metadata.extras
        if details.query is None:
            parse_query(Nothing, controller.request.GET)
        if details.admit is not None:
            details.admit(cast("User", controller.request.user))
        return super().__call__(endpoint, controller)


class JsonOnly:
    """Every answer is JSON, whatever `Accept` prefers; RFC 9110 allows this."""

    def __init__(self, *_values: Any, **_more: Any) -> None: ...

    def __call__(self, request: HttpRequest) -> None: ...


class ApiEndpoint(Endpoint):
    """A method of a path. The document has its headers, its form and what it may leave out."""

    serializer_context_cls = Checks
    response_negotiator_cls = JsonOnly  # type: ignore[assignment]  # negotiates nothing

    def get_schema(
        self,
        route_metadata: InternalRouteMetadata,
        controller_cls: type[Controller[BaseSerializer]],
        context: OpenAPIContext,
        router: Router,
    ) -> Operation:
        made = super().get_schema(route_metadata, controller_cls, context, router)
        details: Details = self.metadata.extras
        headers = described.request_headers(str(self.metadata.method).upper(), details)
        made = replace(made, parameters=[*(made.parameters or []), *headers] or None)
        if details.upload is not None:
            return replace(made, request_body=described.form(details.upload))
        if isinstance(made.request_body, RequestBody):
            needed = described.body_needed(details.body)
            return replace(made, request_body=replace(made.request_body, required=needed))
        return made


def _nothing() -> None:
    """A request without an Idempotency-Key shares its key with nobody."""


class ApiController(Controller[ApiSerializer]):
    """The base of all controllers, one object for each request.

    `begin`: a method that works on files calls it before its first write. It opens the transaction
    in which the response is stored too, and raises 409 if a repetition of the request has taken
    over.
    """

    is_abstract = True
    endpoint_cls = ApiEndpoint
    parsers = (MsgspecJsonParser(),)
    renderers = (MsgspecJsonRenderer(),)
    auth = (BearerAuth(), SessionAuth())
    error_model = Problem
    validate_responses = False  # the tests compare every answer with the document
    semantic_responses = False  # `described.statuses` knows them, with their codes
    extras = Details()

    raw: bytes | None = None
    begin: Callable[[], None] = staticmethod(_nothing)

    @property
    def user(self) -> User:
        """The user that the request was authenticated as."""
        return cast("User", self.request.user)

    def dispatch(self, request: HttpRequest, *_args: Any, **_parameters: Any) -> HttpResponse:
        """GET also serves HEAD; OPTIONS lists the methods. Never raises and never returns HTML."""
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method == "OPTIONS":
            allowed = {"Allow": self.allowed_methods()}
            return HttpResponse(status=HTTPStatus.NO_CONTENT.value, headers=allowed)
        endpoint = self.api_endpoints.get(method)
        if endpoint is None:
            return problems.method_not_allowed(self.allowed_methods()).response(request)
        response = cast("HttpResponse", endpoint.func(self))
        if (limit := getattr(request, "rate_limit", None)) is not None:
            for name, value in api_keys.rate_headers(limit).items():
                response[name] = value
        details: Details = endpoint.metadata.extras
        if details.deprecation is not None:
            for name, value in details.deprecation.headers().items():
                response[name] = value
        patch_vary_headers(response, ("Authorization", "Cookie", "Accept-Language"))
        if request.method == "HEAD" and not response.streaming:
            length = len(response.content)
            response.content = b""
            response["Content-Length"] = response.get("Content-Length", str(length))
        return response

    @classmethod
    def allowed_methods(cls) -> str:
        methods = {*cls.api_endpoints, "OPTIONS"}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def handle_error(
        self,
        endpoint: Endpoint,  # noqa: ARG002  the signature of the base
        controller: Controller[ApiSerializer],  # noqa: ARG002  the signature of the base
        exc: Exception,
    ) -> HttpResponse:
        return failures.problem_for(self.request, exc).response(self.request)

    def answered(self, view: Callable[..., Any], parsed: dict[str, Any]) -> HttpResponse:
        """Calls the method with its input and returns its response.

        A GET gets its ETag and may wait for a change. A POST with an Idempotency-Key is done once.
        """
        details: Details = self.api_endpoints[_method(self.request)].metadata.extras
        arguments = {**self.kwargs, **parsed}

        def work(begin: Callable[[], None] | None = None) -> HttpResponse:
            if begin is not None:
                self.begin = begin
            try:
                return respond(view(self, **arguments))
            except DomainError as error:
                raise problem_of(error) from error

        query = parsed.get("query")
        if self.request.method in {"GET", "HEAD"}:
            return answer_read(self.request, work, query.wait if isinstance(query, Waiting) else 0)
        body = form_body(self.request, details.upload.limit) if details.upload else self.raw
        if body is None and self.request.method == "POST":
            body = raw_body(self.request, details.body_limit)
        is_once = not details.is_open and self.request.method == "POST"
        if is_once and idempotency.HEADER in self.request.headers:
            is_long = details.upload is not None or details.calls_out
            once = idempotency.answer_long_once if is_long else idempotency.answer_once
            response = once(self.request, self.user, body or b"", work)
        elif self.request.method in preconditions.METHODS:
            response = self._changed(work)
        else:
            response = work()
        response["Cache-Control"] = "no-store"
        return response

    def locked(self) -> QuerySet[Any] | None:
        """The rows that are locked while If-Match is compared and the change is written.

        A subclass names those that its service locks first.
        """
        return None

    def _changed(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """The response of a PATCH or DELETE. A PATCH that answers what GET does has its ETag."""
        reading = self.api_endpoints.get("GET")
        if preconditions.HEADER in self.request.headers:
            read = self._read if reading else None
            response = preconditions.change_if_match(self.request, self.locked(), read, work)
        else:
            response = work()
        if self.request.method == "PATCH" and _is_versioned(self):
            response["ETag"] = etag(response.content)
        return response

    def _read(self) -> HttpResponse:
        """What GET of this address answers now. Raises 404 as that does."""
        details: Details = self.api_endpoints["GET"].metadata.extras
        view = cast("Callable[..., Any]", details.view)
        query = {} if details.query is None else {"query": details.query()}
        return respond(view(self, **self.kwargs, **query))


def _is_versioned(controller: ApiController) -> bool:
    """Whether PATCH answers the same as GET."""
    reading = controller.api_endpoints.get("GET")
    changing = controller.api_endpoints["PATCH"].metadata.extras
    return reading is not None and reading.metadata.extras.answer is changing.answer


def _method(request: HttpRequest) -> str:
    return "GET" if request.method == "HEAD" else str(request.method)


_declare = ValidateEndpoint(Details)


def operation[**P, R](
    name: str,
    *,
    summary: str,
    is_open: bool = False,
    body_limit: int = BODY_LIMIT,
    upload: Upload | None = None,
    admit: Callable[[User], None] | None = None,
    problems: tuple[int, ...] = (),
    calls_out: bool = False,
    deprecation: Deprecation | None = None,
) -> Callable[[Callable[P, R]], Callable[P, HttpResponse]]:
    """Declares a method of a controller. The return annotation says statuses and body.

    Raises TypeError if it is missing.
    """

    def declare(view: Callable[P, R]) -> Callable[P, HttpResponse]:
        hints = get_type_hints(view, include_extras=True)
        if "return" not in hints:
            raise TypeError(f"{name} must say what it answers.")
        statuses, answer = _answer(hints["return"])
        details = Details(
            name=name,
            view=view,
            answer=answer,
            statuses=statuses,
            is_open=is_open,
            body_limit=body_limit,
            upload=upload,
            admit=admit,
            problems=problems,
            calls_out=calls_out,
            deprecation=deprecation,
            query=_model(hints.get("query")),
            body=_model(hints.get("body")),
            has_path_parameters=not hints.keys() <= {"query", "body", "return"},
        )

        @wraps(view)
        def method(self: ApiController, **parsed: Any) -> HttpResponse:
            return self.answered(view, parsed)

        method.__annotations__ = {**view.__annotations__, "return": HttpResponse}
        first, *more = described.responses(view.__name__.upper(), details)
        declared = _declare(
            first,
            *more,
            operation_id=name,
            summary=summary,
            description=getdoc(view),
            extras=details,
            deprecated=deprecation is not None,
            auth=None if is_open else EMPTY,
        )
        return cast("Callable[P, HttpResponse]", declared(method))

    return declare


def _model(hint: Any) -> Any:
    """Returns `T` of `Body[T]` or `Query[T]`."""
    return getattr(hint, "__origin__", None)


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

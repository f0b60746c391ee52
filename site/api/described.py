"""What the document says of a method beyond its types: statuses, headers and forms."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import msgspec
from dmr import ResponseSpec
from dmr.openapi.core.context import OpenAPIContext
from dmr.openapi.mappers.schema_loader import load_schema
from dmr.openapi.objects import (
    Header,
    MediaType,
    Parameter,
    Reference,
    RequestBody,
    Response,
)

from . import idempotency, preconditions
from .components import Upload
from .details import Details
from .inputs import MULTIPART
from .paging import Paging
from .problems import MEDIA_TYPE
from .schemas import Problem

# Headers of answers, by the name of their component: header, whether it is always there, meaning.
HEADERS: dict[str, tuple[str, bool, str]] = {
    name: (name.partition("-Optional")[0], required, description)
    for name, required, description in (
        ("ETag", True, "Send it as If-None-Match to get 304 when nothing has changed."),
        ("ETag-Optional", False, "The version of what is answered, if GET answers the same."),
        ("Location", True, "The address of what is meant."),
        ("Location-Optional", False, "The address of what is meant."),
        ("Retry-After", True, "Seconds after which to ask again."),
        ("WWW-Authenticate", True, "How to log in (RFC 6750)."),
        (
            "Idempotency-Replayed",
            False,
            "`true` if this is the answer of an earlier request with the same key.",
        ),
        (
            "X-Request-ID",
            False,
            "The request's own X-Request-ID, or a new one. The log has it.",
        ),
        ("Deprecation", True, "Since when the operation is deprecated (RFC 9745)."),
        ("Sunset", True, "When the operation may be gone (RFC 8594)."),
        ("RateLimit-Limit", False, "Requests that the API key may send in a minute."),
        ("RateLimit-Remaining", False, "Requests that are left of this minute."),
        ("RateLimit-Reset", False, "Seconds until the API key may send as many again."),
    )
}
GOING = ("Deprecation", "Sunset")  # of operations that will go
LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
OF_STATUS: dict[int, tuple[str, ...]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
# Refusals that are kept for a repeated request, because they are known only from the work itself.
KEPT = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


def header_components() -> dict[str, Header]:
    return {
        name: Header(
            description=description, required=required, schema=load_schema({"type": "string"})
        )
        for name, (_header, required, description) in HEADERS.items()
    }


@dataclass(frozen=True, kw_only=True)
class Answered(ResponseSpec):
    """An answer with its headers, which are components of the document."""

    named: tuple[str, ...] = ()

    def get_schema(self, metadata: Any, controller_cls: Any, context: OpenAPIContext) -> Response:
        if self.return_type is Problem:
            # The same 800 times: generated once, and referred to.
            reference = context.registries.schema.get_reference("Problem", Problem)
            schema = reference or context.generators.schema(Problem, controller_cls.serializer)
            made = Response(description=self.status_code.phrase)
            made = replace(made, content={MEDIA_TYPE: MediaType(schema=schema)})
        else:
            made = super().get_schema(metadata, controller_cls, context)
        references: dict[str, Header | Reference] = {
            HEADERS[name][0]: Reference(ref=f"#/components/headers/{name}") for name in self.named
        }
        return replace(made, headers=references)


def responses(method: str, details: Details) -> list[Answered]:
    """Returns every answer of a method, with its headers."""
    made = [_success(method, status, details) for status in details.statuses]
    if method == "GET" and HTTPStatus.OK in details.statuses:
        made.append(_answered(None, HTTPStatus.NOT_MODIFIED, details, "ETag"))
    for status in statuses(method, details):
        own = OF_STATUS.get(status, ())
        if once(method, details) and status in KEPT:
            own = (*own, "Idempotency-Replayed")
        made.append(_answered(Problem, HTTPStatus(status), details, *own))
    return made


def _success(method: str, status: HTTPStatus, details: Details) -> Answered:
    own = []
    if method == "GET" and status == HTTPStatus.OK:
        own.append("ETag")
    if method == "PATCH":
        own.append("ETag-Optional")
    if status == HTTPStatus.FOUND:
        own.append("Location")
    if status == HTTPStatus.CREATED:
        own.append("Location-Optional")
    if once(method, details):
        own.append("Idempotency-Replayed")
    body = None if status in {HTTPStatus.FOUND, HTTPStatus.NO_CONTENT} else details.answer
    return _answered(body, status, details, *own)


def _answered(body: Any, status: HTTPStatus, details: Details, *own: str) -> Answered:
    going = () if details.deprecation is None else GOING
    named = (*own, "X-Request-ID", *going, *(() if details.is_open else LIMITS))
    return Answered(body, status_code=status, named=named)


def once(method: str, details: Details) -> bool:
    """Returns whether the request may carry an Idempotency-Key."""
    return method == "POST" and not details.is_open


def statuses(method: str, details: Details) -> list[int]:
    """Returns every error status of a method."""
    # Unknown query parameters are refused everywhere, and every service may be unavailable.
    found = {
        *details.problems,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
    if not details.is_open:
        found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
    if details.has_path_parameters:
        found.add(HTTPStatus.NOT_FOUND)
    if details.body is not None or details.upload:
        found |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.LENGTH_REQUIRED,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        }
    if once(method, details):
        found.add(HTTPStatus.CONFLICT)
    if method in preconditions.METHODS:
        found.add(HTTPStatus.PRECONDITION_FAILED)
    if isinstance(details.query, type) and issubclass(details.query, Paging):
        found.add(HTTPStatus.BAD_REQUEST)
    return sorted(int(status) for status in found)


def request_headers(method: str, details: Details) -> list[Parameter]:
    """Returns the headers that a request may carry."""
    if method == "GET":
        return [
            _header(
                "If-None-Match",
                "The ETag of the answer that you have: 304 if it is still the same.",
                {"type": "string"},
            )
        ]
    if method in preconditions.METHODS:
        return [
            _header(
                preconditions.HEADER,
                "The ETag of the answer of GET that you have: 412 if there is another version now.",
                {"type": "string"},
            )
        ]
    if not once(method, details):
        return []
    described = (
        "Sent twice with the same key and body, the request is done once and answered the same."
    )
    schema = {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency.LONGEST_KEY,
        "pattern": f"^{idempotency.KEY.pattern}$",
    }
    return [_header(idempotency.HEADER, described, schema)]


def _header(name: str, description: str, schema: dict[str, Any]) -> Parameter:
    return Parameter(
        name=name,
        param_in="header",
        description=description,
        required=False,
        schema=load_schema(schema),
    )


def form(upload: Upload) -> RequestBody:
    schema = {
        "type": "object",
        "properties": dict(upload.properties),
        "required": list(upload.required),
        "additionalProperties": False,
    }
    return RequestBody(required=True, content={MULTIPART: MediaType(schema=load_schema(schema))})


def body_needed(kind: Any) -> bool:
    """Returns whether an empty body is refused."""
    return (
        any(field.required for field in msgspec.structs.fields(kind))
        or getattr(kind, "extra_schema", {}).get("minProperties", 0) > 0
    )

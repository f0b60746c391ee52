"""Generates the OpenAPI 3.1 document from routes and types, in the active language."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.db.models.enums import Choices
from django.utils.translation import gettext

from . import idempotency
from .inputs import JSON, MULTIPART
from .paging import Paging
from .problems import MEDIA_TYPE, FieldError
from .routes import PARAMETER, Api, Route

REF = "#/components/schemas/{name}"
CONVERTERS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "maxLength": 50},
    "str": {"type": "string", "minLength": 1},
}
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": (
        "An error (RFC 9457). `code` is stable and for programs; `detail` is for people, "
        "in the language of Accept-Language."
    ),
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": REF.format(name="FieldError")}},
    },
    "required": ["type", "title", "status", "code", "detail"],
}

# Human-readable keys. Their texts need no marking for translators: `texts` finds them in the
# document.
FOR_PEOPLE = frozenset({"summary", "description", "x-displayName"})

type Examples = Mapping[str, Mapping[str, Any]]


def document(api: Api, prefix: str, examples: Examples) -> dict[str, Any]:
    """Returns the document.

    `prefix` is the path where the API is mounted; `examples` are recorded responses by operation.
    """
    return dict(_translated(_written(api, prefix, examples), gettext))


def texts(api: Api) -> Iterator[str]:
    """Returns every human-readable text of the document, as written in the code,
    for the catalog.
    """
    found: dict[str, None] = {}
    _translated(_written(api, "/", {}), lambda text: found.setdefault(text) or text)
    yield from found


def _translated(part: Any, say: Callable[[str], str]) -> Any:
    """Applies `say` to every human-readable text. A paragraph becomes one line."""
    if isinstance(part, list):
        return [_translated(each, say) for each in part]
    if not isinstance(part, dict):
        return part
    made: dict[str, Any] = {}
    for name, value in part.items():
        if name in FOR_PEOPLE and isinstance(value, str):
            made[name] = say(
                "\n\n".join(" ".join(paragraph.split()) for paragraph in value.split("\n\n"))
            )
        elif name == "responses":  # a response's description is the standard HTTP phrase
            made[name] = {
                status: {
                    key: described if key == "description" else _translated(described, say)
                    for key, described in answer.items()
                }
                for status, answer in value.items()
            }
        else:
            made[name] = value if name in {"example", "enum"} else _translated(value, say)
    return made


def _written(api: Api, prefix: str, examples: Examples) -> dict[str, Any]:
    """Returns the document with the texts of the code.

    The `extra_schema` class variable of a struct is merged into its schema, for what a type cannot
    express.
    """
    kinds = [
        kind
        for route in api.routes
        for kind in (route.body, route.query, route.answer)
        if kind is not None
    ]
    schemas, components = msgspec.json.schema_components(
        [*kinds, FieldError], schema_hook=_choices, ref_template=REF
    )
    known = dict(zip(map(repr, kinds), schemas, strict=False))
    for kind in _structs(kinds):
        if extra := getattr(kind, "extra_schema", None):
            components[_component(kind, components)].update(extra)
    paths: dict[str, dict[str, Any]] = {}
    for route in api.routes:
        paths.setdefault(f"/{PARAMETER.sub(r'{\g<name>}', route.path)}", {})[
            route.method.lower()
        ] = _operation(route, known, components, examples.get(route.operation, {}))
    return {
        "openapi": "3.1.0",
        "info": {"title": api.title, "version": api.version, "description": api.description},
        "servers": [{"url": prefix.rstrip("/")}],
        "tags": [
            {"name": name, "x-displayName": name}
            for name in dict.fromkeys([*api.tags, *(route.tag for route in api.routes)])
        ],
        "security": SECURITY,
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            },
        },
    }


def _choices(kind: type) -> dict[str, Any]:
    """Returns the schema of Django choices, which msgspec reads as enumerations but does not
    describe.
    """
    if issubclass(kind, Choices):
        return {"type": "string", "enum": [str(value) for value in kind.values]}
    raise NotImplementedError


def _structs(kinds: list[Any]) -> list[type]:
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]


def _component(kind: type, components: Mapping[str, Any]) -> str:
    return kind.__name__ if kind.__name__ in components else re.sub(r"\W", "_", kind.__name__)


def _operation(
    route: Route,
    known: Mapping[str, Any],
    components: Mapping[str, Any],
    examples: Mapping[str, Any],
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.description,
        "parameters": [
            *_path_parameters(route),
            *_query_parameters(route, components),
            *_header_parameters(route),
        ],
        "responses": _responses(route, known, examples),
    }
    if not route.auth:
        made["security"] = []
    if route.upload:
        schema = {
            "type": "object",
            "properties": dict(route.upload.properties),
            "required": list(route.upload.required),
            "additionalProperties": False,
        }
        made["requestBody"] = {"required": True, "content": {MULTIPART: {"schema": schema}}}
    elif route.body is not None:
        content: dict[str, Any] = {"schema": known[repr(route.body)]}
        if "request" in examples:
            content["example"] = examples["request"]
        made["requestBody"] = {"required": _body_needed(route.body), "content": {JSON: content}}
    return {
        name: value for name, value in made.items() if value not in ([], "") or name == "security"
    }


def _body_needed(kind: Any) -> bool:
    return (
        any(field.required for field in msgspec.structs.fields(kind))
        or getattr(kind, "extra_schema", {}).get("minProperties", 0) > 0
    )


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": CONVERTERS[kind]}
        for name, kind in route.parameters.items()
    ]


def _query_parameters(route: Route, components: Mapping[str, Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    component = components[_component(route.query, components)]
    required = component.get("required", [])
    made = []
    for name, schema in component["properties"].items():
        described = {key: value for key, value in schema.items() if key != "description"}
        entry = {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": described,
            "description": schema.get("description", ""),
        }
        made.append({key: value for key, value in entry.items() if value != ""})
    return made


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    if not route.once:
        return []
    schema = {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency.LONGEST_KEY,
        "pattern": f"^{idempotency.KEY.pattern}$",
    }
    described = (
        "Sent twice with the same key and body, the request is done once and answered the same."
    )
    return [
        {
            "name": idempotency.HEADER,
            "in": "header",
            "required": False,
            "schema": schema,
            "description": described,
        }
    ]


def statuses(route: Route) -> list[int]:
    """Returns every error status of this route."""
    found = set(route.problems)
    if route.auth:
        found |= {
            HTTPStatus.UNAUTHORIZED,
            *([HTTPStatus.FORBIDDEN] if route.method != "GET" else []),
        }
    if route.parameters:
        found.add(HTTPStatus.NOT_FOUND)
    if route.body is not None or route.upload:
        found |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.LENGTH_REQUIRED,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        }
        found |= {HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY}
    if route.once:
        found |= {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
    if route.query is not None:
        found |= {
            HTTPStatus.UNPROCESSABLE_ENTITY,
            *([HTTPStatus.BAD_REQUEST] if issubclass(route.query, Paging) else []),
        }
    found |= {HTTPStatus.UNPROCESSABLE_ENTITY}  # unknown query parameters are refused everywhere
    return sorted(int(status) for status in found)


def _responses(
    route: Route, known: Mapping[str, Any], examples: Mapping[str, Any]
) -> dict[str, Any]:
    made: dict[str, Any] = {
        str(status.value): _success(route, status, known, examples) for status in route.statuses
    }
    if route.method == "GET" and HTTPStatus.OK in route.statuses:
        made["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    for status in statuses(route):
        content = {"schema": {"$ref": REF.format(name="Problem")}}
        if (example := examples.get(str(status))) is not None:
            content["example"] = example
        made[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: content},
        }
    return made


def _success(
    route: Route, status: HTTPStatus, known: Mapping[str, Any], examples: Mapping[str, Any]
) -> dict[str, Any]:
    success: dict[str, Any] = {"description": status.phrase}
    if route.answer is not None and route.answer is not type(None):
        content: dict[str, Any] = {"schema": known[repr(route.answer)]}
        if (example := examples.get(str(status.value))) is not None:
            content["example"] = example
        success["content"] = {JSON: content}
    if status == HTTPStatus.FOUND:
        success["headers"] = {"Location": {"schema": {"type": "string"}, "required": True}}
    if route.method == "GET" and status == HTTPStatus.OK:
        success["headers"] = {
            "ETag": {
                "schema": {"type": "string"},
                "description": "Give it as If-None-Match to be told 304 when nothing changed.",
            }
        }
    return success


def dump(made: Mapping[str, Any]) -> bytes:
    return json.dumps(made, ensure_ascii=False, indent=1).encode()

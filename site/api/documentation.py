"""Serves the OpenAPI document and a page with forms to try each route. Works without a network."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language, override
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from .openapi import document, dump
from .reading import etag
from .routes import Api

DOCUMENT, PAGE = "openapi.json", "docs/"
DEFAULT_LANGUAGE = "en"

# No inline script or style and no foreign source: stricter than the admin, where Alpine needs more.
CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}


def document_views(api: Api) -> list[URLPattern]:
    """Returns the two views to mount with the routes.

    They need no log-in, because they describe the API and contain no data.
    """
    made: dict[tuple[str, str], bytes] = {}

    def prefix(request: HttpRequest, own: str) -> str:
        return request.path.removesuffix(own)

    def built(at: str, language: str) -> bytes:
        if (at, language) not in made:
            with override(language):
                made[at, language] = dump(document(api, at, recorded(api.examples)))
        return made[at, language]

    @require_safe
    def openapi_json(request: HttpRequest) -> HttpResponseBase:
        language = _language(request)
        content = built(prefix(request, DOCUMENT), language)
        response = HttpResponse(content, content_type="application/json")
        response["Content-Language"] = language
        response["Cache-Control"] = "no-cache"
        tag = etag(content)
        response["ETag"] = tag
        return get_conditional_response(request, etag=tag, response=response) or response

    @require_safe
    @csp_override(CSP)
    @ensure_csrf_cookie
    def docs(request: HttpRequest) -> HttpResponse:
        language, own = _language(request), prefix(request, PAGE)
        shown = json.loads(built(own, language))
        with override(language):
            values = {
                "document": shown,
                "groups": groups(shown),
                "types": types(shown),
                "errors": shown["components"]["schemas"]["ErrorCode"]["x-errors"],
                "prefix": own,
                "server": request.build_absolute_uri(own),
                "languages": settings.LANGUAGES,
            }
            response = render(request, "api/docs.html", values)
        response["Content-Language"] = language
        return response

    return [path(DOCUMENT, openapi_json, name="openapi"), path(PAGE, docs, name="docs")]


def _language(request: HttpRequest) -> str:
    """Returns the language of `?lang=`, else that of Accept-Language, else English.

    A client made from the document is the same wherever it is made.
    """
    wanted = request.GET.get("lang", "")
    if wanted in dict(settings.LANGUAGES):
        return wanted
    is_told = "Accept-Language" in request.headers
    return (get_language() or DEFAULT_LANGUAGE) if is_told else DEFAULT_LANGUAGE


@cache
def recorded(file: Path | None) -> dict[str, Any]:
    """Returns requests and responses by operation and status, as recorded by the tests."""
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file and file.exists() else {}


def groups(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the operations by tag, flattened for a template."""
    found: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in made["tags"]}
    tags = {tag["name"]: tag for tag in made["tags"]}
    for at, methods in made["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_entry(made, at, method, operation))
    return [
        {
            "name": tags[name]["x-displayName"],
            "description": tags[name].get("description", ""),
            "operations": operations,
        }
        for name, operations in found.items()
    ]


def _entry(made: dict[str, Any], at: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    media, content = _first(operation.get("requestBody", {}))
    schema = _resolved(made, content.get("schema", {}))
    success = next(iter(operation["responses"].items()))
    _media, answer = _first(success[1])
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": at,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "open": operation.get("security") == [],
        "parameters": [
            {**entry, "type": described(made, entry["schema"])}
            for entry in operation.get("parameters", [])
        ],
        "media": media,
        "fields": _fields(made, schema),
        "body": _pretty(content.get("example", {})) if media == "application/json" else "",
        "samples": samples(made, at, method, operation),
        "files": list(schema.get("properties", {})) if media == "multipart/form-data" else [],
        "status": success[0],
        "answer_fields": _fields(made, _resolved(made, answer.get("schema", {}))),
        "example": _pretty(answer["example"]) if "example" in answer else "",
        "problems": [
            {
                "status": status,
                "phrase": described["description"],
                "example": _problem_example(described),
            }
            for status, described in operation["responses"].items()
            if status >= "400"
        ],
    }


def samples(made: dict[str, Any], at: str, method: str, operation: dict[str, Any]) -> Any:
    """Returns the request in curl, Python and TypeScript, with the recorded example as its body."""
    url = f"{made['servers'][0]['url']}{at}"
    media, content = _first(operation.get("requestBody", {}))
    body = content.get("example")
    form = media == "multipart/form-data"
    verb = method.upper()
    curl = [f'curl -X {verb} "$SERVER{url}"', '-H "Authorization: Bearer $TOKEN"']
    python = [f'httpx.request("{verb}", f"{{server}}{url}"', "headers=headers"]
    script = [f'method: "{verb}"', "headers"]
    if form:
        curl.append("-F file=@FILE")
        python.append('files={"file": open(path, "rb")}')
        script.append("body: form")
    elif media:
        text = json.dumps(body if body is not None else {}, ensure_ascii=False)
        curl += ["-H 'Content-Type: application/json'", f"-d '{text}'"]
        python.append(f"json={body if body is not None else {}!r}")
        script.append(f"body: JSON.stringify({text})")
    typescript = f"await fetch(`${{server}}{url}`, {{ {', '.join(script)} }});"
    return [
        ("curl", " \\\n  ".join(curl)),
        ("Python", ", ".join(python) + ")"),
        ("TypeScript", typescript),
    ]


def _first(holder: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the first media type of a request or response and its content."""
    for media, content in holder.get("content", {}).items():
        return str(media), dict(content)
    return "", {}


def _problem_example(described: dict[str, Any]) -> str:
    _media, content = _first(described)
    return _pretty(content["example"]) if "example" in content else ""


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _resolved(made: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return dict(made["components"]["schemas"][reference.rsplit("/", 1)[1]]) if reference else schema


def _fields(made: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": described(made, inner),
            "links": _links(inner),
            "required": name in required,
            "description": inner.get("description", ""),
        }
        for name, inner in schema.get("properties", {}).items()
    ]


def types(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the named types for a template: their fields, or their values."""
    return [
        {
            "name": name,
            "description": schema.get("description", ""),
            "fields": _fields(made, schema),
            "values": schema.get("enum", []),
        }
        for name, schema in made["components"]["schemas"].items()
    ]


def _links(schema: Any) -> list[str]:
    """Returns the names of the types that a schema refers to."""
    if isinstance(schema, list):
        return [name for each in schema for name in _links(each)]
    if not isinstance(schema, dict):
        return []
    own = [str(schema["$ref"]).rsplit("/", 1)[1]] if "$ref" in schema else []
    return own + [name for each in schema.values() for name in _links(each)]


def described(made: dict[str, Any], schema: dict[str, Any]) -> str:
    """Describes a schema briefly, such as `array of SceneIn (1 to 500)` or `"image" | "clip"`."""
    if reference := schema.get("$ref"):
        inner = _resolved(made, schema)
        return described(made, inner) if "enum" in inner else str(reference).rsplit("/", 1)[1]
    if choices := schema.get("anyOf"):
        return " | ".join(dict.fromkeys(described(made, choice) for choice in choices))
    if values := schema.get("enum"):
        return " | ".join(json.dumps(value) for value in values)
    kind = str(schema.get("format") or schema.get("type", "any"))
    if kind == "array":
        kind = f"array of {described(made, schema.get('items', {}))}"
    return kind + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    for least, most in (
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
    ):
        if least in schema or most in schema:
            return f" ({schema.get(least, 0)} – {schema.get(most, '…')})"
    return ""

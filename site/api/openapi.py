"""The OpenAPI 3.1 document: made by the library from the controllers, finished and translated here.

Added to what the library makes: named enumerations and headers, the members and codes of problem
documents, recorded examples, and the language.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from django.utils.translation import gettext
from dmr.openapi import OpenAPIConfig, OpenAPIContext, build_schema
from dmr.openapi.objects import Components, Contact, License, Server, Tag

from . import codes, described
from .inputs import JSON
from .problems import MEDIA_TYPE
from .routes import PARAMETER, Api
from .schemas import ENUM, choices

REF = "#/components/schemas/{name}"
# Human-readable keys. Their texts need no marking for translators: `texts` finds them in the
# document.
FOR_PEOPLE = frozenset({"summary", "description", "x-displayName"})

type Examples = Mapping[str, Mapping[str, Any]]
type Part = dict[str, Any]


def document(api: Api, prefix: str, examples: Examples) -> Part:
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
    made: Part = {}
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
        elif name in {"properties", "schemas"}:  # names of fields and types, not keys of a schema
            made[name] = {key: _translated(each, say) for key, each in value.items()}
        else:
            made[name] = value if name in {"example", "enum"} else _translated(value, say)
    return made


def _written(api: Api, prefix: str, examples: Examples) -> Part:
    """Returns the document with the texts of the code."""
    config = OpenAPIConfig(
        title=api.title,
        version=api.version,
        description=api.description,
        contact=Contact(name=api.owner),
        license=License(name=api.license, identifier=f"LicenseRef-{api.owner}"),
        servers=[Server(url=prefix.rstrip("/"))],
        components=Components(headers=dict(described.header_components())),
        tags=[
            Tag(name=name, description=api.tags.get(name), x_extensions={"x-displayName": name})
            for name in dict.fromkeys([*api.tags, *_tags(api)])
        ],
    )
    schema = build_schema(api.router, context=OpenAPIContext(config=config))
    made: Part = json.loads(json.dumps(schema.convert(skip_validation=True)))
    made["security"] = [{"bearer": []}, {"session": []}]
    made["paths"] = {
        f"/{address}": made["paths"][f"/{address}"]
        for address in (PARAMETER.sub(r"{\g<name>}", known) for known in api.controllers)
    }
    if not any(route.details.deprecation for route in api.routes):
        for name in described.GOING:
            del made["components"]["headers"][name]
    schemas = made["components"].setdefault("schemas", {})
    _extend_problem(api, schemas)
    _merge_extra(api, schemas)
    _name_enums(api, made, schemas)
    _describe(api, made)
    for route in api.routes:
        at = f"/{PARAMETER.sub(r'{\g<name>}', route.path)}"
        operation = made["paths"][at][route.method.lower()]
        if route.details.is_open:
            operation["security"] = []
        for status, answer in operation["responses"].items():
            if status == "204" or status.startswith("3"):
                answer.pop("content", None)
        _add_examples(operation, examples.get(route.operation, {}))
    return made


def _tags(api: Api) -> Iterator[str]:
    for controller in api.controllers.values():
        if isinstance(controller.tags, tuple):
            yield from controller.tags


def _extend_problem(api: Api, schemas: Part) -> None:
    """Adds the members that problem documents have beyond RFC 9457."""
    types = list(api.members.values())
    found, components = msgspec.json.schema_components(
        types, schema_hook=choices, ref_template=REF.format(name="{name}")
    )
    for name, component in components.items():
        schemas.setdefault(name, component)
    for name, schema in zip(api.members, found, strict=True):
        schemas["Problem"]["properties"][name] = schema


def _merge_extra(api: Api, schemas: Part) -> None:
    """Merges the `extra_schema` of a body into its schema, for what a type cannot express."""
    for route in api.routes:
        if extra := getattr(route.details.body, "extra_schema", None):
            schemas[route.details.body.__name__].update(extra)


def _name_enums(api: Api, made: Part, schemas: Part) -> None:
    """Makes each named enumeration one component, and refers to it wherever it stands."""
    errors = codes.catalogue(api.meanings)
    enums: Part = {
        "ErrorCode": {"type": "string", "enum": codes.every(), "x-errors": errors},
    }

    def named(part: Any) -> Any:
        if isinstance(part, list):
            return [named(each) for each in part]
        if not isinstance(part, dict):
            return part
        name = part.get(ENUM)
        if not isinstance(name, str):
            return {key: named(each) for key, each in part.items()}
        enums.setdefault(name, {"type": "string", "enum": part.get("enum")})
        kept = {key: part[key] for key in ("description", "default") if key in part}
        return {"$ref": REF.format(name=name), **kept}

    made["paths"] = named(made["paths"])
    for name in list(schemas):
        schemas[name] = named(schemas[name])
    if taken := enums.keys() & schemas.keys():
        raise TypeError(f"Two types have one name: {', '.join(sorted(taken))}.")
    schemas.update(enums)
    made["components"]["schemas"] = dict(sorted(schemas.items()))


def _describe(api: Api, made: Part) -> None:
    """Gives each field and parameter that has no description the one of its name."""
    operations = [one for methods in made["paths"].values() for one in methods.values()]
    for operation in operations:
        for parameter in operation.get("parameters", []):
            inner = parameter.get("schema", {})
            if not (parameter.get("description") or inner.get("description")):
                _say(api, parameter["name"], parameter)
    forms = [
        content["schema"]
        for operation in operations
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    for schema in (*made["components"]["schemas"].values(), *forms):
        for name, field in schema.get("properties", {}).items():
            if not field.get("description"):
                _say(api, name, field)


def _say(api: Api, name: str, part: Part) -> None:
    if text := api.fields.get(name):
        part["description"] = text


def _add_examples(operation: Part, examples: Mapping[str, Any]) -> None:
    content = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if content is not None and "request" in examples:
        content["example"] = examples["request"]
    for status, answer in operation["responses"].items():
        kind = MEDIA_TYPE if int(status) >= HTTPStatus.BAD_REQUEST else JSON
        if status in examples and kind in answer.get("content", {}):
            answer["content"][kind]["example"] = examples[status]


def dump(made: Mapping[str, Any]) -> bytes:
    return json.dumps(made, ensure_ascii=False, indent=1).encode()

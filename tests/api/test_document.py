"""The document of the API and its page: every route, valid, the same types that parse, and nothing
from elsewhere.
"""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from accounts.login_throttle import CODE_NEEDED, WRONG_CODE
from api import codes
from stories.api.field_meanings import FIELDS
from stories.api.routes import api as routes
from stories.enums import StoryStatus

from .conftest import ROOT

BASE = Path(__file__).resolve().parents[2]


@pytest.fixture
def document(db):
    response = Client().get(f"{ROOT}openapi.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    return response.json()


def test_every_route_and_no_other_is_in_the_document(document):
    described = {
        (method.upper(), operation["operationId"], path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    there = {
        (route.method, route.operation, "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route.path))
        for route in routes.routes
    }
    assert described == there
    assert document["servers"] == [{"url": "/api/ai-video"}]


def test_paths_are_those_of_the_guide(document):
    guide = {
        "/stories/": {"get", "post"},
        "/stories/{story_id}/": {"get", "patch"},
        "/stories/{story_id}/transition/": {"post"},
        "/stories/{story_id}/generate_preview/": {"post"},
        "/stories/{story_id}/render_final/": {"post"},
        "/scenes/": {"get", "post"},
        "/scenes/bulk_create/": {"post"},
        "/scenes/{scene_id}/generate/": {"post"},
        "/scenes/{scene_id}/reorder/": {"post"},
        "/jobs/": {"get"},
        "/jobs/{job_id}/retry/": {"post"},
        "/jobs/{job_id}/cancel/": {"post"},
        "/jobs/statistics/": {"get"},
    }
    assert {path: set(document["paths"][path]) for path in guide} == guide


def test_every_field_and_parameter_says_what_it_is(document):
    unsaid = [
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    unsaid += [
        (operation["operationId"], parameter["name"])
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if not (parameter.get("description") or parameter["schema"].get("description"))
    ]
    assert unsaid == []


def test_meanings_of_fields_are_used(document):
    names = {
        name
        for schema in document["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    names |= {
        parameter["name"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
    }
    assert FIELDS.keys() - names == set()


@pytest.mark.moderate
def test_references_lead_somewhere_and_schemas_are_valid(document):
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', str(document).replace("'", '"')):
        assert name in schemas
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.moderate
def test_document_is_valid(document):
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_answers_without_a_body_say_so(document):
    """204 and 304 have no content (RFC 9110), and redirects are sent without one."""
    described = {
        (status, "content" in answer)
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if status in {"204", "302", "304"}
    }
    assert described == {("204", False), ("302", False), ("304", False)}


def test_enumerations_and_headers_are_named_once(document):
    """The status of a story is one type for a generated client, wherever it stands."""
    schemas = document["components"]["schemas"]
    status = "#/components/schemas/StoryStatus"
    assert schemas["StoryOut"]["properties"]["status"]["$ref"] == status
    assert schemas["TransitionIn"]["properties"]["status"]["$ref"] == status
    assert schemas["StoryStatus"] == {"type": "string", "enum": list(StoryStatus.values)}
    referred = json.dumps(document)
    for part in ("schemas", "headers"):
        for name in document["components"][part]:
            assert f"#/components/{part}/{name}" in referred, name


def test_no_enumeration_of_words_stands_in_two_places(document):
    """A generated client would have a type for each place, and they would not compare."""
    places: dict[tuple, list[str]] = {}

    def look(part, place):
        if isinstance(part, list):
            for index, each in enumerate(part):
                look(each, f"{place}/{index}")
        elif isinstance(part, dict):
            values = part.get("enum")
            if isinstance(values, list) and set(map(str, values)) - {"0", "1", "true", "false"}:
                places.setdefault(tuple(sorted(values)), []).append(place)
            for name, each in part.items():
                if name not in {"example", "examples"}:
                    look(each, f"{place}/{name}")

    look(document, "")
    assert [found for found in places.values() if len(found) > 1] == []


def test_answers_say_their_headers(document):
    def headers(path, method, status):
        return set(document["paths"][path][method]["responses"][status]["headers"])

    limits = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-ID"}
    assert headers("/stories/", "get", "200") == {"ETag", *limits}
    assert headers("/stories/", "post", "201") == {"Location", "Idempotency-Replayed", *limits}
    assert headers("/stories/", "post", "409") == {"Idempotency-Replayed", *limits}
    assert headers("/auth/token/", "post", "403") == {"X-Request-ID"}
    assert headers("/stories/", "get", "401") == {"WWW-Authenticate", *limits}
    assert headers("/stories/", "get", "429") == {"Retry-After", *limits}
    assert headers("/stories/", "get", "503") == {"Retry-After", *limits}
    assert headers("/films/{film_id}/file/", "get", "302") == {"Location", *limits}
    assert headers("/auth/token/", "post", "200") == {"X-Request-ID"}


def test_requests_say_the_headers_that_they_may_carry(document):
    def headers(path, method):
        parameters = document["paths"][path][method].get("parameters", [])
        return [parameter["name"] for parameter in parameters if parameter["in"] == "header"]

    assert headers("/stories/", "get") == ["If-None-Match"]
    assert headers("/stories/", "post") == ["Idempotency-Key"]
    assert headers("/stories/{story_id}/", "patch") == ["If-Match"]
    assert headers("/scenes/{scene_id}/", "delete") == ["If-Match"]
    assert headers("/auth/token/", "post") == []


def test_problem_has_its_members_and_codes(document):
    schemas = document["components"]["schemas"]
    assert set(schemas["Problem"]["properties"]) == {
        *("type", "title", "status", "code", "detail", "errors", "instance"),
        *("allowed", "approval", "current", "take", "theirs", "total"),
    }
    assert schemas["ErrorCode"]["enum"] == codes.every()


def raised(tree):
    """The codes that are given as words where a problem is raised."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"Problem": 1, "malformed": 9, "unauthorized": 0, "forbidden": 0}.get(
                name, {"not_found": 0, "conflict": 0, "too_many": 1}.get(name)
            )
            if place is None:
                continue
            given = [
                *node.args[place : place + 1],
                *(k.value for k in node.keywords if k.arg == "code"),
            ]
            yield from (word.value for word in given if isinstance(word, ast.Constant))


@pytest.mark.moderate
def test_every_code_that_is_raised_is_listed():
    found = set()
    for folder in ("site/api", "site/accounts", "site/config", "stories/api"):
        for path in (BASE / folder).rglob("*.py"):
            found |= set(raised(ast.parse(path.read_text(encoding="utf-8"))))
    assert found - set(codes.every()) == set()
    assert {CODE_NEEDED, WRONG_CODE} <= set(codes.every())


def test_catalogue_says_what_each_code_means(document):
    errors = document["components"]["schemas"]["ErrorCode"]["x-errors"]
    assert [error["code"] for error in errors] == codes.every()
    assert [error["code"] for error in errors if not error["description"]] == []
    assert {"code": "plan_changed", "statuses": [409]}.items() <= next(
        error for error in errors if error["code"] == "plan_changed"
    ).items()


@pytest.mark.moderate
def test_document_is_english_unless_another_language_is_asked_for(db):
    def language_and_summary(query="", **headers):
        response = Client().get(f"{ROOT}openapi.json{query}", headers=headers)
        summary = response.json()["paths"]["/stories/"]["get"]["summary"]
        return response["Content-Language"], summary

    english = ("en", "List stories")
    assert language_and_summary() == english
    assert language_and_summary("?lang=ko")[0] == "ko"
    assert language_and_summary("?lang=ko", **{"Accept-Language": "en"}) == language_and_summary(
        "?lang=ko"
    )
    assert language_and_summary("?lang=en", **{"Accept-Language": "ko"}) == english
    assert language_and_summary("?lang=xx") == english
    assert language_and_summary(**{"Accept-Language": "ko"}) == language_and_summary("?lang=ko")


def test_document_is_not_sent_again_to_who_has_it(db):
    first = Client().get(f"{ROOT}openapi.json")
    again = Client().get(f"{ROOT}openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


@pytest.mark.moderate
def test_page_leads_to_each_type_and_error(document):
    page = Client().get(f"{ROOT}docs/?lang=en").content.decode()
    schemas = document["components"]["schemas"]
    assert all(f'id="type-{name}"' in page for name in schemas)
    assert all(f'id="error-{code}"' in page for code in codes.every())
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets - set(re.findall(r'id="([^"]+)"', page)) == set()


def test_every_operation_says_its_errors_as_problems(document):
    for methods in document["paths"].values():
        for operation in methods.values():
            errors = {
                status: response
                for status, response in operation["responses"].items()
                if status >= "400"
            }
            assert "422" in errors
            assert ("401" in errors) or operation.get("security") == []
            assert all(
                list(response["content"]) == ["application/problem+json"]
                for response in errors.values()
            )


def test_bodies_refuse_what_they_do_not_know(document):
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {"content": {}})["content"].values():
                schema = content["schema"]
                schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
                assert schema["additionalProperties"] is False


@pytest.mark.moderate
def test_page_shows_every_operation_and_loads_only_from_here(document):
    response = Client().get(f"{ROOT}docs/", headers={"Accept-Language": "en"})
    page = response.content.decode()
    assert all(f'id="{route.operation}"' in page for route in routes.routes)
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.moderate
def test_document_and_page_need_no_person(document):
    assert Client().get(f"{ROOT}docs/").status_code == 200
    assert Client().post(f"{ROOT}docs/").status_code == 405


def texts_of(part, at=()):
    """Every text of the document that people read, with its place; not the phrases that HTTP has
    for its statuses.
    """
    if isinstance(part, dict):
        for name, value in part.items():
            if (
                isinstance(value, str)
                and name in {"summary", "description", "x-displayName"}
                and at[-2:-1] != ("responses",)
            ):
                yield (*at, name), value
            elif name != "example":
                yield from texts_of(value, (*at, name))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from texts_of(value, (*at, index))


@pytest.mark.moderate
def test_every_text_is_in_the_language_that_was_asked_for(db):
    """Word for word the same document but for what people read."""
    korean, english = (
        Client().get(f"{ROOT}openapi.json", headers={"Accept-Language": language})
        for language in ("ko", "en")
    )
    assert (korean["Content-Language"], english["Content-Language"]) == ("ko", "en")
    assert "Accept-Language" in korean["Vary"]
    ours, theirs = dict(texts_of(korean.json())), dict(texts_of(english.json()))
    assert ours.keys() == theirs.keys()
    assert [at for at, text in ours.items() if not re.search("[가-힣]", text)] == []
    assert [at for at, text in theirs.items() if re.search("[가-힣]", text)] == []
    paragraphs = theirs["paths", "/auth/token/", "post", "description"].split("\n\n")
    assert [paragraph.count("\n") for paragraph in paragraphs] == [0, 0], (
        "a line of the code is no line of the text"
    )
    assert paragraphs[1].endswith("where a company's own sign-on gives the tokens.")
    page = Client().get(f"{ROOT}docs/", headers={"Accept-Language": "ko"}).content.decode()
    assert "<p>그림이 없는 장면마다 그림을 만든 뒤 애니매틱 영상을 완성합니다." in page
    assert "<h2>스토리</h2>" in page
    assert "<p>혼자 시작할 수 있는 금액을 넘으면 409 <code>approval_needed</code>와 함께" in page


def structs_of(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for found in kind.__subclasses__():
        yield found
        yield from structs_of(found)


def test_no_two_types_have_one_name(document):
    """The document keeps one of them, and describes the other's fields by it."""
    described = document["components"]["schemas"]
    places = defaultdict(set)
    for kind in structs_of(msgspec.Struct):
        if kind.__name__ in described and ".api" in f".{kind.__module__}":
            places[kind.__name__].add(kind.__module__)
    assert len(places) > 100
    assert {name: found for name, found in places.items() if len(found) > 1} == {}

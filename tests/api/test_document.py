"""The document of the API and its page: every route, valid, the same types that parse, and nothing
from elsewhere.
"""

import re

import jsonschema
import pytest
from django.test import Client

from stories.api.routes import api as routes

from .conftest import ROOT


@pytest.fixture
def document(db):
    response = Client().get(f"{ROOT}openapi.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    return response.json()


def test_every_route_and_no_other_is_in_the_document(document):
    told = {
        (method.upper(), operation["operationId"], path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    there = {
        (route.method, route.operation, "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route.path))
        for route in routes.routes
    }
    assert told == there
    assert document["servers"] == [{"url": "/api/ai-video"}]


def test_paths_are_those_of_the_guide(document):
    guide = {
        "/stories/": {"get", "post"},
        "/stories/{story_id}/": {"get", "patch"},
        "/stories/{story_id}/transition/": {"post"},
        "/stories/{story_id}/generate_preview/": {"post"},
        "/stories/{story_id}/render_final/": {"post"},
        "/scenes/": {"get"},
        "/scenes/bulk_create/": {"post"},
        "/scenes/{scene_id}/generate/": {"post"},
        "/scenes/{scene_id}/reorder/": {"post"},
        "/jobs/": {"get"},
        "/jobs/{job_id}/retry/": {"post"},
        "/jobs/{job_id}/cancel/": {"post"},
        "/jobs/statistics/": {"get"},
    }
    assert {path: set(document["paths"][path]) for path in guide} == guide


def test_references_lead_somewhere_and_schemas_are_valid(document):
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/([^"]+)"', str(document).replace("'", '"')):
        assert name in schemas
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_operation_says_its_errors_as_problems(document):
    for methods in document["paths"].values():
        for operation in methods.values():
            errors = {
                status: said for status, said in operation["responses"].items() if status >= "400"
            }
            assert "422" in errors
            assert ("401" in errors) or operation.get("security") == []
            assert all(
                list(said["content"]) == ["application/problem+json"] for said in errors.values()
            )


def test_bodies_refuse_what_they_do_not_know(document):
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {"content": {}})["content"].values():
                schema = content["schema"]
                schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
                assert schema["additionalProperties"] is False


def test_page_shows_every_operation_and_loads_only_from_here(document):
    response = Client().get(f"{ROOT}docs/", headers={"Accept-Language": "en"})
    page = response.content.decode()
    assert all(f'id="{route.operation}"' in page for route in routes.routes)
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_document_and_page_need_no_person(document):
    assert Client().get(f"{ROOT}docs/").status_code == 200
    assert Client().post(f"{ROOT}docs/").status_code == 405


def said(part, at=()):
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
                yield from said(value, (*at, name))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from said(value, (*at, index))


def test_every_text_is_in_the_language_that_was_asked_for(db):
    """Word for word the same document but for what people read."""
    korean, english = (
        Client().get(f"{ROOT}openapi.json", headers={"Accept-Language": language})
        for language in ("ko", "en")
    )
    assert (korean["Content-Language"], english["Content-Language"]) == ("ko", "en")
    assert "Accept-Language" in korean["Vary"]
    ours, theirs = dict(said(korean.json())), dict(said(english.json()))
    assert ours.keys() == theirs.keys()
    assert [at for at, text in ours.items() if not re.search("[가-힣]", text)] == []
    assert [at for at, text in theirs.items() if re.search("[가-힣]", text)] == []
    told = theirs["paths", "/auth/token/", "post", "description"].split("\n\n")
    assert [paragraph.count("\n") for paragraph in told] == [0, 0], (
        "a line of the code is no line of the text"
    )
    assert told[1].endswith("where a company's own sign-on gives the tokens.")
    page = Client().get(f"{ROOT}docs/", headers={"Accept-Language": "ko"}).content.decode()
    assert "<p>그림이 없는 장면마다 그림을 만든 뒤 애니매틱 영상을 완성합니다." in page
    assert "<h2>스토리</h2>" in page
    assert "<p>혼자 시작할 수 있는 금액을 넘으면 409 <code>approval_needed</code>와 함께" in page

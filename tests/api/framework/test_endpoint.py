"""One request through the kit: every status, always JSON,
and nothing taken that was not asked for.
"""

import uuid
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import LogInAttempt
from api import problems
from api.controllers import ApiController, operation
from api.details import Deprecation
from api.openapi import document
from api.routes import Api
from api.urls import urls_of
from tests.api.framework.example import api as example_api


def problem(response):
    assert response["Content-Type"] == "application/problem+json"
    return response.json()


def test_created_answers_201_with_body_and_location(api):
    response = api.ask("POST", "notes/", {"title": "sea", "lines": [{"words": "a"}]})
    row = LogInAttempt.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": row.id,
        "title": "sea",
        "at": row.at.isoformat().replace("+00:00", "Z"),
    }
    assert (response["Location"], response["Content-Type"], response["Cache-Control"]) == (
        f"/api/example/notes/{row.id}/",
        "application/json",
        "no-store",
    )


def test_no_content_answers_204_without_body(api):
    response = api.ask("DELETE", "notes/1/")
    assert (response.status_code, response.content, response.get("Content-Type")) == (
        204,
        b"",
        None,
    )


def test_redirect_answers_302(api):
    response = api.ask("GET", "away/")
    assert (response.status_code, response["Location"], response.get("ETag")) == (
        302,
        "/media/abc",
        None,
    )


def test_every_error_of_a_body_is_told_with_its_pointer(api):
    response = api.ask(
        "POST",
        "notes/",
        {
            "lines": [{"words": "fine"}, {"words": "", "count": 12, "more/~": 1}, 5],
            "mark": None,
            "x": 1,
        },
    )
    assert response.status_code == 422
    assert problem(response) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "code": "invalid",
        "detail": "Some values are not valid; see the list of errors.",
        "errors": [
            {"detail": "This field is required.", "pointer": "/title"},
            {"detail": "This may not be empty.", "pointer": "/lines/1/words"},
            {"detail": "Give 9 or less.", "pointer": "/lines/1/count"},
            {"detail": "There is no such field.", "pointer": "/lines/1/more~1~0"},
            {"detail": "A value of type object is required, not int.", "pointer": "/lines/2"},
            {"detail": "Null is not allowed; leave the field out.", "pointer": "/mark"},
            {"detail": "There is no such field.", "pointer": "/x"},
        ],
    }
    assert not LogInAttempt.objects.exists()


@pytest.mark.parametrize("title", ["", "   ", "a\0b", "x" * 21])
def test_text_that_is_blank_too_long_or_has_nul_is_422(api, title):
    response = api.ask("POST", "notes/", {"title": title})
    assert (response.status_code, [error["pointer"] for error in problem(response)["errors"]]) == (
        422,
        ["/title"],
    )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 422, "invalid"),  # nothing at all counts as {}
        (" ", 400, "malformed_json"),
        ("{", 400, "malformed_json"),
        (b'{"title": "\xff"}', 400, "malformed_json"),
        ('{"title": "\\ud800"}', 400, "malformed_json"),
        ("[" * 100_000, 413, "too_large"),
        ("[" * 1900, 400, "malformed_json"),
        ("[]", 422, "invalid"),
        ('"text"', 422, "invalid"),
        ("null", 422, "invalid"),
        (f'{{"title": "{"x" * 3000}"}}', 413, "too_large"),
    ],
)
def test_body_that_is_no_object_of_json(api, body, status, code):
    response = api.ask("POST", "notes/", body)
    assert (response.status_code, problem(response)["code"]) == (status, code)


def test_another_content_type_is_415(api):
    response = api.ask(
        "POST", "notes/", "title=sea", content_type="application/x-www-form-urlencoded"
    )
    assert (response.status_code, problem(response)["code"], response["Accept"]) == (
        415,
        "unsupported_media_type",
        "application/json",
    )
    response = api.ask("POST", "files/", {"file": 1})
    assert (response.status_code, response["Accept"]) == (415, "multipart/form-data")


@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"],
)
def test_form_that_is_none_is_400_or_422(api, kind):
    response = api.ask("POST", "files/", "no form", content_type=kind)
    assert (response.status_code, problem(response)["code"]) in {
        (400, "malformed_form"),
        (422, "invalid"),
    }


def test_content_type_with_charset_is_taken(api):
    assert (
        api.ask(
            "POST", "notes/", {"title": "a"}, content_type="application/json; charset=utf-8"
        ).status_code
        == 201
    )


def test_unknown_double_and_wrong_query_parameters_are_422(api):
    response = api.ask("GET", "notes/?page_size=101&nope=1")
    assert response.status_code == 422
    assert problem(response)["errors"] == [
        {"detail": "Give 100 or less.", "parameter": "page_size"},
        {"detail": "There is no such field.", "parameter": "nope"},
    ]
    assert problem(api.ask("GET", "notes/?title=a&title=b"))["errors"] == [
        {"detail": "Give this parameter once.", "parameter": "title"}
    ]
    assert problem(api.ask("DELETE", "notes/1/?force=1"))["errors"] == [
        {"detail": "There is no such field.", "parameter": "force"}
    ]


def test_wrong_method_is_405_with_allow_before_anything_else(nobody):
    response = nobody.ask("PUT", "notes/", {})
    assert (response.status_code, problem(response)["code"], response["Allow"]) == (
        405,
        "method_not_allowed",
        "GET, HEAD, OPTIONS, POST",
    )
    response = nobody.ask("OPTIONS", "notes/1/")
    assert (response.status_code, response["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")


def test_unknown_address_is_a_problem_not_a_page(nobody):
    for path in ("nope/", "nope", "notes/abc/", f"open/{uuid.uuid4()}/", "open/1/"):
        response = nobody.ask("GET", path)
        assert (response.status_code, problem(response)["status"]) == (404, 404)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_missing_slash_is_308_with_the_query(nobody, method):
    response = nobody.ask(method, "notes/1?wait=3")
    assert (response.status_code, response["Location"]) == (308, "/api/example/notes/1/?wait=3")


def test_crash_is_500_json_with_a_number_that_the_log_has(api, caplog):
    response = api.ask("POST", "notes/", {"title": "boom"})
    assert response.status_code == 500
    found = problem(response)
    number = found["instance"].rsplit(":", 1)[1]
    assert (found["code"], found["detail"]) == (
        "internal_error",
        f"Something went wrong on our side. Tell us this number: {number}.",
    )


def test_expected_errors_have_the_registered_status_and_members(api):
    busy = api.ask("POST", "notes/", {"title": "busy", "mark": "all of it"})
    assert (
        busy.status_code,
        problem(busy)["code"],
        problem(busy)["detail"],
        problem(busy)["allowed"],
    ) == (409, "busy", "This is busy: all of it.", ["later"])
    very = api.ask("POST", "notes/", {"title": "very"})
    assert (very.status_code, problem(very)["code"], problem(very)["allowed"]) == (
        409,
        "very_busy",
        ["later"],
    )
    assert problem(api.ask("POST", "notes/", {"title": "none"}))["code"] == "unregistered"


def test_get_has_an_etag_and_304_for_who_knows_it(api):
    api.ask("POST", "notes/", {"title": "sea"})
    first = api.ask("GET", "notes/")
    again = api.ask("GET", "notes/", headers={"If-None-Match": f'"x", {first["ETag"]}'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    api.ask("POST", "notes/", {"title": "more"})
    assert api.ask("GET", "notes/", headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert (first["Cache-Control"], set(first["Vary"].split(", "))) == (
        "private, no-cache",
        {"Authorization", "Cookie", "Accept-Language"},
    )


def test_head_has_the_length_and_no_body(api):
    get = api.ask("GET", "notes/")
    head = api.ask("HEAD", "notes/")
    assert (head.status_code, head.content, head["Content-Length"], head["ETag"]) == (
        200,
        b"",
        str(len(get.content)),
        get["ETag"],
    )
    missing = api.ask("HEAD", "notes/99/")
    assert (missing.status_code, missing.content) == (404, b"")


def test_errors_made_before_the_endpoint_are_json_under_api_only(db, settings):
    settings.ROOT_URLCONF = "tests.api.framework.example"
    client = Client(raise_request_exception=False)
    inside, outside = (
        client.get("/api/example/notes/", headers={"Host": "evil.example"}),
        client.get("/page/", headers={"Host": "evil.example"}),
    )
    assert (inside.status_code, problem(inside)["code"]) == (400, "bad_request")
    assert (outside.status_code, outside["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert problem(client.get("/api/other/"))["code"] == "unknown_address"
    assert client.get("/other/")["Content-Type"].startswith("text/html")


def test_sentence_comes_in_the_language_that_is_asked_for(nobody, monkeypatch):
    monkeypatch.setattr(
        "core.localized_messages.gettext",
        lambda text: f"ko:{text}" if _language() == "ko" else text,
    )
    assert problem(nobody.ask("GET", "notes/", headers={"Accept-Language": "ko-KR,ko;q=0.9"}))[
        "detail"
    ].startswith("ko:Log in first")
    assert problem(nobody.ask("GET", "notes/", headers={"Accept-Language": "en"}))[
        "detail"
    ].startswith("Log in first")


def _language():
    from django.utils.translation import get_language

    return get_language()


def test_method_that_does_not_say_its_answer_is_refused():
    with pytest.raises(TypeError):

        @operation("without_return", summary="")
        def get(self): ...


def test_address_and_operation_are_there_once():
    made = Api(title="", version="")

    class One(ApiController):
        tags = ("Notes",)

        @operation("one", summary="")
        def get(self) -> None: ...

    made.at("a/")(One)
    for address in ("a/", "b/"):
        with pytest.raises(TypeError):
            made.at(address)(One)


def test_unregistered_error_is_a_conflict():
    from core.localized_messages import DomainError

    assert problems.problem_of(DomainError("No.")).status == 409


def test_routes_of_the_example_are_all_mounted():
    assert {route.path for route in example_api.routes} <= {
        str(pattern.pattern) for pattern in urls_of(example_api)
    }


def test_operation_that_will_go_says_so_in_headers_and_document(api, rf):
    class Old(ApiController):
        @operation(
            "list_old",
            summary="Old",
            is_open=True,
            deprecation=Deprecation(
                since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 7, 1, tzinfo=UTC)
            ),
        )
        def get(self) -> None:
            """It has another one in its place."""

    going = Api(title="Old", version="1")
    going.at("old/")(Old)
    response = Old.as_view()(rf.get("/old/"))
    assert (response["Deprecation"], response["Sunset"]) == (
        "@1767225600",
        "Wed, 01 Jul 2026 00:00:00 GMT",
    )
    answer = document(going, "/", {})["paths"]["/old/"]["get"]
    assert answer["deprecated"] is True
    assert {"Deprecation", "Sunset"} <= set(answer["responses"]["200"]["headers"])
    kept = document(example_api, "/", {})
    assert "Sunset" not in kept["components"]["headers"]

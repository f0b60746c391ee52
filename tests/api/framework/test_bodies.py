"""Bodies as other clients send them: in chunks, with a byte order mark, numbers with a point; and
those made to cost much.
"""

import codecs
import io
import json

import msgspec
import pytest

from api import validation_messages
from api.inputs import parse_body
from api.problems import Problem
from api.validation_messages import collect
from tests.api.framework.example import NoteIn

JSON = "application/json"


def chunked(api, data, *, terminated=True, **more):
    """As gunicorn hands a chunked request on: no length, and a stream that ends where the body
    ends.
    """
    environ = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(data),
        **({"wsgi.input_terminated": True} if terminated else {}),
    }
    headers = {"Authorization": f"Bearer {api.token}"}
    return api.generic(
        "POST",
        "/api/example/notes/",
        b"",
        content_type=JSON,
        headers=headers,
        CONTENT_LENGTH="",
        CONTENT_TYPE=JSON,
        **environ,
        **more,
    )


def test_body_in_chunks_is_taken(api):
    assert chunked(api, b'{"title": "in chunks"}').json()["title"] == "in chunks"


def test_body_in_chunks_has_the_same_limit(api):
    assert chunked(api, b'{"title": "' + b"x" * 3000 + b'"}').status_code == 413


def test_chunks_whose_end_the_server_does_not_tell_need_a_length(api):
    response = chunked(api, b'{"title": "a"}', terminated=False)
    assert (response.status_code, response.json()["code"]) == (411, "length_required")


def test_upload_in_chunks_needs_a_length(api):
    headers = {"Authorization": f"Bearer {api.token}"}
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    kind = "multipart/form-data; boundary=x"
    response = api.generic(
        "POST",
        "/api/example/files/",
        b"",
        content_type=kind,
        headers=headers,
        CONTENT_LENGTH="",
        CONTENT_TYPE=kind,
        **environ,
    )
    assert (response.status_code, response.json()["code"]) == (411, "length_required")


def test_byte_order_mark_is_passed_over(api):
    assert (
        api.ask("POST", "notes/", codecs.BOM_UTF8 + b'{"title": "marked"}').json()["title"]
        == "marked"
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=UTF-8", 201),
        ('application/json; charset="utf-8"', 201),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=latin1", 415),
        ("application/json; x=utf-16", 201),
    ],
)
def test_only_utf_8_is_taken(api, kind, status):
    assert api.ask("POST", "notes/", '{"title": "a"}', content_type=kind).status_code == status


@pytest.mark.parametrize("number", ["3.0", "3.000", "3"])
def test_integer_may_be_written_with_a_point(number):
    body = parse_body(
        NoteIn, f'{{"title": "a", "lines": [{{"words": "b", "count": {number}}}]}}'.encode(), JSON
    )
    assert (body.lines[0].count, type(body.lines[0].count)) == (3, int)


@pytest.mark.parametrize(
    "number",
    ["3.5", "1e400", "3.0e0", f"{'9' * 5000}", f"{'9' * 5000}.0", "-1.0", "10.0", '"3"', "true"],
)
def test_what_is_no_such_integer_is_refused(number):
    with pytest.raises(Problem) as caught:
        parse_body(
            NoteIn,
            f'{{"title": "a", "lines": [{{"words": "b", "count": {number}}}]}}'.encode(),
            JSON,
        )
    assert caught.value.status in {400, 422}


@pytest.mark.parametrize(
    "body",
    [
        '{"title": "a", "title": "b"}',
        '{"title": "a", "lines": [{"words": "x", "words": "y"}]}',
        '{"title": "a", "t\\u0069tle": "b"}',
    ],
)
def test_field_that_is_named_twice_is_refused(api, body):
    response = api.ask("POST", "notes/", body)
    assert (response.status_code, response.json()["code"]) == (400, "duplicate_field")


BLANK = [
    "\u200b",
    "\u0001",
    " \u00a0",
    "\u3164",
    "\u2060\ufeff",
    "\u2800",
    "\u115f\u1160",
    "\ufe0f",
    "\u202e",
    "\u00ad",
    "\u3000",
    "\u180e",
]


@pytest.mark.parametrize("title", BLANK)
def test_text_that_nobody_can_see_is_blank(api, title):
    response = api.ask("POST", "notes/", {"title": title})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/title")


@pytest.mark.parametrize(
    "title", ["가", "a\u200bb", "\u202ba", "⚓", "🎬", "-", "中\ufe00", "\u1100"]
)
def test_text_that_can_be_seen_is_taken(api, title):
    assert api.ask("POST", "notes/", {"title": title}).json()["title"] == title


class Lists(msgspec.Struct, forbid_unknown_fields=True):
    many: list[NoteIn] = []


def test_no_more_is_looked_at_than_is_told(monkeypatch):
    """Of a million wrong entries a hundred are told, and no more than these are converted."""
    looked = 0
    convert = msgspec.convert

    def counting(*args, **more):
        nonlocal looked
        looked += 1
        return convert(*args, **more)

    monkeypatch.setattr(validation_messages.msgspec, "convert", counting)
    errors = collect({"many": [1] * 1_000_000}, Lists)
    assert (len(errors), errors[99].pointer) == (100, "/many/99")
    assert looked <= 110


def test_list_that_is_too_long_is_not_entered(monkeypatch):
    looked = 0
    convert = msgspec.convert

    def counting(*args, **more):
        nonlocal looked
        looked += 1
        return convert(*args, **more)

    monkeypatch.setattr(validation_messages.msgspec, "convert", counting)
    (error,) = collect({"title": "a", "lines": [{"words": "b"}] * 100_000 + [5]}, NoteIn)
    assert (error.pointer, error.detail) == ("/lines", "Give at most 3 entries.")
    assert looked <= 5


def test_unknown_fields_are_told_up_to_the_limit():
    errors = collect({"title": "a", **{f"x{number}": 1 for number in range(1000)}}, NoteIn)
    assert len(errors) == 100
    (error,) = collect({"title": "a", "y" * 100_000: 1}, NoteIn)
    assert len(error.pointer) <= 201


def test_deep_nesting_is_refused():
    for body in (
        b"[" * 100_000,
        b'{"title":' * 50_000,
        b'{"title": ' + b"[" * 900 + b"]" * 900 + b"}",
    ):
        with pytest.raises(Problem) as caught:
            parse_body(NoteIn, body, JSON)
        assert caught.value.status in {400, 422}


def test_plain_json_is_as_it_was(api):
    assert (
        api.ask(
            "POST", "notes/", json.dumps({"title": "plain", "lines": [{"words": "a", "count": 2}]})
        ).status_code
        == 201
    )


def test_text_with_a_nul_character_is_refused_where_the_type_says_nothing_of_it():
    """PostgreSQL cannot keep it."""
    with pytest.raises(Problem) as refused:
        parse_body(NoteIn, b'{"title": "a", "mark": "a\\u0000b"}', JSON)
    assert refused.value.status == 422
    (error,) = refused.value.errors
    assert (error.pointer, error.detail) == (
        "/mark",
        "The text does not have the required format.",
    )
    about_it = parse_body(NoteIn, b'{"title": "a", "mark": "a\\\\u0000b"}', JSON)
    assert about_it.mark == "a\\u0000b"

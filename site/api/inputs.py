"""Strict parsing of request bodies and queries into typed values."""

import codecs
import json
import re
from collections.abc import Iterator
from email.message import Message
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin

import msgspec
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from core.numbers import whole_number
from core.unicode_normalization import composed_values
from core.visible import INVISIBLE

from . import problems
from .problems import FieldError
from .validation_messages import MOST, alternatives, collect, escaped

if TYPE_CHECKING:
    from collections.abc import Hashable

JSON = "application/json"
MULTIPART = "multipart/form-data"
CHARSETS = {"utf-8", "utf8", "us-ascii"}
MOST_DIGITS = 16  # of an integer written with a decimal point
WHOLE = re.compile(r"-?[0-9]{1,19}")
TRUTHS = {"true": True, "false": False}
BODY_LIMIT = 256 * 1024  # bytes, unless the route sets another limit


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of what comes in: unknown and null fields are refused. A field that may be left out is
    `T | UnsetType = UNSET` or has a default.
    """


class Empty(Strict):
    """Nothing needs to be said."""


def text(*, most: int, least: int = 0, visible: bool = False) -> msgspec.Meta:
    """Returns the length limits of a text: no NUL (databases refuse it) and, with `least`, at least
    one visible character.

    `visible`: the text may be empty, but may not consist of invisible characters only.
    """
    pattern = r"^[^\u0000]*$"
    if least or visible:
        pattern = rf"^[^\u0000]*[^{INVISIBLE}][^\u0000]*$" + ("" if least else "|^$")
    return msgspec.Meta(min_length=least or None, max_length=most, pattern=pattern)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _number(literal: str) -> int | float:
    """Accepts `1755.0` as the integer 1755, as JSON Schema does."""
    whole, _dot, rest = literal.partition(".")
    is_integer = rest.strip("0") == "" and whole.lstrip("-").isdigit() and len(whole) <= MOST_DIGITS
    return int(whole) if is_integer else float(literal)


_any_decoder = msgspec.json.Decoder(float_hook=_number)


def content_length(request: HttpRequest) -> int:
    """Returns the Content-Length of the request, or 0 without one."""
    return whole_number(str(request.META.get("CONTENT_LENGTH") or "")) or 0


def is_chunked(request: HttpRequest) -> bool:
    """Returns whether the body is sent in chunks, so that its length is unknown in advance."""
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


def raw_body(request: HttpRequest, limit: int) -> bytes:
    """Returns the bytes of the body, chunked or not. Raises 413 before it reads more than `limit`.

    Raises 411 for chunks under a server that does not mark their end.
    """
    if content_length(request) > limit:
        raise problems.too_large(limit)
    if is_chunked(request) and not request.META.get("CONTENT_LENGTH"):
        # Without a length Django reads nothing; the server knows where the body ends.
        if not request.META.get("wsgi.input_terminated"):
            raise problems.length_required()
        try:
            body: bytes = request.META["wsgi.input"].read(limit + 1)
        except OSError as error:
            raise UnreadablePostError(*error.args) from error
    else:
        body = request.read(limit + 1)
    if len(body) > limit:
        raise problems.too_large(limit)
    return body


def parse_body[T](kind: type[T], body: bytes, content_type: str) -> T:
    """Parses the body as the type `kind`. An empty body without a content type counts as `{}`.

    Raises 415 unless the content type is JSON in UTF-8, 400 for invalid JSON or a repeated field,
    and 422 with the errors of invalid values. A leading byte order mark is ignored.
    """
    if not body and not content_type:
        body = b"{}"
    else:
        _require_json(content_type)
    body = body.removeprefix(codecs.BOM_UTF8)
    sent, body = body, _composed(body)
    try:
        found = cast("T", _decoder(cast("Hashable", kind)).decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _lenient(kind, body)
    # Checked last: a valid body is no longer than its type allows.
    _refuse_twice(sent)
    _refuse_null_characters(body)
    return found


def _composed(body: bytes) -> bytes:
    """Normalizes the texts of the body to NFC, so that limits and comparisons count visible
    characters.
    """
    if body.isascii() and b"\\u" not in body:
        return body
    try:
        value = _any_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return body  # errors are reported below
    composed = composed_values(value)
    return body if composed == value else msgspec.json.encode(composed)


def _require_json(content_type: str) -> None:
    message = Message()
    message["Content-Type"] = content_type
    charset = str(message.get_param("charset", "utf-8")).lower()
    if content_type.partition(";")[0].strip().lower() != JSON or charset not in CHARSETS:
        raise problems.unsupported_media_type(JSON)


def _lenient[T](kind: type[T], body: bytes) -> T:
    """Decodes JSON, accepting integers written as `1755.0`. Raises for invalid JSON or invalid
    values.
    """
    try:
        value = _any_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise problems.malformed() from None
    if errors := collect(value, kind):
        raise problems.invalid(errors)
    return msgspec.convert(value, kind)


def _refuse_null_characters(body: bytes) -> None:
    """Raises 422 for texts with a NUL character, which PostgreSQL cannot keep."""
    if b"\\u0000" not in body:
        return
    detail = str(LocalizedMessage(gettext_noop("The text does not have the required format.")))
    places = islice(_null_characters(_any_decoder.decode(body), ""), MOST)
    if errors := [FieldError(detail=detail, pointer=place) for place in places]:
        raise problems.invalid(errors)


def _null_characters(value: Any, pointer: str) -> Iterator[str]:
    """The places of the texts with a NUL character, as JSON pointers."""
    if isinstance(value, str) and "\0" in value:
        yield pointer
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _null_characters(entry, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for name, entry in value.items():
            where = f"{pointer}/{escaped(name)}"
            if "\0" in name:
                yield where
            yield from _null_characters(entry, where)


def _refuse_twice(body: bytes) -> None:
    """Raises 400 for a repeated field, because its meaning is ambiguous."""

    def pairs(found: list[tuple[str, Any]]) -> None:
        names = [name for name, _value in found]
        if len(set(names)) != len(names):
            raise problems.malformed(
                gettext_noop("The body names a field twice."), code="duplicate_field"
            )

    try:
        json.loads(body, object_pairs_hook=pairs, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise problems.malformed() from None


def parse_query[T: msgspec.Struct](kind: type[T], query: QueryDict) -> T:
    """Parses the query parameters as the type `kind`. A parameter whose field is a list may be
    repeated.

    Raises 422 with every error, each with its parameter.
    """
    lists = _list_fields(kind)
    given: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, values in query.lists():
        if name in lists:
            given[name] = values
        elif len(values) == 1:
            given[name] = values[0]
        else:
            errors.append(
                FieldError(
                    detail=str(LocalizedMessage(gettext_noop("Give this parameter once."))),
                    parameter=name,
                )
            )
    if not errors:
        typed = {name: _typed(value, _scalars(kind).get(name, ())) for name, value in given.items()}
        try:
            return msgspec.convert(typed, kind)
        except msgspec.ValidationError:
            errors = [
                FieldError(detail=error.detail, parameter=error.pointer.split("/")[1])
                for error in collect(typed, kind)
            ]
    raise problems.invalid(
        errors, gettext_noop("Some query parameters are not valid; see the list of errors.")
    )


@cache
def _scalars(kind: type[msgspec.Struct]) -> dict[str, tuple[type, ...]]:
    """Returns the integer and boolean fields, which a query can only express as text."""
    found = {field.encode_name: alternatives(field.type) for field in msgspec.structs.fields(kind)}
    return {
        name: wanted
        for name, parts in found.items()
        if (wanted := tuple(one for one in (bool, int) if any(_is(one, part) for part in parts)))
    }


def _is(one: type, part: Any) -> bool:
    return part is one or (
        get_origin(part) is Literal and any(type(value) is one for value in get_args(part))
    )


def _typed(value: Any, wanted: tuple[type, ...]) -> Any:
    """Converts a text that is exactly an integer or a boolean."""
    if bool in wanted and value in TRUTHS:
        return TRUTHS[value]
    if int in wanted and isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    return value


@cache
def _list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if any(get_origin(part) is list for part in alternatives(field.type))
    )

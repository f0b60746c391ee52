"""Reading a request: the body and the query into their types, strictly."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin

import msgspec
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_noop

from ground.sentence import Sentence

from . import problems
from .messages import alternatives, collect
from .problems import FieldError

if TYPE_CHECKING:
    from collections.abc import Hashable

JSON = "application/json"
MULTIPART = "multipart/form-data"
WHOLE = re.compile(r"-?[0-9]{1,19}")
TRUTHS = {"true": True, "false": False}
BODY_LIMIT = 256 * 1024  # bytes, unless the route says otherwise


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of what comes in: unknown and null fields are refused. A field that may be left out is `T | UnsetType = UNSET` or has a default."""


class Empty(Strict):
    """Nothing needs to be said."""


def text(*, most: int, least: int = 0) -> msgspec.Meta:
    """Limits of a text in characters: no NUL (databases refuse it), and with `least` not only blanks."""
    pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$" if least else r"^[^\u0000]*$"
    return msgspec.Meta(min_length=least or None, max_length=most, pattern=pattern)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def raw_body(request: HttpRequest, limit: int) -> bytes:
    """The bytes of the body. Raises 413 before reading more than `limit`."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > limit:
        raise problems.too_large(limit)
    body = request.read(limit + 1)
    if len(body) > limit:
        raise problems.too_large(limit)
    return body


def parse_body[T](kind: type[T], body: bytes, content_type: str) -> T:
    """The body as the type `kind`. An empty body without a content type counts as `{}`.

    Raises 415 for another content type than JSON, 400 for what is not JSON, 422 with every error for what does not fit.
    """
    if not body and not content_type:
        body = b"{}"
    elif content_type.partition(";")[0].strip().lower() != JSON:
        raise problems.unsupported_media_type(JSON)
    try:
        return cast("T", _decoder(cast("Hashable", kind)).decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _fault(kind, body) from None


def _fault(kind: Any, body: bytes) -> problems.Problem:
    """What is wrong with a body that did not decode: not JSON at all, or values that do not fit, all of them."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return problems.malformed()
    return problems.invalid(collect(value, kind))


def parse_query[T: msgspec.Struct](kind: type[T], query: QueryDict) -> T:
    """The query parameters as the type `kind`; a parameter whose field is a list may stand several times.

    Raises 422 with every error, each naming its parameter.
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
            errors.append(FieldError(detail=str(Sentence(gettext_noop("Give this parameter once."))), parameter=name))
    if not errors:
        typed = {name: _typed(value, _scalars(kind).get(name, ())) for name, value in given.items()}
        try:
            return msgspec.convert(typed, kind)
        except msgspec.ValidationError:
            errors = [FieldError(detail=error.detail, parameter=error.pointer.split("/")[1]) for error in collect(typed, kind)]
    raise problems.invalid(errors, gettext_noop("Some query parameters cannot be taken; see the list of errors."))


@cache
def _scalars(kind: type[msgspec.Struct]) -> dict[str, tuple[type, ...]]:
    """The fields that are whole numbers or truths, which a query can only write as text."""
    found = {field.encode_name: alternatives(field.type) for field in msgspec.structs.fields(kind)}
    return {name: wanted for name, parts in found.items() if (wanted := tuple(one for one in (bool, int) if any(_is(one, part) for part in parts)))}


def _is(one: type, part: Any) -> bool:
    return part is one or (get_origin(part) is Literal and any(type(value) is one for value in get_args(part)))


def _typed(value: Any, wanted: tuple[type, ...]) -> Any:
    """The text as a whole number or a truth if it is written exactly as one."""
    if bool in wanted and value in TRUTHS:
        return TRUTHS[value]
    if int in wanted and isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    return value


@cache
def _list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind) if any(get_origin(part) is list for part in alternatives(field.type)))

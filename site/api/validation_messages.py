"""Localized validation errors with their location in the document."""

import re
import types
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage

from .problems import FieldError

MOST = 100  # errors reported at once
LONGEST_NAME = 200  # of an unknown field

# msgspec's messages (docs: "Constraints" and "Validation errors") and our wording.
PATTERNS: list[tuple[re.Pattern[str], str]] = [
    (
        re.compile(r"Object missing required field `(?P<name>.*)`"),
        gettext_noop("This field is required."),
    ),
    (
        re.compile(r"Object contains unknown field `(?P<name>.*)`"),
        gettext_noop("There is no such field."),
    ),
    (
        re.compile(r"Expected `.*`, got `null`"),
        gettext_noop("Null is not allowed; leave the field out."),
    ),
    (
        re.compile(r"Expected `(?P<wanted>str|array)` of length >= 1"),
        gettext_noop("This may not be empty."),
    ),
    (
        re.compile(r"Expected `str` of length >= (?P<limit>\d+)"),
        gettext_noop("Give at least %(limit)s characters."),
    ),
    (
        re.compile(r"Expected `str` of length <= (?P<limit>\d+)"),
        gettext_noop("Give at most %(limit)s characters."),
    ),
    (
        re.compile(r"Expected `array` of length >= (?P<limit>\d+)"),
        gettext_noop("Give at least %(limit)s entries."),
    ),
    (
        re.compile(r"Expected `array` of length <= (?P<limit>\d+)"),
        gettext_noop("Give at most %(limit)s entries."),
    ),
    (
        re.compile(r"Expected `(?:int|float|decimal)` >= (?P<limit>.+?)(?:\.0)?"),
        gettext_noop("Give %(limit)s or more."),
    ),
    (
        re.compile(r"Expected `(?:int|float|decimal)` <= (?P<limit>.+?)(?:\.0)?"),
        gettext_noop("Give %(limit)s or less."),
    ),
    (
        re.compile(r"Expected `str` matching regex .*"),
        gettext_noop("The text does not have the required format."),
    ),
    (
        re.compile(r"Invalid enum value (?P<value>.+)"),
        gettext_noop("%(value)s is not one of the allowed values."),
    ),
    (re.compile(r"Invalid UUID"), gettext_noop("This is not an id (UUID).")),
    (
        re.compile(
            r"Invalid RFC3339 encoded (?:datetime|date|time)|Expected `datetime` with a "
            r"timezone component"
        ),
        gettext_noop("This is not an RFC 3339 time with a time zone."),
    ),
    (
        re.compile(r"Invalid decimal string"),
        gettext_noop('This is not a decimal number in a string, such as "1.23".'),
    ),
    (
        re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`"),
        gettext_noop("A value of type %(wanted)s is required, not %(got)s."),
    ),
]


def sentence_of(error: msgspec.ValidationError) -> LocalizedMessage:
    """Returns our wording of a msgspec message, without its path. Messages of `__post_init__` are
    kept.
    """
    message = str(error).rsplit(" - at `", 1)[0]
    for pattern, template in PATTERNS:
        if match := pattern.fullmatch(message):
            values = match.groupdict() if "%(" in template else {}
            return LocalizedMessage(template, dict(values))
    return LocalizedMessage(message)


def collect(value: Any, wanted: Any, pointer: str = "") -> list[FieldError]:
    """Returns the first MOST errors of a decoded value against its type, or an empty list.

    The rest of an invalid body is not examined, and a list that is too long is not entered, so a
    body costs no more than the entries a valid one may have.
    """
    return list(islice(_errors(value, wanted, pointer), MOST))


def _errors(value: Any, wanted: Any, pointer: str) -> Iterator[FieldError]:
    if (
        (most := _most_entries(wanted)) is not None
        and isinstance(value, list)
        and len(value) > most
    ):
        sentence = LocalizedMessage(
            gettext_noop("Give at most %(limit)s entries."), {"limit": most}
        )
        yield FieldError(detail=str(sentence), pointer=pointer)
        return
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        own = FieldError(detail=str(sentence_of(error)), pointer=pointer)
        inner = _inner(value, wanted, pointer)
        yield next(inner, own)
        yield from inner


def _inner(value: Any, wanted: Any, pointer: str) -> Iterator[FieldError]:
    for kind in alternatives(wanted):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
            yield from _of_struct(value, kind, pointer)
            return
        if get_origin(kind) is list and isinstance(value, list):
            (item,) = get_args(kind)
            for index, entry in enumerate(value):
                yield from _errors(entry, item, f"{pointer}/{index}")
            return


def _of_struct(
    value: dict[str, Any], kind: type[msgspec.Struct], pointer: str
) -> Iterator[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name in value:
            yield from _errors(value[name], field.type, f"{pointer}/{escaped(name)}")
        elif field.required:
            yield FieldError(
                detail=str(LocalizedMessage("This field is required.")),
                pointer=f"{pointer}/{escaped(name)}",
            )
    for name in value:
        if name not in fields:
            where = f"{pointer}/{escaped(name[:LONGEST_NAME])}"
            yield FieldError(detail=str(LocalizedMessage("There is no such field.")), pointer=where)


def _most_entries(wanted: Any) -> int | None:
    """Returns the maximum length of a list, if its annotation has one."""
    if get_origin(wanted) is Annotated:
        inner, *notes = get_args(wanted)
        limits = [note.max_length for note in notes if isinstance(note, msgspec.Meta)]
        found = [limit for limit in limits if limit is not None]
        is_list = any(get_origin(kind) is list for kind in alternatives(inner))
        return min(found) if found and is_list else _most_entries(inner)
    if isinstance(wanted, types.UnionType) or get_origin(wanted) is Union:
        limits = [_most_entries(part) for part in get_args(wanted)]
        return next((limit for limit in limits if limit is not None), None)
    return None


def alternatives(wanted: Any) -> list[Any]:
    """Returns the types allowed here, without their annotations."""
    if isinstance(wanted, types.UnionType) or get_origin(wanted) is Union:
        return [inner for part in get_args(wanted) for inner in alternatives(part)]
    if get_origin(wanted) is Annotated:
        return alternatives(get_args(wanted)[0])
    return [wanted]


def escaped(name: str) -> str:
    """Escapes a name as part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")

"""Lenient parsing of provider responses.

Only fields that identify or contain what was paid for are required. A field that is missing, null
or of an unexpected type falls back to its default; only a required field that cannot be read makes
the whole response unreadable. A single value is accepted for a list of one, and digits in a string
for a number.
"""

import base64
import binascii
import json
import math
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

import msgspec

MOST_DIGITS = 30  # legitimate numbers are shorter, and converting huge ones is slow
DATA_URI = re.compile(r"\s*data:[^,]{0,200},", re.IGNORECASE)
BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
DEEPEST = 50  # legitimate responses are nested less deeply
NOTHING = object()


class UnreadableError(Exception):
    """A required field is missing or cannot be read; the message names the field."""


def decoded(body: bytes) -> Any:
    """Return the JSON value of a body.

    Accepts a byte order mark, NaN and text around the JSON. Raises `UnreadableError`.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        pass
    return found_in(text_of(body))


def text_of(body: bytes) -> str:
    for mark, encoding in BOMS:
        if body.startswith(mark):
            return _without_noughts(body[len(mark) :].decode(encoding, "replace"))
    return _without_noughts(body.decode("utf-8", "replace"))


def _without_noughts(text: str) -> str:
    """Replace NUL characters, which a text column cannot store."""
    return text.replace("\x00", "\ufffd").replace("\\u0000", "\\ufffd")


def found_in(text: str) -> Any:
    """Return the first JSON object or list in a text. Raises `UnreadableError`."""
    start = next((at for at, char in enumerate(text[:2000]) if char in "{["), None)
    if start is None:
        raise UnreadableError("It is not JSON.")
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError) as error:
        raise UnreadableError("It is not JSON.") from error


def read[T: msgspec.Struct](data: Any, kind: type[T]) -> T:
    """Convert the value to this type.

    Raises `UnreadableError` if a required field cannot be read.
    """
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, Mapping):
        raise UnreadableError(f"{kind.__name__} is not an object.")
    values = {}
    for field in msgspec.structs.fields(kind):
        required = field.required
        value = _read(data, field.encode_name)
        if value is None and not required:
            continue
        found = _fit(value, field.type)
        if found is not NOTHING:
            values[field.name] = found
        elif required:
            raise UnreadableError(f"{field.encode_name} cannot be read.")
    return kind(**values)


def _read(data: Mapping[str, Any], name: str) -> Any:
    """Return the field's value, in any spelling of its name: finishReason, finish_reason."""
    if name in data:
        return data[name]
    plain = _plain(name)
    return next(
        (
            value
            for other, value in data.items()
            if isinstance(other, str) and _plain(other) == plain
        ),
        None,
    )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _fit(value: Any, kind: Any) -> Any:  # noqa: PLR0911  one line for each type
    """Return `told` converted to this type, or NOTHING."""
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return next((found for one in kinds if (found := _fit(value, one)) is not NOTHING), NOTHING)
    if value is None:
        return NOTHING
    if origin is list:
        (inner,) = get_args(kind)
        return [
            found
            for one in (value if isinstance(value, list) else [value])
            if (found := _fit(one, inner)) is not NOTHING
        ]
    if origin is dict:
        inner = get_args(kind)[1]
        if not isinstance(value, Mapping):
            return NOTHING
        return {
            str(name): found
            for name, one in value.items()
            if (found := _fit(one, inner)) is not NOTHING
        }
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        try:
            return read(value, kind)
        except UnreadableError:
            return NOTHING
    return _scalar(value, kind)


def _scalar(value: Any, kind: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if kind is str:
        if isinstance(value, str):
            return value
        return (
            str(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else NOTHING
        )
    if kind is bool:
        return _truth(value)
    number = number_of(value)
    if number is None:
        return NOTHING
    return int(number) if kind is int else number


def _truth(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "1": True, "0": False}.get(
        str(value).strip().lower(), NOTHING
    )


def number_of(value: Any) -> float | int | None:
    """Return a finite number given as a number or in digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MOST_DIGITS or not text.isascii():
            return None
        try:
            value = int(text)
        except ValueError:
            try:
                value = float(text)
            except ValueError:
                return None
    if isinstance(value, int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None


def texts_in(node: Any, depth: int = 0) -> Iterator[str]:
    """Yield every string in a value of any shape, in order."""
    if isinstance(node, str):
        yield node
    elif depth < DEEPEST and isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from texts_in(value, depth + 1)


def seed_of(value: Any) -> int | None:
    """Return a seed that the database can store; None if it is not a valid seed."""
    number = number_of(value)
    return int(number) if number is not None and 0 <= number < 2**63 else None


def bytes_of(text: str) -> bytes:
    """Decode base64 in any of its variants.

    Accepts line breaks, missing padding, the URL-safe alphabet and a `data:…;base64,` prefix.
    Raises `UnreadableError`.
    """
    if prefix := DATA_URI.match(text):
        text = text[prefix.end() :]
    plain = (
        "".join(text.split())
        .replace("-", "+")
        .replace("_", "/")
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=")
        .rstrip("=")
    )
    try:
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise UnreadableError("It is not base64.") from error
    if not found:
        raise UnreadableError("It is empty.")
    return found

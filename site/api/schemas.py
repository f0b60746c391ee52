"""How msgspec's types are described in the document."""

from typing import Annotated, Any

import msgspec
from django.db.models.enums import Choices
from dmr.plugins.msgspec import MsgspecSerializer
from dmr.plugins.msgspec.schema import MsgspecSchemaGenerator
from msgspec import UNSET, Meta, UnsetType

from .problems import FieldError

ENUM = "x-enum"  # names an enumeration, which `document` turns into a component


def named(name: str) -> Any:
    """Names a Literal that stands in more than one place: `Annotated[Literal[…], named("…")]`."""
    return Meta(extra_json_schema={ENUM: name})


def choices(kind: type) -> dict[str, Any]:
    """Returns the schema of Django choices, which msgspec reads as enumerations but does not
    describe.
    """
    if issubclass(kind, Choices):
        values = [str(value) for value in kind.values]
        return {"type": "string", "enum": values, ENUM: kind.__name__}
    raise NotImplementedError


class ApiSchemas(MsgspecSchemaGenerator):
    __slots__ = ()
    json_schema_kwargs = {"schema_hook": choices}


class ApiSerializer(MsgspecSerializer):
    __slots__ = ()
    schema_generator = ApiSchemas


class Problem(msgspec.Struct):
    """An error (RFC 9457). `code` is stable and for programs; `detail` is for people, in the
    language of Accept-Language. Further members depend on the code.
    """

    type: Annotated[str, Meta(description="Always “about:blank”: `code` says what it is.")]
    title: Annotated[str, Meta(description="The phrase of the status.")]
    status: Annotated[int, Meta(description="The HTTP status.")]
    code: Annotated[
        str,
        Meta(description="What went wrong, for programs.", extra_json_schema={ENUM: "ErrorCode"}),
    ]
    detail: Annotated[str, Meta(description="What went wrong, for people.")]
    errors: (
        Annotated[list[FieldError], Meta(description="Each value that is not valid.")] | UnsetType
    ) = UNSET
    instance: (
        Annotated[str, Meta(description="The number of an incident; the log has it.")] | UnsetType
    ) = UNSET

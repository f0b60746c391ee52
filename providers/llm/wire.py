"""What chat completions send, as far as it is used, and what is asked of the model."""

from typing import Any, Literal

import msgspec


class Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class Choice(msgspec.Struct):
    message: Message
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(msgspec.Struct):
    choices: list[Choice]
    usage: Usage | None = None


class Problem(msgspec.Struct):
    message: str = ""
    type: str | None = None
    code: str | int | None = None


class Problems(msgspec.Struct):
    error: Problem | str


class Model(msgspec.Struct):
    id: str


class Models(msgspec.Struct):
    data: list[Model]


# --- what the model must answer; strict mode wants every field required and nothing else allowed


class Shot(msgspec.Struct, forbid_unknown_fields=True):
    """`first` and `last` are the numbers of the lines that the scene tells."""

    first: int
    last: int
    title: str
    prompt: str
    prompt_en: str
    camera: Literal["push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "still"]


class Plan(msgspec.Struct, forbid_unknown_fields=True):
    scenes: list[Shot]


class English(msgspec.Struct, forbid_unknown_fields=True):
    text: str


def strict_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema without references or limits: not every server that says it enforces a schema knows those."""
    (schema,), parts = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")

    def inlined(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return inlined(parts[node["$ref"].rsplit("/", 1)[-1]])
            return {name: inlined(value) for name, value in node.items() if name not in {"title", "description"} or isinstance(value, dict)}
        return [inlined(value) for value in node] if isinstance(node, list) else node

    result: dict[str, Any] = inlined(schema)
    return result

"""Messages of the chat completions API, as far as they are used, and the schema of the answers."""

from typing import Any, Literal

import msgspec

from providers.lenient_decoding import number_of


class Function(msgspec.Struct):
    arguments: Any = None


class ToolCall(msgspec.Struct):
    function: Function | None = None


class Message(msgspec.Struct):
    """A message.

    `content` is a text or a list of parts; some servers put the JSON into `parsed`, a tool call or
    the reasoning.
    """

    content: Any = None
    refusal: str = ""
    parsed: Any = None
    tool_calls: list[ToolCall] = []
    reasoning_content: Any = None


class Choice(msgspec.Struct):
    message: Message | None = None
    text: str = ""
    finish_reason: str = ""
    error: Any = None


class Usage(msgspec.Struct):
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    cost: float | None = None


class Completion(msgspec.Struct):
    choices: list[Choice] = []
    usage: Usage | None = None
    message: Message | None = None
    error: Any = None


class Problem(msgspec.Struct):
    message: str = ""
    type: str = ""
    code: str = ""
    status: str = ""
    param: str = ""

    @property
    def number(self) -> int | None:
        """The status code that the error itself contains."""
        number = number_of(self.code)
        return int(number if number is not None else number_of(self.status) or 0) or None


class Problems(msgspec.Struct):
    error: Any = None
    detail: Any = None
    message: Any = None


class Model(msgspec.Struct):
    id: str


class Models(msgspec.Struct):
    data: list[Model]


# The schema that the model must follow. Strict mode requires every field and allows no others.


class Shot(msgspec.Struct):
    """A planned scene. `first` and `last` are the numbers of the script lines that it narrates."""

    first: int
    last: int
    title: str
    prompt: str
    prompt_en: str
    camera: Literal["push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "still"]


class Member(msgspec.Struct):
    """A member of the cast. `scenes` are the numbers of the scenes that show it."""

    kind: Literal["character", "place", "prop"]
    name: str
    description: str
    description_en: str
    scenes: list[int]


class Plan(msgspec.Struct):
    scenes: list[Shot]
    cast: list[Member]


class English(msgspec.Struct):
    text: str


class Face(msgspec.Struct):
    """Whether a character has the face of its reference sheet; null if it cannot be seen."""

    name: str
    same: bool | None


class Check(msgspec.Struct):
    fits: bool
    missing: list[str]
    faces: list[Face]
    why: str


type Answer = type[Plan | English | Check]


def strict_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a JSON Schema without references or limits.

    Not every server that claims to enforce schemas supports those.
    """
    (schema,), parts = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")

    def inlined(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return inlined(parts[node["$ref"].rsplit("/", 1)[-1]])
            kept = {
                name: inlined(value)
                for name, value in node.items()
                if name not in {"title", "description"} or isinstance(value, dict)
            }
            return {**kept, "additionalProperties": False} if node.get("type") == "object" else kept
        return [inlined(value) for value in node] if isinstance(node, list) else node

    result: dict[str, Any] = inlined(schema)
    return result


# The answers that models actually give.


class ShotAnswer(msgspec.Struct):
    """A planned scene as parsed; missing fields are requested again or filled in."""

    first: float
    last: float
    title: str = ""
    prompt: str = ""
    prompt_en: str = ""
    camera: str = ""


class EnglishAnswer(msgspec.Struct):
    text: str


class FaceAnswer(msgspec.Struct):
    name: str
    same: bool | None = None


class CheckAnswer(msgspec.Struct):
    """What a model found in a picture. Without `fits` it has not answered the question."""

    fits: bool
    missing: list[str] = []
    faces: list[FaceAnswer] = []
    why: str = ""

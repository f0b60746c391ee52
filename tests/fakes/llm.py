"""A chat completions server: it plans from the numbered lines that it gets, and can answer in every
wrong way.
"""

import base64
import json
import re
from decimal import Decimal
from typing import Any

from .server import Asked, Fake, Reply

PROMPT_PRICE, COMPLETION_PRICE = Decimal("2.50"), Decimal("10.00")  # USD a million tokens
CAMERAS = ["push_in", "pan_right", "pull_out", "tilt_up"]


class Llm(Fake):
    key = "sk-fake-llm-0123456789"
    routes = [("POST", r"/v1/chat/completions", "complete"), ("GET", r"/v1/models", "models")]

    @property
    def base(self) -> str:
        return f"{self.url}/v1"

    def is_paid(self, asked: Asked) -> bool:
        return asked.path.endswith("/completions")

    def _unauthorized(self, asked: Asked) -> Reply | None:
        right = asked.headers.get("authorization") == f"Bearer {self.key}"
        return (
            None
            if right
            else _error(
                401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"
            )
        )

    def models(self, asked: Asked) -> Reply:
        model = {"id": "planner-1", "object": "model", "created": 1, "owned_by": "us"}
        return self._unauthorized(asked) or Reply(200, {"object": "list", "data": [model]})

    def complete(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(_text_of(body["messages"][1]["content"]))
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        if body.get("model") != "planner-1":
            return _error(
                404,
                f"The model `{body.get('model')}` does not exist.",
                "invalid_request_error",
                "model_not_found",
            )
        form = body.get("response_format", {}).get("type", "none")
        if (scenario == "no_schema" and form == "json_schema") or (
            scenario == "no_form" and form != "none"
        ):
            return _error(
                400,
                f"'response_format' of type '{form}' is not supported by this model.",
                "invalid_request_error",
                None,
            )
        strict = (
            body["response_format"]["json_schema"]
            if form == "json_schema"
            else {"name": "none", "schema": {}}
        )
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", strict["name"]) or not _is_strict(
            strict["schema"]
        ):
            return _error(400, "Invalid schema for response_format.", "invalid_request_error", None)
        if scenario.startswith("inside_"):
            return self._inside(scenario)
        content = self._content(body, scenario)
        usage = {
            "prompt_tokens": _tokens(body["messages"]),
            "completion_tokens": len(content or "") // 4 + 1,
        }
        usd = (
            PROMPT_PRICE * usage["prompt_tokens"] + COMPLETION_PRICE * usage["completion_tokens"]
        ) / 1_000_000
        with self.lock:
            self.charge(str(len(self.charges) + 1), "planner-1", usd, asked)
        finish = {"cut": "length", "filtered": "content_filter"}.get(scenario, "stop")
        message = {
            "role": "assistant",
            "content": content,
            "refusal": "I cannot help with that." if scenario == "refused" else None,
        }
        choices = (
            []
            if scenario == "no_choice"
            else [{"index": 0, "finish_reason": finish, "logprobs": None, "message": message}]
        )
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "planner-1",
            "choices": choices,
        }
        answer["usage"] = {**usage, "total_tokens": sum(usage.values())}
        if scenario == "no_usage":
            del answer["usage"]
        answer |= _dressed(content, scenario, answer)
        return self.twisted(scenario, Reply(200, answer))

    def _trouble(self, scenario: str) -> Reply | None:
        answers = {
            "no_credits": _error(
                429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"
            ),
            "policy": _error(
                400,
                "Your request was rejected by our safety system.",
                "image_generation_user_error",
                "content_policy_violation",
            ),
            "no_model": _error(
                403,
                "Project does not have access to model planner-1.",
                "invalid_request_error",
                "model_not_found",
            ),
            "limit": _error(429, "Rate limit reached.", "requests", "rate_limit_exceeded"),
            "other_error": Reply(400, {"error": "model requires more system memory"}),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def _inside(self, scenario: str) -> Reply:
        """A success by its number that is none by its words; nothing is charged."""
        name = scenario.removeprefix("inside_")
        if name.isdigit():
            return Reply(200, {"error": {"message": "Provider returned error", "code": int(name)}})
        errors: dict[str, Any] = {
            "text_code": {"error": {"message": "Rate limit exceeded", "code": "429"}},
            "null_choices": {
                "id": None,
                "choices": None,
                "error": {"message": "Provider returned error", "code": 429},
            },
            "choice": {
                "choices": [
                    {
                        "error": {"message": "Upstream overloaded", "code": 503},
                        "finish_reason": "error",
                        "message": {"content": ""},
                    }
                ]
            },
            "named": {"error": {"message": "Overloaded", "type": "overloaded_error"}},
            "quota": {
                "error": {
                    "message": "You exceeded your current quota",
                    "code": "insufficient_quota",
                }
            },
            "policy": {"error": {"message": "The response was filtered", "code": "content_filter"}},
            "words": {"error": "model is loading"},
        }
        return Reply(200, errors[name])

    def _content(self, body: dict[str, Any], scenario: str) -> str | None:
        if scenario in {"refused", "filtered"}:
            return None
        if scenario == "words":
            return "Of course! Here is your plan."
        if "You check" in body["messages"][0]["content"]:
            return _findings(body["messages"][1]["content"], scenario)
        if "translate" in body["messages"][0]["content"]:
            return json.dumps({"text": "소녀" if scenario == "korean" else "a girl at the sea"})
        text = json.dumps(_plan(body, scenario), ensure_ascii=False)
        if scenario in ODD_CONTENT:
            return ODD_CONTENT[scenario](text)
        return {
            "fenced": f"```json\n{text}\n```",
            "cut": text[: len(text) // 2],
            "wrong_type": text.replace('"first": 1', '"first": "one"'),
        }.get(scenario, text)


def _text_of(content: Any) -> str:
    """The words of a message, whose content is a text or a list of parts."""
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


def _tokens(messages: list[dict[str, Any]]) -> int:
    """A token for four characters, and 85 for a picture, as OpenAI counts small ones."""
    parts = [part for message in messages for part in _parts(message["content"])]
    pictures = sum(part["type"] == "image_url" for part in parts)
    return len(" ".join(_text_of(message["content"]) for message in messages)) // 4 + 85 * pictures


def _parts(content: Any) -> list[dict[str, Any]]:
    return [] if isinstance(content, str) else content


def _findings(content: list[dict[str, Any]], scenario: str) -> str:
    """What a model sees in the pictures, each of which has to be a JPEG in a data URL."""
    pictures = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    assert pictures
    for url in pictures:
        head, data = url.split(",", 1)
        assert head == "data:image/jpeg;base64", head
        assert base64.b64decode(data, validate=True)[:3] == b"\xff\xd8\xff"
    names = re.findall(r"Reference sheet of “(.*?)”", _text_of(content))
    found: dict[str, Any] = {
        "fits": scenario != "unfit",
        "missing": ["등대"] if scenario == "unfit" else [],
        "faces": [{"name": name, "same": scenario != "other_face"} for name in names],
        "why": "등대가 없다." if scenario == "unfit" else "모두 보인다.",
    }
    if scenario == "no_fits":
        del found["fits"]
    if scenario == "bare_findings":
        found = {"fits": "true", "missing": None, "faces": None}
    if scenario == "unseen_face":
        found["faces"] = [{"name": name, "same": None} for name in names]
    text = json.dumps(found, ensure_ascii=False)
    if scenario in ODD_CONTENT:
        return str(ODD_CONTENT[scenario](text))
    return "null" if scenario == "null_answer" else text


ODD_CONTENT: dict[str, Any] = {
    "thought": lambda text: "<think>\nLet me think about {the} lines [1].\n</think>\n\n" + text,
    "open_thought": lambda text: 'I think about {"scenes": 2}.\n</think>\n' + text,
    "prose": lambda text: f"Here is the plan:\n\n```json\n{text}\n```\nLet me know!",
    "prose_after": lambda text: text + "\n\nI hope this helps.",
    "bom_content": lambda text: "\ufeff" + text,
    "channel": lambda text: (
        "<|channel|>analysis<|message|>First {I} think.<|end|><|channel|>final<|message|>" + text
    ),
    "trailing_comma": lambda text: text[:-2] + ",]}",
    "number_text": lambda text: text.replace('"first": 1,', '"first": "1",'),
    "number_float": lambda text: text.replace('"first": 1,', '"first": 1.0,'),
    "upper_camera": lambda text: text.replace("push_in", "PUSH_IN").replace(
        "pan_right", "Pan Right"
    ),
    "own_camera": lambda text: text.replace('"camera": "push_in"', '"camera": "drone"').replace(
        '"camera": "pan_right"', '"camera": null'
    ),
    "more": lambda text: text.replace('"camera"', '"mood": "x", "camera"'),
    "bare_list": lambda text: json.dumps(json.loads(text)["scenes"]),
    "within": lambda text: json.dumps({"result": {"plan": json.loads(text)}}),
}


def _dressed(content: str | None, scenario: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The same words where other servers put them."""
    message, text = answer["choices"][0]["message"] if answer["choices"] else {}, content or ""
    half = len(text) // 2

    def put(**fields: Any) -> dict[str, Any]:
        return {
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {**message, "content": None, **fields},
                }
            ]
        }

    return {
        "parts": put(
            content=[{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]
        ),
        "reasoning_part": put(
            content=[{"type": "reasoning", "text": "{}"}, {"type": "text", "text": text}]
        ),
        "tool_call": put(
            tool_calls=[
                {"id": "1", "type": "function", "function": {"name": "plan", "arguments": text}}
            ]
        ),
        "object": put(content=json.loads(text) if scenario == "object" else None),
        "null_usage": {"usage": {"prompt_tokens": None, "completion_tokens": None}},
        "float_usage": {
            "usage": {name: float(count) for name, count in answer.get("usage", {}).items()}
        },
        "text_usage": {
            "usage": {name: str(count) for name, count in answer.get("usage", {}).items()}
        },
        "old_form": {"choices": [{"index": 0, "finish_reason": "stop", "text": text}]},
        "stops_for_safety": {
            "choices": [{"index": 0, "finish_reason": "SAFETY", "message": {"content": ""}}]
        },
        "null_error": {"error": None},
    }.get(scenario, {})


def _plan(body: dict[str, Any], scenario: str) -> dict[str, Any]:
    wanted = re.search(r"exactly (\d+) scenes", body["messages"][0]["content"])
    assert wanted
    count = int(wanted[1])
    lines = re.findall(r"^(\d+)\. (.*)$", body["messages"][1]["content"], re.MULTILINE)
    ends = [len(lines) * (n + 1) // count for n in range(count)]
    scenes = [
        {
            "first": (ends[n - 1] if n else 0) + 1,
            "last": ends[n],
            "title": f"장면 {n + 1}",
            "prompt": f"그림 {n + 1}",
            "prompt_en": f"picture {n + 1}",
            "camera": CAMERAS[n % 4],
        }
        for n in range(count)
    ]
    if scenario == "too_few":
        scenes.pop()
    if scenario == "gap":
        scenes[-1]["last"] -= 1
    if scenario == "overlap":
        scenes[-1]["first"] = 1
    if scenario == "extra_field":
        scenes[0]["mood"] = "happy"
    if scenario == "empty_title":
        scenes[0]["title"] = " "
    return {"scenes": scenes}


def _is_strict(schema: Any) -> bool:
    """What strict mode wants: every property required, nothing else allowed, no references."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False
        or set(schema["required"]) != set(schema["properties"])
    ):
        return False
    return "$ref" not in schema and all(map(_is_strict, schema.values()))


def _error(status: int, words: str, kind: str, code: str | None) -> Reply:
    return Reply(status, {"error": {"message": words, "type": kind, "param": None, "code": code}})

"""Finds the JSON in a model's answer: after its reasoning, in a code fence, between other text."""

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_CHARACTERS = 1_000_000
MOST_BEGINNINGS = 60
THOUGHTS = re.compile(
    r"<(think|thinking|thought|reasoning|reflection)>.*?</\1>", re.DOTALL | re.IGNORECASE
)
END_OF_THOUGHTS = re.compile(r"</(?:think|thinking|thought|reasoning|reflection)>", re.IGNORECASE)
CHANNEL = re.compile(r"<\|channel\|>\s*final\b.*?<\|message\|>", re.DOTALL)
FENCED = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)
TRAILING_COMMA = re.compile(r",(\s*[}\]])")
DECODER = json.JSONDecoder(strict=False)


def values(content: str) -> Iterator[Any]:
    """Yield the JSON objects and lists in a text, the most likely first."""
    text = _without_thoughts(
        content[:MOST_CHARACTERS].replace("\ufeff", "").replace("\x00", "\ufffd")
    )
    for part in (text, *(found for found in FENCED.findall(text))):
        try:
            value = DECODER.decode(part.strip())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict | list):
            yield value
    yield from _beginnings(text)
    repaired = TRAILING_COMMA.sub(r"\1", text)
    if repaired != text:
        yield from _beginnings(repaired)


def _without_thoughts(text: str) -> str:
    if final := CHANNEL.search(text):
        text = text[final.end() :]
    text = THOUGHTS.sub("", text)
    ends = list(END_OF_THOUGHTS.finditer(text))  # some templates omit the opening tag
    return text[ends[-1].end() :] if ends else text


def _beginnings(text: str) -> Iterator[Any]:
    """Yield what can be parsed starting at each brace; outermost objects first."""
    at, tried = 0, 0
    while tried < MOST_BEGINNINGS and (found := re.search(r"[{\[]", text[at:])):
        start, tried = at + found.start(), tried + 1
        try:
            value, at = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
            continue
        if value:
            yield value


def text_of(content: Any) -> str:
    """Return a message's content as one text; it may come in parts, or as the object itself."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, str) or (isinstance(part, dict) and ("text" in part or "type" in part))
        for part in content
    ):
        return "".join(part if isinstance(part, str) else _part(part) for part in content)
    return json.dumps(content, ensure_ascii=False)


def _part(part: dict[str, Any]) -> str:
    if part.get("type") in {"reasoning", "thinking"}:
        return ""
    text = part.get("text")
    if isinstance(text, dict):  # {"type": "text", "text": {"value": …}}
        text = text.get("value")
    return text if isinstance(text, str) else ""

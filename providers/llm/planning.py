"""What a model is asked for a plan, and how its answer becomes scenes that lose nothing of the script.

The model gets the script in numbered lines and says which lines each scene tells. The narration is then put together
from the lines themselves, so that no word of the script can be lost, invented or changed.
"""

from collections.abc import Iterator
from typing import Any

from ground.sentences import parts, sentences
from providers.requests import Passage, TextRequest

from .wire import Plan

LANGUAGES = {"ko": "Korean", "en": "English"}
SYSTEM = """You plan a film. You get a script in numbered lines and cut it into exactly {scenes} scenes, in order.
Each scene tells the lines from `first` to `last`; the first scene begins with line 1, every following scene begins with the line after the one before, \
the last scene ends with line {lines}. Make the scenes about equally long.
For each scene give: `title`, a few words in {language}; `prompt`, in {language}, what is to be seen: place, time of day, weather, light, people with the \
same looks in every scene, what they do, no text in the picture; `prompt_en`, the same in English; `camera`, one of push_in, pull_out, pan_left, pan_right, \
tilt_up, tilt_down, still, not the same twice in a row. The pictures have the format {ratio}{style}.
Answer with JSON only: {{"scenes": [{{"first": 1, "last": 2, "title": "…", "prompt": "…", "prompt_en": "…", "camera": "push_in"}}]}}"""
HEADINGS = """
A line in square brackets has no number: it names place and time of the lines after it. Begin a scene there, and show place and time."""
MOST = {"title": 120, "prompt": 2000, "prompt_en": 2000}  # characters


class UnfitError(Exception):
    """The answer has the right form and does not fit; the text tells the model what is wrong."""


def lines_of(request: TextRequest) -> list[str]:
    """The script's lines: its sentences, or as many pieces as there are scenes when the sentences are too few."""
    return [line for _passage, lines in _passages(request) for line in lines]


def _passages(request: TextRequest) -> list[tuple[Passage, list[str]]]:
    """The passages, each with its lines."""
    found = []
    for passage in request.passages or [Passage(text=request.script, scenes=request.scenes)]:
        lines = sentences(passage.text)
        if len(lines) < passage.scenes:
            lines = [" ".join(part) for part in parts(passage.text, passage.scenes)]
        found.append((passage, lines))
    return found


def messages(request: TextRequest, lines: list[str], complaint: str) -> list[dict[str, str]]:
    style = f", the style is: {request.style}" if request.style else ""
    system = SYSTEM.format(scenes=request.scenes, lines=len(lines), language=LANGUAGES[request.language], ratio=request.aspect_ratio, style=style)
    if any(_heading(passage) for passage in request.passages):
        system += HEADINGS
    said = "\n".join(_numbered(request, lines))
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": said},
        *([{"role": "user", "content": f"Your last answer could not be used: {complaint} Answer again."}] if complaint else []),
    ]


def _numbered(request: TextRequest, lines: list[str]) -> Iterator[str]:
    """The lines with their numbers, and the headings between them without."""
    heads: dict[int, str] = {}
    number = 1
    for passage, own in _passages(request):
        heads[number] = _heading(passage)
        number += len(own)
    for n, line in enumerate(lines, 1):
        if heads.get(n):
            yield f"[{heads[n]}]"
        yield f"{n}. {line or '(another view of the line before)'}"


def _heading(passage: Passage) -> str:
    return ", ".join(filter(None, (passage.place, passage.time))) or passage.title


def fitted(plan: Plan, request: TextRequest, lines: list[str]) -> list[dict[str, Any]]:
    """The scenes in the form of `TextRequest`'s result. Raises `UnfitError`."""
    if len(plan.scenes) != request.scenes:
        raise UnfitError(f"It has {len(plan.scenes)} scenes; exactly {request.scenes} are wanted.")
    expected, scenes = 1, []
    for number, shot in enumerate(plan.scenes, 1):
        if shot.first != expected or not shot.first <= shot.last <= len(lines):
            raise UnfitError(f"Scene {number} tells lines {shot.first} to {shot.last}; it must begin with line {expected} and end within {len(lines)}.")
        if not all(value.strip() for value in (shot.title, shot.prompt, shot.prompt_en)):
            raise UnfitError(f"Scene {number} has an empty title, prompt or prompt_en.")
        expected = shot.last + 1
        words = {"title": shot.title, "prompt": shot.prompt, "prompt_en": shot.prompt_en}
        scenes.append(
            {
                **{name: text.strip()[: MOST[name]] for name, text in words.items()},
                "narration": " ".join(filter(None, lines[shot.first - 1 : shot.last])),
                "camera": shot.camera,
            }
        )
    if expected != len(lines) + 1:
        raise UnfitError(f"The last scene ends with line {expected - 1}; it must end with line {len(lines)}.")
    return scenes

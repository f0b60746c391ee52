"""Builds the planning prompt, and turns the answer into scenes that contain the whole script.

The model gets the script in numbered lines and returns which lines each scene narrates. The
narration is then assembled from the lines themselves, so no word of the script is lost, invented or
changed.
"""

from collections.abc import Iterator
from typing import Any, get_args

from core.sentences import parts, sentences
from providers.lenient_decoding import UnreadableError, read
from providers.prompt_text import is_english
from providers.requests import Camera, Passage, TextRequest

from . import content
from .messages import EnglishAnswer, ShotAnswer

CAMERAS: tuple[str, ...] = get_args(Camera.__value__)

LANGUAGES = {"ko": "Korean", "en": "English"}
SYSTEM = """You plan a film. You get a script in numbered lines and cut it into exactly {scenes} \
scenes, in order.
Each scene tells the lines from `first` to `last`; the first scene begins with line 1, every \
following scene begins with the line after the one before, the last scene ends with line {lines}. \
Make the scenes about equally long.
For each scene give: `title`, a few words in {language}; `prompt`, in {language}, what is to be \
seen: place, time of day, weather, light, people with the same looks in every scene, what they do, \
no text in the picture; `prompt_en`, the same in English; `camera`, one of push_in, pull_out, \
pan_left, pan_right, tilt_up, tilt_down, still, not the same twice in a row. The pictures have the \
format {ratio}{style}.
Also give the `cast`: each character, and each place and prop that matters in several scenes, at \
most 20. For each: `kind`, one of character, place, prop; `name`, as the script calls it; \
`description`, in {language}, how it always looks: age, face, hair, clothes, colours, materials, \
nothing that it does; `description_en`, the same in English; `scenes`, the numbers of the scenes \
that show it, counted from 1.
Answer with JSON only: {{"scenes": [{{"first": 1, "last": 2, "title": "…", "prompt": "…", \
"prompt_en": "…", "camera": "push_in"}}], "cast": [{{"kind": "character", "name": "…", \
"description": "…", "description_en": "…", "scenes": [1]}}]}}"""
HEADINGS = """
A line in square brackets has no number: it names place and time of the lines after it. Begin a \
scene there, and show place and time."""
MOST_CAST = 40
MOST = {"title": 120, "prompt": 2000, "prompt_en": 2000}  # characters


class UnfitError(Exception):
    """The answer is well-formed but does not fit the request; the text tells the model why."""


def lines_of(request: TextRequest) -> list[str]:
    """Return the script's lines: its sentences, or one piece per scene if they are too few."""
    return [line for _passage, lines in _passages(request) for line in lines]


def _passages(request: TextRequest) -> list[tuple[Passage, list[str]]]:
    """Return the passages, each with its lines."""
    found = []
    for passage in request.passages or [Passage(text=request.script, scenes=request.scenes)]:
        lines = sentences(passage.text)
        if len(lines) < passage.scenes:
            lines = [" ".join(part) for part in parts(passage.text, passage.scenes)]
        found.append((passage, lines))
    return found


def messages(request: TextRequest, lines: list[str], validation_error: str) -> list[dict[str, str]]:
    style = f", the style is: {request.style}" if request.style else ""
    system = SYSTEM.format(
        scenes=request.scenes,
        lines=len(lines),
        language=LANGUAGES[request.language],
        ratio=request.aspect_ratio,
        style=style,
    )
    if any(_heading(passage) for passage in request.passages):
        system += HEADINGS
    prompt = "\n".join(_numbered(request, lines))
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": prompt},
        *(
            [
                {
                    "role": "user",
                    "content": (
                        f"Your last answer could not be used: {validation_error} Answer again."
                    ),
                }
            ]
            if validation_error
            else []
        ),
    ]


def _numbered(request: TextRequest, lines: list[str]) -> Iterator[str]:
    """Yield the lines with their numbers, and the headings between them without numbers."""
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


def scenes_in(answer: str) -> list[ShotAnswer]:
    """Return the scenes in the answer, ignoring text around them. Raises `UnfitError`."""
    why = "It is not the JSON that was asked for."
    shots: list[ShotAnswer] = []
    for value in content.values(answer):
        found = _list_in(value)
        if found is None:
            continue
        try:
            shots_read = [read(one, ShotAnswer) for one in found]
        except UnreadableError as error:
            why = f"A scene cannot be read: {error}"
            continue
        shots = max(shots, shots_read, key=len)  # a damaged list may yield a single scene
    if not shots:
        raise UnfitError(why)
    return shots


def cast_in(answer: str) -> list[Any]:
    """Return the cast in the answer, as it is; empty if there is none.

    A plan without a readable cast is still a plan: its receiver checks every value.
    """
    for value in content.values(answer):
        if (found := _cast_of(value)) is not None:
            return found[:MOST_CAST]
    return []


def _cast_of(value: Any, depth: int = 0) -> list[Any] | None:
    if not isinstance(value, dict) or depth > 2:  # noqa: PLR2004  {"result": {"plan": {"cast": …}}}
        return None
    if isinstance(value.get("cast"), list):
        cast: list[Any] = value["cast"]
        return cast
    return next(
        (found for one in value.values() if (found := _cast_of(one, depth + 1)) is not None), None
    )


def _list_in(value: Any, depth: int = 0) -> list[Any] | None:
    """Return the list of scenes: `scenes` of the object or a nested one, or the list itself."""
    if isinstance(value, list):
        return (
            value
            if value and all(isinstance(one, dict) and "first" in one for one in value)
            else None
        )
    # {"result": {"plan": {"scenes": …}}}
    if not isinstance(value, dict) or depth > 2:  # noqa: PLR2004
        return None
    if isinstance(value.get("scenes"), list):
        scenes: list[Any] = value["scenes"]
        return scenes
    if "first" in value and "last" in value:
        return [value]
    return next(
        (found for one in value.values() if (found := _list_in(one, depth + 1)) is not None), None
    )


def english_in(answer: str) -> str:
    """Return the translation that the answer contains. Raises `UnfitError`."""
    for value in content.values(answer):
        try:
            text = read(value, EnglishAnswer).text.strip()
        except UnreadableError:
            continue
        if text and is_english(text):
            return text
        raise UnfitError("The text is not English.")
    raise UnfitError("It is not the JSON that was asked for.")


def fitted(shots: list[ShotAnswer], request: TextRequest, lines: list[str]) -> list[dict[str, Any]]:
    """Return the scenes in the form of `TextRequest`'s result. Raises `UnfitError`."""
    if len(shots) != request.scenes:
        raise UnfitError(f"It has {len(shots)} scenes; exactly {request.scenes} are wanted.")
    expected, scenes = 1, []
    for number, shot in enumerate(shots, 1):
        first, last = shot.first, shot.last
        if first != expected or not first <= last <= len(lines) or last != int(last):
            raise UnfitError(
                f"Scene {number} tells lines {first:g} to {last:g}; it must begin with line "
                f"{expected} and end within {len(lines)}."
            )
        words = {
            "title": shot.title.strip(),
            "prompt": shot.prompt.strip() or shot.prompt_en.strip(),
            "prompt_en": shot.prompt_en.strip(),
        }
        if not words["prompt_en"] and is_english(words["prompt"]):
            words["prompt_en"] = words["prompt"]
        if not all(words.values()):
            raise UnfitError(f"Scene {number} has an empty title, prompt or prompt_en.")
        scenes.append(
            {
                **{name: text[: MOST[name]] for name, text in words.items()},
                "narration": " ".join(filter(None, lines[int(first) - 1 : int(last)])),
                "camera": _camera(shot.camera, number),
            }
        )
        expected = int(last) + 1
    if expected != len(lines) + 1:
        raise UnfitError(
            f"The last scene ends with line {expected - 1}; it must end with line {len(lines)}."
        )
    return scenes


def _camera(name: str, number: int) -> str:
    """Normalize a camera move; replace an unknown one by one of ours in rotation."""
    plain = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    return plain if plain in CAMERAS else CAMERAS[(number - 1) % len(CAMERAS)]

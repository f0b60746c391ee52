"""Builds the messages that show a take to a model, and reads what the model found in it."""

import base64
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop

from providers.enums import Refusal
from providers.errors import Refused
from providers.lenient_decoding import UnreadableError, read
from providers.requests import ShownPicture, TextRequest
from providers.store import opened

from . import content
from .messages import CheckAnswer
from .planning import LANGUAGES, UnfitError

MOST_BYTES = 1024 * 1024  # of a picture; one of 768 pixels has a fifth of that
MOST_MISSING = 10
MOST_WORDS = 300  # characters of the reason
MOST_ITEM = 120  # characters of something that is missing
MOST_NAME = 120
DEEPEST = 2
SYSTEM = """You check {what} that a generator made for a film from a prompt. Say whether it shows \
what the prompt asks for: the people and things it names, how many there are, what they do, place, \
time of day and weather. Style, camera and small liberties do not matter; people with wrong bodies \
and objects that are plainly broken do not fit.{faces}
Answer with JSON only: {{"fits": true, "missing": ["what the prompt asks for and is not shown"], \
"faces": [{{"name": "…", "same": true}}], "why": "one sentence"}}.
Write `missing` and `why` in {language}."""
FACES = """ You also get reference sheets of characters. For each, say in `faces` whether the \
character has the same face there: `same` is null if the face cannot be seen. Compare the face and \
hair, not the clothes or the light. A character with another face does not make `fits` false."""
NO_FACES = " Leave `faces` empty."
WHAT = {"picture": "a picture", "frame": "frames of a clip"}
LABELS = {"picture": "The picture to check:", "frame": "Frame {number} of the clip to check:"}
TOO_LARGE = gettext_noop("The picture is too large to be shown to a language model.")


def messages(request: TextRequest, validation_error: str) -> list[dict[str, Any]]:
    """Return the messages, with the pictures as data URLs. Raises `Refused` or `FileMissing`."""
    shown = request.pictures
    system = SYSTEM.format(
        what=WHAT["frame" if any(one.role == "frame" for one in shown) else "picture"],
        faces=FACES if _characters(request) else NO_FACES,
        language=LANGUAGES[request.language],
    )
    parts = [_text(f"The prompt: {request.script}")]
    for number, picture in enumerate(shown, 1):
        parts += [_text(_label(picture, number)), _image(picture)]
    again = f"Your last answer could not be used: {validation_error} Answer again."
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": parts},
        *([{"role": "user", "content": again}] if validation_error else []),
    ]


def _label(picture: ShownPicture, number: int) -> str:
    if picture.role != "character":
        return LABELS[picture.role].format(number=number)
    words = f" ({picture.description})" if picture.description else ""
    return f"Reference sheet of “{picture.name}”{words}:"


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _image(picture: ShownPicture) -> dict[str, Any]:
    with opened(picture.file) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Refused(TOO_LARGE, kind=Refusal.INVALID)
    url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _characters(request: TextRequest) -> list[str]:
    return [picture.name for picture in request.pictures if picture.role == "character"]


def found_in(answer: str, request: TextRequest) -> dict[str, Any]:
    """Return what the answer says, as `TextRequest`'s result. Raises `UnfitError`.

    Faces that were not asked about are left out.
    """
    why = "It is not the JSON that was asked for."
    for value in (inner for outer in content.values(answer) for inner in _objects(outer)):
        try:
            findings = read(value, CheckAnswer)
        except UnreadableError as error:
            why = f"It cannot be read: {error}"
            continue
        missing = [words.strip()[:MOST_ITEM] for words in findings.missing if words.strip()]
        same = {face.name.strip(): face.same for face in findings.faces}
        return {
            "fits": findings.fits,
            "missing": missing[:MOST_MISSING],
            "faces": [
                {"name": name[:MOST_NAME], "same": same.get(name)} for name in _characters(request)
            ],
            "why": findings.why.strip()[:MOST_WORDS],
        }
    raise UnfitError(why)


def _objects(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the value and the objects in it: {"result": {"check": {"fits": …}}}."""
    yield value
    if isinstance(value, dict) and depth < DEEPEST:
        for inner in value.values():
            if isinstance(inner, dict):
                yield from _objects(inner, depth + 1)
